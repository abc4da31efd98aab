/** Who did something, and to what kind of object: what novelty counts by. */
import { placeOf } from '../finding.ts';
import { CUT, type JsonMap } from '../json/map.ts';
import { judgedOf } from '../network.ts';
import type { AuditEvent, Report, User } from '../record.ts';

/** Equal subjects are the same to novelty. */
export interface Subject {
  cluster: readonly unknown[];
  /** The effective user: the impersonated one, if any, as authorization is decided for that user. An unauthenticated request
   * has none; the address of its client is used instead. For a report, the values that its events share. */
  identity: readonly unknown[];
  /** The kind of object: API group, resource and subresource; empty strings for a request about no object, and for a report.
   * A group that is not logged counts as the core group. */
  object: readonly string[];
  /** Who can create new subjects at will: the authenticated user. */
  owner: readonly unknown[];
}

/** User names with which a request from an unknown client is logged. An empty one means that authentication failed. */
const UNAUTHENTICATED: ReadonlySet<string> = new Set(['', 'system:anonymous', 'system:unauthenticated']);

/** Undefined if it is not known who did it, or to what, because the event lacks the member that says so. */
export function subjectOf(event: AuditEvent): Subject | undefined {
  const { user, objectRef, gaps } = event;
  if (gaps.user !== undefined || gaps.impersonatedUser !== undefined || gaps.objectRef !== undefined) return undefined;
  const effective = event.impersonatedUser ?? user;
  const identity = isLost(effective.username, effective) ? undefined : identityOf(effective, event);
  if (identity === undefined || (objectRef !== null && isLost(objectRef.resource, objectRef))) return undefined;
  return {
    cluster: clusterOf(event),
    identity,
    object: objectRef === null ? ['', '', ''] : [objectRef.apiGroup, objectRef.resource, objectRef.subresource],
    owner: [user.username],
  };
}

/** @param event of the record that carries the report, and so of the same cluster */
export function subjectOfReport({ correlation }: Report, event: AuditEvent): Subject {
  const identity = ['group', ...correlation.group.flatMap(({ field, values }) => [field, ...values])];
  return { cluster: clusterOf(event), identity, object: ['', '', ''], owner: identity };
}

function identityOf({ username }: User, { clientIPs, gaps }: AuditEvent): readonly string[] | undefined {
  if (!UNAUTHENTICATED.has(username)) return ['user', username];
  const address = gaps.sourceIPs === undefined ? judgedOf(clientIPs) : undefined;
  return address === undefined ? undefined : ['address', address];
}

function clusterOf(event: AuditEvent): readonly unknown[] {
  return placeOf(event) ?? [];
}

/** Whether a name is empty because the rest of its map was cut. */
function isLost(name: string, map: object): boolean {
  return name === '' && (map as JsonMap)[CUT] !== undefined;
}
