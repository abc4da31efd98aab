/** The contract of a platform: what one map of a record is to it. */
import { CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import type { Cluster, Platform } from '../record.ts';

/** What the wrappers around a map have told so far; an inner wrapper adds to it and overrides. */
export interface Context {
  platform?: Platform;
  cluster?: Cluster;
}

export type Reading =
  /** An audit event, in the shape of audit.k8s.io/v1 but for values of unknown type. */
  | { kind: 'audit'; source: JsonMap; context: Context }
  /** A wrapper: look into these values, which are maps, arrays or strings. */
  | { kind: 'wrapper'; inside: readonly unknown[]; context: Context };

export interface Normalizer {
  /** As in docs and fixtures. */
  readonly name: string;
  /** Says what a map is, or undefined where it is nothing of this platform's. Judges by content, never by kind alone:
   * core/v1 Events are `kind: Event` too. */
  read(map: JsonMap, context: Context): Reading | undefined;
}

/** Tells an audit event of kube-apiserver, whole or cut, by its content: old clusters and stored copies leave out
 * apiVersion and kind, and `kind: Event` alone is also what core/v1 Events say. */
export function isAuditEvent(map: JsonMap): boolean {
  const kind = member(map, 'kind');
  if (kind === 'Event' && textAt(map, 'apiVersion')?.startsWith('audit.k8s.io/')) return true;
  if (textAt(map, 'auditID') === undefined) return false;
  const staged = textAt(map, 'stage') !== undefined;
  if (map[CUT] !== undefined && staged) return true;
  const asked = textAt(map, 'verb') ?? textAt(map, 'requestURI');
  return asked !== undefined && (staged || isMap(member(map, 'user')));
}
