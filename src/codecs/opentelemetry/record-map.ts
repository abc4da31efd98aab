/** A LogRecord as a map, for evaluation. */
import type { JsonMap } from '../../json/map.ts';

export const CLUSTER_NAME = 'k8s.cluster.name';

/** The attributes of a record, with its body as a member, and the name of its resource's cluster as `k8s.cluster.name`:
 * senders put a record into the body, into attributes, or partly into each. A text is then `message`, as in the record that
 * it comes from, unless that is an attribute; any other body is `body`.
 * @param attributes is changed
 * @param body undefined if there is none */
export function recordMap(attributes: JsonMap, body: unknown, clusterName: string | undefined): JsonMap {
  const map = attributes;
  if (clusterName !== undefined && !Object.hasOwn(map, CLUSTER_NAME)) map[CLUSTER_NAME] = clusterName;
  if (body !== undefined) map[typeof body === 'string' && !Object.hasOwn(map, 'message') ? 'message' : 'body'] = body;
  return map;
}
