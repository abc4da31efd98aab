/** What a request was about. */
import { CUT, type JsonMap, textAt } from '../../json/map.ts';
import type { ObjectRef } from '../../record.ts';
import { CORE_RESOURCES, objectOfUri } from '../../resource-path.ts';
import { type Body, type Gaps, isThere, mapIn, marked, missingFrom, noteGap } from './members.ts';

/** The object of a request. What objectRef lacks, or has with the wrong type, is in the URI: pipelines drop empty members,
 * and with them some that are not empty. Null if the request is about no object. */
export function objectRefOf(
  source: JsonMap,
  maxDepth: number,
  { verb, requestURI, requestObject, responseObject, gaps }: RequestParts,
): ObjectRef | null {
  const map = mapIn(source, 'objectRef', maxDepth);
  const inUri = objectOfUri(requestURI);
  const resource = textAt(map, 'resource') || inUri?.resource;
  if (resource === undefined) {
    const isOfNoObject = requestURI !== '' && !isThere(source, 'objectRef');
    noteGap(gaps, 'objectRef', isOfNoObject ? undefined : (missingFrom(source, 'objectRef') ?? 'missing'));
    return null;
  }
  const known = inUri?.resource === resource ? inUri : undefined;
  const text = (name: 'subresource' | 'namespace' | 'name' | 'apiGroup' | 'apiVersion') =>
    textAt(map, name) || known?.[name] || '';
  const name = text('name') || (verb === 'create' ? nameOf(requestObject, responseObject) : '');
  // The audit event of a Namespace names it as its own namespace, except on creation.
  const ownNamespace = resource === 'namespaces' && name !== '' ? name : undefined;
  const version = text('apiVersion');
  const slash = version.indexOf('/');
  // Some pipelines write group and version as objects do, `batch/v1`.
  const apiGroup = text('apiGroup') || version.slice(0, Math.max(0, slash));
  // The core group is rightly left out; the group of any other resource was dropped.
  if (apiGroup === '' && known === undefined && !CORE_RESOURCES.has(resource)) {
    noteGap(gaps, 'objectRef.apiGroup', 'missing');
  }
  const subPath = textAt(map, 'subPath') ?? known?.subPath;
  const uid = textAt(map, 'uid');
  const resourceVersion = textAt(map, 'resourceVersion');
  const ref: ObjectRef = {
    resource,
    subresource: text('subresource'),
    namespace: ownNamespace ?? (text('namespace') || textAt(requestObject, 'metadata', 'namespace') || ''),
    name,
    apiGroup: apiGroup === 'core' ? '' : apiGroup,
    apiVersion: version.slice(slash + 1),
    ...(subPath !== undefined && { subPath }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  if (map !== undefined) return marked(ref, map);
  // If the platform logs no objectRef at all, what the URI says is complete.
  return source[CUT] === 'not_logged' ? ref : marked(ref, source);
}

/** What an objectRef is completed from. */
interface RequestParts {
  verb: string;
  requestURI: string;
  requestObject: Body | undefined;
  responseObject: Body | undefined;
  gaps: Gaps;
}

/** The name of an object that was created with `generateName`: only the response has it; else its prefix with a star. */
function nameOf(request: Body | undefined, response: Body | undefined): string {
  const prefix = textAt(request, 'metadata', 'generateName');
  return (
    textAt(response, 'metadata', 'name') ??
    textAt(request, 'metadata', 'name') ??
    (prefix === undefined ? '' : `${prefix}*`)
  );
}
