/** What a rule or a correlation has found, as it is counted. */
import type { FieldLookup } from '../sigma/index.ts';
import { auditIDOf, type Current, keyOf, lookupIn } from './current-event.ts';
import type { WindowEvent } from './window-event.ts';

/** Something that a rule or a correlation found. */
export interface Observation {
  /** Undefined for that of the current event, like the auditID. */
  key: string | undefined;
  at: number;
  auditID: string | undefined;
  /** Whether the key does not indicate the time. */
  isMoved: boolean;
  /** Undefined for that of the current event, too. */
  lookup: FieldLookup | undefined;
  /** Set if it is about events other than the current one. */
  isOfOthers: boolean;
  /** What was put into groups: groups whose events would be equal share one. */
  events: WindowEvent[];
}

/** The look-up for what has been found. */
export function lookupFor({ lookup }: Observation, current: Current): FieldLookup {
  return lookup ?? lookupIn(current);
}

/** The event that a group has for an observation. */
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

/** The key of the current event in a group. If its time is known to the microsecond, no other event of that time has its
 * auditID, whoever chooses it: see `identityOf`. */
function windowKeyOf(auditID: string, isMoved: boolean, current: Current): string {
  const { time, isTimeKnown } = current;
  if (!isTimeKnown || time % 1000 === 0 || auditID === '') return keyOf(current);
  return isMoved ? `${auditID} ${time}` : auditID;
}
