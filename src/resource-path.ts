/** The path of a request to the Kubernetes API, as the object that it names. */
import type { ObjectRef } from './record.ts';

/** Reads what follows group and version: `[namespaces/<ns>/]<resource>[/<name>[/<subresource>[/<path>…]]]`. Returns
 * undefined if not even a resource is named. */
export function objectOfPath(apiGroup: string, apiVersion: string, segments: readonly string[]): ObjectRef | undefined {
  const namespaced =
    segments[0] === 'namespaces' && segments.length >= 3 && !NAMESPACE_SUBRESOURCES.includes(segments[2]);
  const [resource, name = '', subresource = '', ...rest] = namespaced ? segments.slice(2) : segments;
  if (resource === undefined || resource === '') return undefined;
  const namespace = namespaced ? segments[1] : '';
  const subPath = rest.length > 0 ? { subPath: rest.join('/') } : {};
  return { resource, subresource, namespace, name, apiGroup, apiVersion, ...subPath };
}

/** The object that a request URI names, undefined for requests that are about none (`/healthz`, `/apis/apps/v1`). The
 * deprecated prefix `watch/` is skipped; escapes are decoded first, so that `%2F` separates segments as `/` does.
 * @see https://github.com/kubernetes/apiserver/blob/v0.36.0/pkg/endpoints/request/requestinfo.go NewRequestInfo */
export function objectOfUri(uri: string): ObjectRef | undefined {
  const [root, ...segments] = decoded(uri.split('?', 1)[0]).replace(/^\/+/, '').split('/');
  const [apiGroup, apiVersion, ...rest] = root === 'api' ? ['', ...segments] : root === 'apis' ? segments : [];
  if (apiGroup === undefined || apiVersion === undefined) return undefined;
  return objectOfPath(apiGroup, apiVersion, rest[0] === 'watch' ? rest.slice(1) : rest);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The resources of the core group; kube-apiserver leaves out the name of that group. */
export const CORE_RESOURCES: ReadonlySet<string> = new Set([
  ...['bindings', 'componentstatuses', 'configmaps', 'endpoints', 'events', 'limitranges', 'namespaces', 'nodes'],
  ...['persistentvolumeclaims', 'persistentvolumes', 'pods', 'podtemplates', 'replicationcontrollers'],
  ...['resourcequotas', 'secrets', 'serviceaccounts', 'services'],
]);

/** `namespaces/<name>/status` is a part of the Namespace object, not a collection in the namespace. */
const NAMESPACE_SUBRESOURCES = ['status', 'finalize'];
