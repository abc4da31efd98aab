/** OCSF API Activity (class 6003), as Amazon Security Lake stores the audit events of EKS. */
import { stages } from '../audit/request.ts';
import { at, CUT, type JsonMap, member, textAt } from '../json/map.ts';
import { numberOf } from '../json/typed.ts';
import { objectOfUri } from '../resource-path.ts';
import type { Normalizer } from './normalizer.ts';

export const ocsf: Normalizer = {
  name: 'ocsf',
  read(map, context) {
    // The class covers every API; events of Kubernetes name their audit stage in `message`.
    if (numberOf(member(map, 'class_uid')) !== API_ACTIVITY || !stages.includes(textAt(map, 'message') ?? ''))
      return undefined;
    return { kind: 'audit', source: sourceOf(map), context };
  },
};

const API_ACTIVITY = 6003;

function sourceOf(map: JsonMap): JsonMap {
  const user = at(map, 'actor', 'user');
  const groups = member(user, 'groups');
  const path = textAt(map, 'http_request', 'url', 'path') ?? '';
  const source: JsonMap = {
    auditID: at(map, 'api', 'request', 'uid'),
    stage: member(map, 'message'),
    requestReceivedTimestamp: timeOf(member(map, 'time')),
    verb: at(map, 'api', 'operation'),
    requestURI: path,
    user: {
      username: member(user, 'name'),
      uid: member(user, 'uid'),
      groups: Array.isArray(groups) ? groups.map((group) => member(group, 'name')) : [],
    },
    sourceIPs: [at(map, 'src_endpoint', 'ip'), ...listAt(map, 'src_endpoint', 'intermediate_ips')],
    userAgent: at(map, 'http_request', 'user_agent'),
    objectRef: objectOfUri(path) ?? objectOfResource(listAt(map, 'resources')[0]) ?? null,
    responseStatus: {
      code: at(map, 'api', 'response', 'code'),
      message: at(map, 'api', 'response', 'message') ?? at(map, 'api', 'response', 'error_message'),
      reason: at(map, 'api', 'response', 'error'),
    },
    // Never logged, and so read as nobody, or each record would be undecided.
    impersonatedUser: null,
    annotations: at(map, 'unmapped', 'annotations') ?? {},
    requestObject: at(map, 'api', 'request', 'data'),
    responseObject: at(map, 'api', 'response', 'data'),
  };
  // What the class has no attribute for was not logged, rather than absent.
  source[CUT] = map[CUT] ?? 'not_logged';
  return source;
}

/** OCSF times are milliseconds since 1970. */
function timeOf(time: unknown): string | undefined {
  const date = new Date(numberOf(time) ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function listAt(map: JsonMap, ...keys: string[]): unknown[] {
  const found = at(map, ...keys);
  return Array.isArray(found) ? found : [];
}

function objectOfResource(resource: unknown): JsonMap | undefined {
  const type = textAt(resource, 'type');
  if (type === undefined) return undefined;
  const [name, subresource] = type.split('/');
  return { resource: name, subresource, namespace: member(resource, 'namespace'), name: member(resource, 'name') };
}
