/** The contract of a platform: how it reads one map of a record. */
import { CUT, isMap, type JsonMap, member, textAt } from '../json/map.ts';
import type { Cluster, Platform } from '../record.ts';

/** What is known so far from the wrappers around a map; an inner wrapper adds to it and overrides. */
export interface Context {
  platform?: Platform;
  /** The platform on which a user like that of the event exists. Whoever may name users can choose it, so wrappers and the
   * operator take precedence. */
  platformOfUser?: Platform;
  cluster?: Cluster;
}

export type Reading =
  /** An audit event, in the shape of audit.k8s.io/v1 except that values may have any type. */
  | { kind: 'audit'; source: JsonMap; context: Context }
  /** A wrapper: look into the values of the first group, which are maps, arrays or strings, and if they hold no event, into
   * those of the next. */
  | { kind: 'wrapper'; groups: readonly (readonly unknown[])[]; context: Context };

export interface Normalizer {
  /** As used in docs and fixtures. */
  readonly name: string;
  /** Says what a map is, or undefined if it does not belong to this platform. Judges by content, never by kind alone:
   * core/v1 Events are `kind: Event` too. */
  read(map: JsonMap, context: Context): Reading | undefined;
}

/** Recognizes an audit event of kube-apiserver, whole or cut, by its content: old clusters and stored copies leave out
 * apiVersion and kind, and `kind: Event` alone also fits core/v1 Events, which have no verb. */
export function isAuditEvent(map: JsonMap): boolean {
  const isEvent = member(map, 'kind') === 'Event';
  const apiVersion = textAt(map, 'apiVersion');
  if (isEvent && apiVersion?.startsWith('audit.k8s.io/')) return true;
  const verb = textAt(map, 'verb');
  const requestURI = textAt(map, 'requestURI');
  const isRequest = verb !== undefined && (requestURI !== undefined || isMapOrText(member(map, 'objectRef')));
  if (textAt(map, 'auditID') === undefined) {
    const isMarked = isEvent || (isUser(member(map, 'user')) && textAt(map, 'objectRef', 'resource') !== undefined);
    return isMarked && apiVersion === undefined && isRequest;
  }
  const staged = textAt(map, 'stage') !== undefined;
  if (map[CUT] !== undefined && staged) return true;
  if (isRequest || (staged && (verb ?? requestURI) !== undefined)) return true;
  return (verb ?? requestURI) !== undefined && isUser(member(map, 'user'));
}

/** Pipelines and tables keep maps as JSON text. */
function isMapOrText(value: unknown): boolean {
  return isMap(value) || (typeof value === 'string' && value.trimStart().startsWith('{'));
}

/** Logs of other APIs have a `user` as well, with a name. */
function isUser(value: unknown): boolean {
  if (!isMap(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 0 || keys.some((key) => USER_MEMBERS.includes(key));
}

const USER_MEMBERS = ['username', 'groups', 'uid'];
