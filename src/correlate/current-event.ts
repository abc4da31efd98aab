/** The event of the record that is being processed, with what is derived from it once and only if it is needed. */
import type { Correlated, Lookups } from '../detect.ts';
import type { AuditEvent } from '../record.ts';
import type { FieldLookup, SharedAnswers } from '../sigma/index.ts';
import type { GroupOf, KnownKeys } from './known-keys.ts';
import type { Place } from './places.ts';
import type { Plan } from './plan.ts';
import { firstOf } from './values.ts';

export interface Current {
  keys: KnownKeys;
  plan: Plan;
  cluster: Place;
  /** The name of its cluster. */
  place: string;
  event: AuditEvent;
  index: number;
  /** Of the events of the record. */
  lookups: Lookups;
  /** What the event has in common with others. */
  shared: SharedAnswers | undefined;
  /** Created on demand, like the next two. */
  key: string | undefined;
  owner: string | undefined;
  auditID: string | undefined;
  /** The groups that it is in, by the numbers of groupings; null if a value is missing. The same list is reused for all
   * events. */
  groups: (GroupOf | null | undefined)[];
  /** Its time, as it was logged, or by the clock. */
  time: number;
  /** Whether `time` is when the request came in, as it was logged. */
  isTimeKnown: boolean;
  /** Whether its key does not indicate its time. */
  isMoved: boolean;
  /** The time of the latest event of its cluster. */
  clock: number;
  results: Results;
}

/** What is found on a record, by id. */
export interface Results {
  raised: Map<string, Correlated['raised'][number]> | undefined;
  reported: Map<string, Correlated['reported'][number]> | undefined;
}

const MAX_AUDIT_ID_LENGTH = 128;

export function lookupIn({ lookups, index }: Current): FieldLookup {
  return lookups.of(index);
}

/** The same for a request on a retry and at both of its answers. A client can choose the auditID, and use it twice, so
 * when the request came in distinguishes requests as well. */
export function keyOf(current: Current): string {
  if (current.key === undefined) {
    const { event } = current;
    const { cluster, auditID, user, verb, requestURI } = event;
    // The other is read only if it is needed.
    const time = event.requestReceivedTimestamp || event.stageTimestamp;
    const parts = [cluster?.account, cluster?.region, cluster?.name, auditID, user.username, verb, requestURI, time];
    current.key = current.keys.hashOf(parts);
  }
  return current.key;
}

/** The group of what has been found; null if a value is missing, as such an event is in no group. */
export function groupBy({ place, keys }: Current, fields: readonly string[], lookup: FieldLookup): GroupOf | null {
  const parts: unknown[] = [place];
  for (const field of fields) {
    const value = firstOf(lookup, field);
    if (value === undefined) return null;
    parts.push(value);
  }
  return keys.groupOf(parts);
}

/** The owner of the values of the event: a user of a cluster. */
export function ownerOf(current: Current): string {
  current.owner ??= current.keys.groupOf([current.place, current.event.user.username]).key;
  return current.owner;
}

/** The auditID as it is kept: a text of its own, which does not retain a longer one in memory. */
export function auditIDOf(current: Current): string {
  current.auditID ??= clip(current.event.auditID);
  return current.auditID;
}

function clip(auditID: string): string {
  if (auditID.length <= MAX_AUDIT_ID_LENGTH) return auditID;
  return Buffer.from(auditID.slice(0, MAX_AUDIT_ID_LENGTH), 'utf16le').toString('utf16le');
}
