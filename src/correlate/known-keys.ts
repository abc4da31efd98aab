/** Remembers the keys of groups, terms and counted values: those of a cluster are few, and asked for again with nearly every
 * record. Bounded: when there are too many, all are forgotten and hashed anew. */
import type { KeyHash } from '../state/key-hash.ts';
import type { Tuple } from './values.ts';

/** A group of events: the cluster and the values that they have in common, and a key that stands for these. */
export interface GroupOf {
  parts: readonly unknown[];
  key: string;
  /** The keys of terms that were seen in it. */
  terms?: Map<string, string>;
}

/** Lists of values that begin alike. */
interface Lists {
  /** By the value that follows. */
  next?: Map<string, Lists>;
  /** That of the list that ends here. */
  group?: GroupOf;
}

export const MOST_KNOWN = 16_384;
/** Longer texts come again too seldom, and take too much room. */
const LONGEST = 64;

export class KnownKeys {
  readonly hashOf: KeyHash;
  #lists: Lists = {};
  #values = new Map<string, readonly string[]>();
  #size = 0;

  constructor(hashOf: KeyHash) {
    this.hashOf = hashOf;
  }

  /** How many values and keys are remembered. */
  get size(): number {
    return this.#size;
  }

  /** The group of a cluster and values. */
  groupOf(parts: readonly unknown[]): GroupOf {
    let lists = this.#lists;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (!isShort(part)) return { parts, key: this.hashOf(parts) };
      lists.next ??= new Map();
      let next = lists.next.get(part);
      if (next === undefined) {
        lists.next.set(part, (next = {}));
        this.#grow();
      }
      lists = next;
    }
    return (lists.group ??= { parts, key: this.hashOf(parts) });
  }

  /** The key of a term in a group. */
  termIn(group: GroupOf, values: readonly unknown[]): string {
    const value = values[0];
    if (values.length > 1 || !isShort(value)) return this.hashOf([group.key], values);
    group.terms ??= new Map();
    let key = group.terms.get(value);
    if (key === undefined) {
      group.terms.set(value, (key = this.hashOf([group.key], values)));
      this.#grow();
    }
    return key;
  }

  /** The keys of tuples of values. Lists of one are shared. */
  of(tuples: readonly Tuple[]): readonly string[] {
    const first = tuples[0]!;
    const value = first[0];
    if (tuples.length > 1 || first.length > 1 || !isShort(value)) return tuples.map((tuple) => this.hashOf(tuple));
    let keys = this.#values.get(value);
    if (keys === undefined) {
      this.#values.set(value, (keys = [this.hashOf(first)]));
      this.#grow();
    }
    return keys;
  }

  #grow(): void {
    if (++this.#size < MOST_KNOWN) return;
    this.#lists = {};
    this.#values = new Map();
    this.#size = 0;
  }
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST;
}
