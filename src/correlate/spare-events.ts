/** The spare events of a group: each of their values is in a later event too. */
import { isAfter, putInOrder, takeFrom, type WindowEvent } from './window-event.ts';

export interface SpareEvents {
  /** The last event with each value. */
  readonly lastWith: Map<string, WindowEvent>;
  /** In order. */
  readonly spare: WindowEvent[];
}

export function spareEvents(events: readonly WindowEvent[]): SpareEvents {
  const spares: SpareEvents = { lastWith: new Map(), spare: [] };
  for (const [i, event] of events.entries()) noteInserted(spares, event, events[i - 1], true);
  return spares;
}

/** @param before the event that precedes it
 * @param isLast whether it is later than all others */
export function noteInserted(
  spares: SpareEvents,
  event: WindowEvent,
  before: WindowEvent | undefined,
  isLast: boolean,
): void {
  const { lastWith, spare } = spares;
  const values = valuesOf(event);
  if (isLast && values.length === 1) {
    const [value] = values;
    const last = lastWith.get(value!);
    lastWith.set(value!, event);
    if (last === undefined || !hasNoLast(spares, last)) return;
    // Most often, the one with the same value is the one before.
    if (last === before) spare.push(last);
    else putInOrder(spare, last);
    return;
  }
  let displaced: WindowEvent[] | undefined;
  let isSpare = true;
  for (const value of values) {
    const last = lastWith.get(value);
    if (last !== undefined && !isLast && isAfter(last, event)) continue;
    lastWith.set(value, event);
    isSpare = false;
    if (last !== undefined && !displaced?.includes(last)) (displaced ??= []).push(last);
  }
  if (isSpare) putInOrder(spare, event);
  if (displaced !== undefined) for (const one of displaced) if (hasNoLast(spares, one)) putInOrder(spare, one);
}

/** To be called when an event has been removed that is spare, or the first of the group. */
export function noteRemoved({ lastWith, spare }: SpareEvents, event: WindowEvent): void {
  takeFrom(spare, event);
  for (const value of valuesOf(event)) if (lastWith.get(value) === event) lastWith.delete(value);
}

function hasNoLast({ lastWith }: SpareEvents, event: WindowEvent): boolean {
  for (const value of valuesOf(event)) if (lastWith.get(value) === event) return false;
  return true;
}

function valuesOf({ value }: WindowEvent): readonly string[] {
  return value as readonly string[];
}
