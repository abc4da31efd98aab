/** What a request asks of a server behind a proxy subresource. */
import { CUT, type JsonMap } from '../json/map.ts';
import type { AuditEvent } from '../record.ts';
import type { Found } from '../sigma/field.ts';
import { missing } from './found.ts';
import { plainPath } from './pod-values.ts';

/** The path that a node, pod or service is asked for through its proxy, `/` where none is named; absent where nothing is
 * proxied. kube-apiserver decodes the path of the URI once, splits it at slashes, escaped ones too, and joins what follows
 * `proxy` again, which resolves `//`, `.` and `..`; an option `path` in the query has no say. */
export function proxyPathOf({ objectRef, requestURI, gaps }: AuditEvent): Found {
  if (objectRef === null) return missing(gaps.objectRef);
  if (!PROXIED.has(objectRef.resource) || objectRef.subresource !== 'proxy') {
    return missing(objectRef.subresource === '' ? (objectRef as JsonMap)[CUT] : undefined);
  }
  if (requestURI === '') return missing(gaps.requestURI ?? 'not_logged');
  const segments = decoded(requestURI.split('?', 1)[0]!)
    .split('/')
    .filter((segment) => segment !== '');
  // api/v1/[namespaces/<namespace>/]<resource>/<name>/proxy
  const start = segments[2] === 'namespaces' ? 7 : 5;
  return { values: [plainPath(segments.slice(start).join('/'))] };
}

const PROXIED: ReadonlySet<string> = new Set(['nodes', 'pods', 'services']);

/** Escapes that are none stay as they are, so that nothing is hidden behind them. */
function decoded(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}
