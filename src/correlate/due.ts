/** Which groups of a correlation have a window that will end, in time order, for each cluster. */
import type { Store } from '../state/store.ts';
import type { Current } from './current-event.ts';
import type { Planned } from './plan.ts';
import { firstIndex } from './window-event.ts';

/** Times in Unix microseconds, and keys of groups; at the front those that were taken out. */
export type Due = [at: number, group: string][];

/** What is left in place of a group that is taken out: to move all that follow, each time, takes longer than everything
 * else if many wait. */
const TAKEN: Due[number] = [Number.MIN_SAFE_INTEGER, ''];
/** At most this many of them are left, or as many as groups wait. */
const MOST_TAKEN = 64;

/** Groups of one correlation and cluster that wait. */
const MAX_DUE = 100_000;
const DUE_BYTES = 100;

/** @returns how many groups are forgotten for lack of capacity */
export function schedule(store: Store, planned: Planned, group: string, at: number, current: Current): number {
  const due = dueIn(store, planned, current);
  due.splice(
    firstIndex(due, ([time]) => time > at),
    0,
    [at, group],
  );
  // There cannot be this many groups: the first ones belong to groups that are forgotten.
  const first = firstWaiting(due);
  const excess = Math.max(0, due.length - first - MAX_DUE);
  due.fill(TAKEN, first, first + excess);
  commit(store, planned, due, current);
  return excess;
}

/** Takes out the groups whose time has passed, the earliest first, up to a number of them. */
export function takeDue(store: Store, planned: Planned, most: number, current: Current): Due {
  const due = dueIn(store, planned, current);
  const first = firstWaiting(due);
  let end = first;
  while (end < Math.min(due.length, first + most) && due[end]![0] < current.clock) end++;
  if (end === first) return [];
  const past = due.slice(first, end);
  due.fill(TAKEN, first, end);
  commit(store, planned, due, current);
  return past;
}

/** The time that the first of a correlation's groups waits for; far in the future if none does. */
export function firstDue(store: Store, planned: Planned, current: Current): number {
  const due = dueIn(store, planned, current);
  return due[firstWaiting(due)]?.[0] ?? Number.MAX_SAFE_INTEGER;
}

function firstWaiting(due: Due): number {
  return firstIndex(due, ([at]) => at > TAKEN[0]);
}

function dueIn(store: Store, { due }: Planned, { place }: Current): Due {
  return (store.load(due, place, place) as Due | undefined) ?? [];
}

function commit(store: Store, { due: space }: Planned, due: Due, { place, clock }: Current): void {
  const taken = firstWaiting(due);
  if (taken === due.length) {
    store.drop(space, place);
    return;
  }
  if (taken > MOST_TAKEN && taken > due.length / 2) due.splice(0, taken);
  const waiting = due.length - firstWaiting(due);
  store.commit({ space, key: place, value: due, entries: waiting, bytes: DUE_BYTES * waiting, place, at: clock });
}
