/** What a rule or a correlation has found, as it is counted. */
import type { FieldLookup } from '../sigma/index.ts';
import { auditIDOf, type Current, keyOf } from './current-event.ts';
import type { WindowEvent } from './window-event.ts';

/** Something that a rule or a correlation found. */
export interface Observation {
  /** Undefined for that of the current event, as the auditID. */
  key: string | undefined;
  at: number;
  auditID: string | undefined;
  /** Whether the key does not tell the time. */
  isMoved: boolean;
  lookup: FieldLookup;
  /** Set where it is about other events than the one that is being looked at. */
  isOfOthers: boolean;
  /** What was put into groups: those whose events would be equal share one. */
  events: WindowEvent[];
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
  const key = observation.key ?? keyOf(current);
  const auditID = observation.auditID ?? auditIDOf(current);
  const event: WindowEvent = { key, rule, at, auditID, value, isMoved: isMoved || undefined };
  events.push(event);
  return event;
}
