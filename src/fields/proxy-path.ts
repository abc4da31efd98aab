/** What a request through a proxy subresource asks for. */
import { CUT, type JsonMap } from '../json/map.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { missing } from './found.ts';
import { plainPath } from './pod-values.ts';

/** The path that kube-apiserver forwards to a node, pod or service, `/` if none is given; absent for requests without a
 * proxy. kube-apiserver decodes the path of the URI once, splits it at slashes, escaped ones too, and joins the segments
 * after `proxy` with path.Join, which resolves `//`, `.` and `..`. It ignores a parameter `path` in the query. */
export function proxyPathOf(event: AuditEvent): Found {
  const { objectRef, gaps } = event;
  if (objectRef === null) return missing(gaps.objectRef);
  if (!PROXIED.has(objectRef.resource) || objectRef.subresource !== 'proxy') {
    return missing(objectRef.subresource === '' ? (objectRef as JsonMap)[CUT] : undefined);
  }
  const { requestURI } = event;
  if (requestURI === '') return missing(gaps.requestURI ?? 'not_logged');
  const segments = decoded(requestURI.split('?', 1)[0]!)
    .split('/')
    .filter((segment) => segment !== '');
  // api/v1/[namespaces/<namespace>/]<resource>/<name>/proxy
  const start = segments[2] === 'namespaces' ? 7 : 5;
  return { values: [plainPath(segments.slice(start).join('/'))] };
}

const PROXIED: ReadonlySet<string> = new Set(['nodes', 'pods', 'services']);

/** Malformed escapes stay as they are. */
function decoded(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}
