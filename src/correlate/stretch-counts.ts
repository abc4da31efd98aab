/** How often each value is in a stretch of a group's events. The stretch moves with the window, and each event that enters or
 * leaves it is counted once, so that a window costs what has changed since the last one. */
import type { WindowEvent } from './window-event.ts';

/** What is counted of an event: its values, or the rule that matched it. */
export type Token = string | number;
export type TokensOf = (event: WindowEvent) => readonly Token[];

export interface StretchCounts {
  readonly tokensOf: TokensOf;
  /** Of the events from `start` to before `end`. */
  readonly counts: Map<Token, number>;
  start: number;
  end: number;
}

export function stretchCounts(tokensOf: TokensOf): StretchCounts {
  return { tokensOf, counts: new Map(), start: 0, end: 0 };
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
  while (stretch.start > start) enter(stretch, events[--stretch.start]!);
  while (stretch.end < end) enter(stretch, events[stretch.end++]!);
  while (stretch.start < start) leave(stretch, events[stretch.start++]!);
  while (stretch.end > end) leave(stretch, events[--stretch.end]!);
  return stretch.counts;
}

/** To be called when an event has been put in at an index. */
export function inserted(stretch: StretchCounts, event: WindowEvent, index: number): void {
  if (index >= stretch.end) return;
  stretch.end++;
  if (index < stretch.start) stretch.start++;
  else enter(stretch, event);
}

/** To be called when the event at an index has been removed. */
export function removed(stretch: StretchCounts, event: WindowEvent, index: number): void {
  if (index >= stretch.end) return;
  stretch.end--;
  if (index < stretch.start) stretch.start--;
  else leave(stretch, event);
}

function enter({ counts, tokensOf }: StretchCounts, event: WindowEvent): void {
  for (const token of tokensOf(event)) counts.set(token, (counts.get(token) ?? 0) + 1);
}

function leave({ counts, tokensOf }: StretchCounts, event: WindowEvent): void {
  for (const token of tokensOf(event)) {
    const left = counts.get(token)! - 1;
    if (left > 0) counts.set(token, left);
    else counts.delete(token);
  }
}
