/** What is remembered from one event to the next: values under keys.
 *
 * The correlation step reads values with `load` and hands each changed one to `commit`, as plain data: no function
 * crosses this interface, and the step depends on nothing but its input and what it has loaded.
 *
 * In memory (memory.ts) both answer at once. If several processes share a store (shared/store.ts), the step runs on a
 * view of what is known of it, and again from its start if that was out of date. */

/** A set of keys. */
export interface Space {
  name: string;
  /** Microseconds after its last commit when a value may be forgotten; null for never. */
  lifetime: number | null;
  /** Whether a value has the shape of those of the space, as far as a quick check shows. If others can write to the
   * store, a value without it counts as absent. */
  isOwn?(value: unknown): boolean;
}

/** Microseconds that the time of a change may be ahead of our clock. One further ahead would age everything that is
 * remembered. */
export const MAX_AHEAD = 5 * 60 * 1_000_000;

/** Where the value of a key is, for callers that ask for it repeatedly: a store may note there what it finds, to find it
 * without a search. For one key in one space of one store. It does not retain what is evicted. */
export interface Handle {
  cell?: unknown;
}

/** The new value of a key. */
export interface Change {
  space: Space;
  key: string;
  /** Plain JSON. */
  value: unknown;
  /** How many events, groups and terms it stands for. */
  entries: number;
  /** About how much memory the value takes, apart from its key. */
  bytes: number;
  /** The cluster that it is about: clusters share the capacity evenly. */
  place: string;
  /** Who has caused it, such as a user of a cluster: nobody's values push out those of others. Only for a new key. */
  owner?: string;
  /** When, in event time: Unix microseconds. The values of a place age by the latest time of all its changes: clusters
   * are at different times if the log of one is late, or read again. Values without a place do not age. */
  at: number;
  /** Another place whose values age by this time, too. */
  advances?: string;
  /** Of the key. */
  handle?: Handle | undefined;
}

export interface Store {
  /** The secret of the store's keys: 64 bits, unchanged for as long as the values are kept. */
  readonly secret: Secret;
  /** How many values were evicted before the end of their lifetime: while this number is unchanged, so is a value that
   * nobody commits or drops, and that has not expired. Undefined if other processes change values as well. */
  readonly evicted?: number;
  /** The value under a key. It may be changed in place, and must then be committed.
   * @param place of the change that committed it: its lifetime passes by the time of that place. Left out if values have
   * none
   * @param handle of the key
   * @throws Problem if it cannot be reached now: the batch is to be sent again */
  load(space: Space, key: string, place?: string, handle?: Handle): unknown;
  commit(change: Change): void;
  drop(space: Space, key: string): void;
}

export type Secret = readonly [number, number];
