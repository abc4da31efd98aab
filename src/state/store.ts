/** What is remembered from one event to the next: values under keys.
 *
 * The correlation step reads values with `load` and hands each changed one to `commit`, as plain data: no function crosses
 * this interface, and the step depends on nothing but its input and what it has loaded.
 *
 * In memory (memory.ts) both answer at once. Where several processes share a store (shared/store.ts), the step runs on a view
 * of what is known of it, and again from its start where that was out of date. */

/** A set of keys. */
export interface Space {
  name: string;
  /** Microseconds after its last commit when a value may be forgotten; null for never. */
  lifetime: number | null;
  /** Whether a value has the shape of those of the space, as far as that is soon looked at. Where others can write to the store,
   * one that has not counts as absent. */
  isOwn?(value: unknown): boolean;
}

/** Microseconds that the time of a change may be ahead of our clock. One that is further would age all that is remembered. */
export const MAX_AHEAD = 5 * 60 * 1_000_000;

/** Where the value of a key is, for those who ask for it again and again: a store may note there what it finds, to find it
 * without a search. Of one key in one space of one store. What is evicted is not held by it. */
export interface Handle {
  cell?: unknown;
}

/** What is under a key from now on. */
export interface Change {
  space: Space;
  key: string;
  /** Plain JSON. */
  value: unknown;
  /** How many events, groups and terms it stands for. */
  entries: number;
  /** About how much memory the value takes, apart from its key. */
  bytes: number;
  /** The cluster that it is about: clusters share the room evenly. */
  place: string;
  /** Who has caused it, such as a user of a cluster: nobody's values push out those of others. Only of a new key. */
  owner?: string;
  /** When, by the time of events: Unix microseconds. The values of a place age by the latest time of all its changes: clusters are not
   * at the same time where the log of one is late, or read again. Those of no place do not age. */
  at: number;
  /** Another place whose values age by this time, too. */
  advances?: string;
  /** Of the key. */
  handle?: Handle | undefined;
}

export interface Store {
  /** The secret of the store's keys: 64 bits, the same as long as the values are. */
  readonly secret: Secret;
  /** How many values were evicted before the end of their lifetime: while that stays the same, so does a value that nobody
   * commits or drops, and that has not expired. Undefined where other processes change values as well. */
  readonly evicted?: number;
  /** The value under a key. It may be changed in place, and has to be committed then.
   * @param place of the change that has committed it: by the time of that place its lifetime passes. Left out where values have none
   * @param handle of the key
   * @throws Problem where it cannot be reached now: the batch is to be sent again */
  load(space: Space, key: string, place?: string, handle?: Handle): unknown;
  commit(change: Change): void;
  drop(space: Space, key: string): void;
}

export type Secret = readonly [number, number];
