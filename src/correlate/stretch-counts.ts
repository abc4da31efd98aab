/** How often each value is in a stretch of a group's events. The stretch moves with the window, and each event that enters or
 * leaves it is counted once, so that a window costs what has changed since the last one. */
import type { WindowEvent } from './window-event.ts';

/** What is counted of an event: its values, or the rule that matched it. */
export type Token = string | number;

export interface StretchCounts {
  /** Of the events from `start` to before `end`. */
  readonly counts: Map<Token, number>;
  start: number;
  end: number;
}

export function stretchCounts(): StretchCounts {
  return { counts: new Map(), start: 0, end: 0 };
}

/** The counts of a stretch of the events. */
export function countsOf(
  stretch: StretchCounts,
  events: readonly WindowEvent[],
  start: number,
  end: number,
): ReadonlyMap<Token, number> {
  if (start >= stretch.end || end <= stretch.start) {
    stretch.counts.clear();
    stretch.start = stretch.end = start;
  }
  while (stretch.start > start) enter(stretch.counts, events[--stretch.start]!);
  while (stretch.end < end) enter(stretch.counts, events[stretch.end++]!);
  while (stretch.start < start) leave(stretch.counts, events[stretch.start++]!);
  while (stretch.end > end) leave(stretch.counts, events[--stretch.end]!);
  return stretch.counts;
}

/** To be called when an event has been inserted at an index. */
export function inserted(stretch: StretchCounts, event: WindowEvent, index: number): void {
  if (index >= stretch.end) return;
  stretch.end++;
  if (index < stretch.start) stretch.start++;
  else enter(stretch.counts, event);
}

/** To be called when the event at an index has been removed. */
export function removed(stretch: StretchCounts, event: WindowEvent, index: number): void {
  if (index >= stretch.end) return;
  stretch.end--;
  if (index < stretch.start) stretch.start--;
  else leave(stretch.counts, event);
}

/** Counts an event. */
export function enter(counts: Map<Token, number>, { value, rule }: WindowEvent): void {
  if (typeof value === 'object') for (const text of value) counts.set(text, (counts.get(text) ?? 0) + 1);
  else counts.set(rule, (counts.get(rule) ?? 0) + 1);
}

/** Stops counting an event. */
export function leave(counts: Map<Token, number>, { value, rule }: WindowEvent): void {
  if (typeof value === 'object') for (const text of value) decrease(counts, text);
  else decrease(counts, rule);
}

function decrease(counts: Map<Token, number>, token: Token): void {
  const left = counts.get(token)! - 1;
  if (left > 0) counts.set(token, left);
  else counts.delete(token);
}
