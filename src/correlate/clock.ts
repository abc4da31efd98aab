/** The time of each cluster: that of its latest event, when something is to be judged next, and up to
 * when something has been emitted. */
import { isMap } from '../json/map.ts';
import type { Handle, Space, Store } from '../state/store.ts';
import type { Place } from './places.ts';

/** What is kept of a cluster. Times are in Unix microseconds. */
export interface Clock {
  latest: number;
  /** Before this, nothing is due that the correlations of `plan` judge; unknown for other plans. */
  readonly due: number;
  readonly plan: string;
  /** The latest of the times of events on which something was emitted. */
  readonly emitted: number;
}

const clocks: Space = {
  name: 'clocks',
  lifetime: null,
  isOwn: (value) =>
    isMap(value) && [value.latest, value.due, value.emitted].every(Number.isFinite) && typeof value.plan === 'string',
};
const CLOCK_BYTES = 100;

/** The clock of a cluster, advanced by an event. An event without a time leaves it unchanged: in a log of yesterday,
 * today would age everything that is remembered.
 * @param logged the time of the event at hand
 * @param received used if the cluster has no time yet: nothing is known of it then */
export function advance(store: Store, place: Place, logged: number | undefined, received: number): Clock {
  const { name, clock: handle } = place;
  const clock = store.load(clocks, name, undefined, handle) as Clock | undefined;
  if (logged === undefined || (clock !== undefined && logged <= clock.latest)) {
    return clock ?? { latest: received, due: 0, plan: '', emitted: Number.MAX_SAFE_INTEGER };
  }
  const advanced = clock ?? { latest: logged, due: 0, plan: '', emitted: 0 };
  advanced.latest = logged;
  commit(store, name, advanced, handle);
  return advanced;
}

/** Notes that nothing is due before a time, which may be infinite. */
export function setDue(store: Store, place: string, plan: string, due: number): void {
  const clock = store.load(clocks, place) as Clock | undefined;
  // JSON has no infinity.
  if (clock !== undefined) commit(store, place, { ...clock, due: Math.min(due, Number.MAX_SAFE_INTEGER), plan });
}

/** Notes that something is due at a time. */
export function bringForward(store: Store, place: string, plan: string, due: number): void {
  const clock = store.load(clocks, place) as Clock | undefined;
  if (clock?.plan === plan && due < clock.due) setDue(store, place, plan, due);
}

/** Notes that something is emitted on an event of that time. */
export function setEmitted(store: Store, place: string, time: number): void {
  const clock = store.load(clocks, place) as Clock | undefined;
  if (clock !== undefined && time > clock.emitted) commit(store, place, { ...clock, emitted: time });
}

function commit(store: Store, place: string, value: Clock, handle?: Handle): void {
  store.commit({
    space: clocks,
    key: place,
    value,
    entries: 1,
    bytes: CLOCK_BYTES,
    place: '',
    at: value.latest,
    advances: place,
    handle,
  });
}
