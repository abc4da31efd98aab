/** What a rule or a correlation has found, as it is counted. */
import type { FieldLookup } from '../sigma/index.ts';
import { auditIDOf, type Current, keyOf, lookupIn } from './current-event.ts';
import type { WindowEvent } from './window-event.ts';

/** Something that a rule or a correlation found. */
export interface Observation {
  /** Undefined for that of the current event, as the auditID. */
  key: string | undefined;
  at: number;
  auditID: string | undefined;
  /** Whether the key does not tell the time. */
  isMoved: boolean;
  /** Undefined for that of the current event, too. */
  lookup: FieldLookup | undefined;
  /** Set where it is about other events than the one that is being looked at. */
  isOfOthers: boolean;
  /** What was put into groups: those whose events would be equal share one. */
  events: WindowEvent[];
}

/** How what has been found is looked up. */
export function lookupFor({ lookup }: Observation, current: Current): FieldLookup {
  return lookup ?? lookupIn(current);
}

/** What a group has of an observation. */
export function eventOf(
  observation: Observation,
  rule: number,
  value: WindowEvent['value'],
  current: Current,
): WindowEvent {
  const { events, at, isMoved } = observation;
  for (const event of events) if (event.rule === rule && event.value === value) return event;
  const auditID = observation.auditID ?? auditIDOf(current);
  const key = observation.key ?? windowKeyOf(auditID, isMoved, current);
  const event: WindowEvent = { key, rule, at, auditID, value, isMoved: isMoved || undefined };
  events.push(event);
  return event;
}

/** The key of the current event in a group. Where its time is known to the microsecond, no other of that time has its auditID,
 * whoever chooses that: see `identityOf`. */
function windowKeyOf(auditID: string, isMoved: boolean, current: Current): string {
  const { time, isTimeKnown } = current;
  if (!isTimeKnown || time % 1000 === 0 || auditID === '') return keyOf(current);
  return isMoved ? `${auditID} ${time}` : auditID;
}
