/** Which groups of a correlation have a window that will end, in the order of time, for each cluster. */
import type { Store } from '../state/store.ts';
import type { Current } from './current-event.ts';
import type { Planned } from './plan.ts';
import { firstIndex } from './window-event.ts';

/** Times in Unix microseconds, and keys of groups. */
export type Due = [at: number, group: string][];

/** Groups of one correlation and cluster that wait. */
const MAX_DUE = 100_000;
const DUE_BYTES = 100;

/** @returns how many groups are forgotten for want of room */
export function schedule(store: Store, planned: Planned, group: string, at: number, current: Current): number {
  const due = dueIn(store, planned, current);
  due.splice(
    firstIndex(due, ([time]) => time > at),
    0,
    [at, group],
  );
  // There cannot be as many groups: what comes first belongs to some that are forgotten.
  const excess = due.splice(0, due.length - MAX_DUE).length;
  commit(store, planned, due, current);
  return excess;
}

/** Takes out those of which the time is past, the first in time, up to a number of them. */
export function takeDue(store: Store, planned: Planned, most: number, current: Current): Due {
  const due = dueIn(store, planned, current);
  let count = 0;
  while (count < Math.min(due.length, most) && due[count]![0] < current.clock) count++;
  if (count === 0) return [];
  const taken = due.splice(0, count);
  commit(store, planned, due, current);
  return taken;
}

/** When the first of a correlation's groups waits for; far in the future where none does. */
export function firstDue(store: Store, planned: Planned, current: Current): number {
  return dueIn(store, planned, current)[0]?.[0] ?? Number.MAX_SAFE_INTEGER;
}

function dueIn(store: Store, { due }: Planned, { place }: Current): Due {
  return (store.load(due, place, place) as Due | undefined) ?? [];
}

function commit(store: Store, { due: space }: Planned, due: Due, { place, clock }: Current): void {
  const { length } = due;
  if (length === 0) store.drop(space, place);
  else store.commit({ space, key: place, value: due, entries: length, bytes: DUE_BYTES * length, place, at: clock });
}
