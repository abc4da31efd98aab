/** The events of a group that others stand for: each of their values is in a later event too. */
import { indexIn, isAfter, type WindowEvent } from './window-event.ts';

export interface SpareEvents {
  /** The last event with each value. */
  readonly lastWith: Map<string, WindowEvent>;
  /** In order. */
  readonly spare: WindowEvent[];
}

export function spareEvents(events: readonly WindowEvent[]): SpareEvents {
  const spares: SpareEvents = { lastWith: new Map(), spare: [] };
  for (const event of events) noteInserted(spares, event);
  return spares;
}

export function noteInserted(spares: SpareEvents, event: WindowEvent): void {
  const { lastWith, spare } = spares;
  const displaced = new Set<WindowEvent>();
  for (const value of valuesOf(event)) {
    const last = lastWith.get(value);
    if (last !== undefined && isAfter(last, event)) continue;
    lastWith.set(value, event);
    if (last !== undefined) displaced.add(last);
  }
  for (const one of [...displaced, event]) {
    if (isSpare(spares, one)) spare.splice(indexIn(spare, one), 0, one);
  }
}

/** To be called when an event has been removed that is spare, or the first of the group. */
export function noteRemoved({ lastWith, spare }: SpareEvents, event: WindowEvent): void {
  const index = indexIn(spare, event);
  if (spare[index] === event) spare.splice(index, 1);
  for (const value of valuesOf(event)) if (lastWith.get(value) === event) lastWith.delete(value);
}

function isSpare({ lastWith }: SpareEvents, event: WindowEvent): boolean {
  return valuesOf(event).every((value) => lastWith.get(value) !== event);
}

function valuesOf({ value }: WindowEvent): readonly string[] {
  return value as readonly string[];
}
