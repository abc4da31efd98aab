/** The time of each cluster: that of its latest event, when something is to be judged next, and up to
 * when something has been emitted. */
import type { Space, Store } from '../state/store.ts';

/** What is kept of a cluster. Times are in Unix microseconds. */
interface Clock {
  latest: number;
  /** Before which nothing waits that the correlations of `plan` judge; not known to others. */
  due: number;
  plan: string;
  /** The latest of the times of events on which something was emitted. */
  emitted: number;
}

const clocks: Space = { name: 'clocks', lifetime: null };
const CLOCK_BYTES = 100;

/** The time of the latest event of a cluster. One without a time leaves it where it is: in a log of yesterday, today would
 * age all that is remembered.
 * @param logged the time of the event at hand
 * @param received stands in where the cluster has no time yet */
export function advance(store: Store, place: string, logged: number | undefined, received: number): number {
  const clock = store.load(clocks, place) as Clock | undefined;
  if (logged === undefined || (clock !== undefined && logged <= clock.latest)) return clock?.latest ?? received;
  if (clock === undefined) commit(store, place, { latest: logged, due: 0, plan: '', emitted: 0 });
  else {
    clock.latest = logged;
    commit(store, place, clock);
  }
  return logged;
}

/** Whether something that correlations judge may be due.
 * @param plan identifies them */
export function mayBeDue(store: Store, place: string, plan: string): boolean {
  const clock = store.load(clocks, place) as Clock | undefined;
  return clock === undefined || clock.plan !== plan || clock.due < clock.latest;
}

/** Notes that nothing is due before a time. */
export function setDue(store: Store, place: string, plan: string, due: number): void {
  const clock = store.load(clocks, place) as Clock | undefined;
  if (clock !== undefined) commit(store, place, { ...clock, due, plan });
}

/** Notes that something is due at a time. */
export function bringForward(store: Store, place: string, plan: string, due: number): void {
  const clock = store.load(clocks, place) as Clock | undefined;
  if (clock?.plan === plan && due < clock.due) setDue(store, place, plan, due);
}

/** Whether something may have been emitted on an event of that time. */
export function mayBeEmitted(store: Store, place: string, time: number): boolean {
  const clock = store.load(clocks, place) as Clock | undefined;
  return clock === undefined || time <= clock.emitted;
}

/** Notes that something is emitted on an event of that time. */
export function setEmitted(store: Store, place: string, time: number): void {
  const clock = store.load(clocks, place) as Clock | undefined;
  if (clock !== undefined && time > clock.emitted) commit(store, place, { ...clock, emitted: time });
}

function commit(store: Store, place: string, value: Clock): void {
  store.commit({ space: clocks, key: place, value, entries: 1, bytes: CLOCK_BYTES, place: '', at: value.latest });
}
