/** What is remembered from one event to the next: values under keys, changed one at a time. */

/** A set of keys with bounds of its own. */
export interface Space {
  name: string;
  /** How many entries its values may hold in all; beyond it, what was longest untouched is forgotten. */
  mostEntries: number;
  /** Microseconds after its last touch when a value may be forgotten; null for never. */
  lifetime: number | null;
}

/** A value, which has to be plain JSON, and what it counts against the bound of its space. */
export interface Kept<Value> {
  value: Value;
  entries: number;
}

export interface Change<Value, Result> {
  /** What is under the key from now on; undefined for nothing. */
  keep: Kept<Value> | undefined;
  result: Result;
}

export interface Store {
  /** Changes the value under a key, and gives the result of `change`. Nobody else changes that value meanwhile.
   * @param at when, by the time of events: Unix microseconds. Values age by the latest time of all updates
   * @throws Problem where it cannot be reached now: the batch is to be sent again
   * @param change gets a value of its own, which it may change in place; it may be called more than once */
  update<Value, Result>(
    space: Space,
    key: string,
    at: number,
    change: (value: Value | undefined) => Change<Value, Result>,
  ): Promise<Result>;
  /** How many entries there are. */
  entries(): number;
}
