/** Remembers what has been emitted on an event, so that a retry of it carries the same. */
import type { Space, Store } from '../state/store.ts';
import { setEmitted } from './clock.ts';
import { auditIDOf, type Current, keyOf, ownerOf } from './current-event.ts';
import type { Emitted } from './emitted.ts';
import { SECOND } from './plan.ts';

const DAY = 86_400 * SECOND;
/** Characters of JSON that count as one entry. */
const ENTRY_LENGTH = 200;
/** In memory, apart from its texts. */
const EMITTED_BYTES = 600;

export interface Remembered extends Emitted {
  space: string;
  /** Of its JSON, approximately. */
  length: number;
}
/** By the keys of events. */
const emitted: Space = { name: 'emitted', lifetime: DAY, isOwn: Array.isArray };
/** The audit IDs of these events: for others no key is needed. */
const emittedIds: Space = { name: 'emitted-ids', lifetime: DAY };
/** What has been emitted on the event before; undefined if it is not known to have been seen. */
export function emittedBefore(store: Store, current: Current): readonly Remembered[] | undefined {
  if (store.load(emittedIds, auditIDOf(current), current.place) === undefined) return undefined;
  const before = store.load(emitted, keyOf(current), current.place) as Remembered[] | undefined;
  if (before !== undefined) commit(store, before, current);
  return before;
}

/** @param space of the correlation that emits it */
export function remember(store: Store, one: Emitted, space: string, current: Current): void {
  add(store, [{ ...one, space, length: lengthOf(one) }], current);
}

/** Remembers that the event has been seen, though nothing may be emitted on it. */
export function rememberEvent(store: Store, current: Current): void {
  add(store, [], current);
}

function add(store: Store, more: readonly Remembered[], current: Current): void {
  const before = (store.load(emitted, keyOf(current), current.place) as Remembered[] | undefined) ?? [];
  commit(store, [...before, ...more], current);
  setEmitted(store, current.place, current.time);
}

function commit(store: Store, value: readonly Remembered[], current: Current): void {
  const { place, clock: at } = current;
  const auditID = auditIDOf(current);
  const common = { place, owner: ownerOf(current), at };
  const length = value.reduce((sum, one) => sum + one.length, 0);
  const entries = value.reduce((sum, one) => sum + entriesOf(one.length), 1);
  const bytes = EMITTED_BYTES * value.length + 2 * length;
  store.commit({ space: emitted, key: keyOf(current), value, entries, bytes, ...common });
  store.commit({ space: emittedIds, key: auditID, value: 1, entries: 0, bytes: auditID.length, ...common });
}

export function entriesOf(length: number): number {
  return Math.ceil(length / ENTRY_LENGTH);
}

/** About how long the JSON of a value is. */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 8;
  let length = 2;
  if (Array.isArray(value)) for (const item of value) length += lengthOf(item);
  else for (const key of Object.keys(value)) length += key.length + 3 + lengthOf(value[key as keyof typeof value]);
  return length;
}
