/** The last window that each correlation has emitted for a group, beside the key of the group. An event in one changes
 * nothing, and many events of a busy user are in those of several correlations: this is seen without loading from the
 * store. */
import type { Store } from '../state/store.ts';
import type { ClosedWindow } from './group.ts';
import type { GroupOf } from './known-keys.ts';
import { LATENESS } from './lateness.ts';

/** Numbers for each slot: the first time of the window, the last one, and what the store had evicted then. */
const EACH = 3;

/** Whether an event lies in a window that is known to be emitted. Times are in Unix microseconds.
 * @param slot of the correlation
 * @param at the time of the event. Up to LATENESS before the clock, its group cannot have expired: it lives for a
 * timespan and LATENESS after the window was emitted
 * @param clock the time of the latest event of its cluster */
export function isInEmitted({ emitted }: GroupOf, slot: number, at: number, clock: number, store: Store): boolean {
  const begin = slot * EACH;
  if (emitted === undefined || begin >= emitted.length) return false;
  const isWithin = at >= emitted[begin]! && at <= emitted[begin + 1]!;
  return isWithin && at >= clock - LATENESS && emitted[begin + 2] === store.evicted;
}

/** Notes that a window has been emitted, unless other processes change the store as well. */
export function noteEmitted(group: GroupOf, slot: number, { from, until }: ClosedWindow, { evicted }: Store): void {
  if (evicted === undefined) return;
  group.emitted ??= [];
  const { emitted } = group;
  const begin = slot * EACH;
  // Without holes, the numbers are contiguous in memory.
  while (emitted.length < begin + EACH) emitted.push(Number.NaN);
  emitted[begin] = from;
  emitted[begin + 1] = until;
  emitted[begin + 2] = evicted;
}
