/** What is remembered from one event to the next: values under keys.
 *
 * The correlation step reads values with `load` and hands each changed one to `commit`, as plain data: no function crosses
 * this interface, and the step depends on nothing but its input and what it has loaded. In memory both answer at once.
 *
 * A shared store would serve it by a view for each batch: it loads the values of the keys that the batch needs together
 * with their versions, answers `load` from there and gathers what `commit` is given. A key that the step asks for and that
 * is not there yet (such as the group of a correlation of correlations) is loaded, and the step runs again from the start
 * of the batch. In the end all changes are written in one round trip, on condition that no version has changed; otherwise
 * the batch is loaded anew and the step runs again. */

/** A set of keys. */
export interface Space {
  name: string;
  /** Microseconds after its last commit when a value may be forgotten; null for never. */
  lifetime: number | null;
}

/** Microseconds that the time of a change may be ahead of our clock. One that is further would age all that is remembered. */
export const MAX_AHEAD = 5 * 60 * 1_000_000;

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
  /** When, by the time of events: Unix microseconds. Values age by the latest time of all changes. */
  at: number;
}

export interface Store {
  /** The secret of the store's keys: 64 bits, the same as long as the values are. */
  readonly secret: Secret;
  /** The value under a key. It may be changed in place, and has to be committed then.
   * @throws Problem where it cannot be reached now: the batch is to be sent again */
  load(space: Space, key: string): unknown;
  commit(change: Change): void;
  drop(space: Space, key: string): void;
  /** How many entries there are. */
  entries(): number;
}

export type Secret = readonly [number, number];
