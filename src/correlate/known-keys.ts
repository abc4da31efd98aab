/** Remembers the keys of groups, terms and counted values: those of a cluster are few, and asked for again with nearly every
 * record. Bounded: when there are too many, all are forgotten and hashed anew. */
import type { KeyHash } from '../state/key-hash.ts';
import type { Handle } from '../state/store.ts';
import type { Tuple } from './values.ts';

/** A key, and where the store has what each correlation keeps under it, by slot. */
export interface Known {
  readonly key: string;
  readonly handles: (Handle | undefined)[];
  /** How often it was found without a handle. */
  found: number;
}

/** A group of events: the cluster and the values that they have in common, and a key that stands for these. */
export interface GroupOf extends Known {
  parts: readonly unknown[];
  /** The terms that were seen in it, and the generation that they belong to. */
  terms?: Map<string, Known>;
  generation?: number;
  /** See emitted-windows.ts. */
  emitted?: number[];
}

/** Lists of values with the same beginning. */
interface Lists {
  /** By the value that follows. */
  next?: Map<string, Lists>;
  /** The group of the list that ends here. */
  group?: GroupOf;
}

export const MOST_KNOWN = 16_384;
/** A user is in some ten groups with one key. */
export const MOST_HANDLES = 32_768;
/** How often a key is found before it gets handles: they cost more than a few look-ups. */
export const OFTEN = 32;
/** Longer texts recur too seldom, and take too much memory. */
const LONGEST = 64;

export class KnownKeys {
  readonly hashOf: KeyHash;
  #lists: Lists = {};
  #values = new Map<string, readonly string[]>();
  #size = 0;
  #handles = 0;
  /** How often all were forgotten: whoever has a group from before continues to use it. */
  #generation = 0;

  constructor(hashOf: KeyHash) {
    this.hashOf = hashOf;
  }

  /** How many values and keys are remembered. */
  get size(): number {
    return this.#size;
  }

  /** How many handles are remembered. */
  get handles(): number {
    return this.#handles;
  }

  /** To be called when a value was found under a key without a handle: gives it one in a slot, if it is found often. Keys
   * invented to fill the store are not. */
  remember(known: Known, slot: number): void {
    if (++known.found < OFTEN || this.#handles >= MOST_HANDLES) return;
    while (known.handles.length < slot) known.handles.push(undefined);
    known.handles[slot] = {};
    this.#handles++;
  }

  /** The group of a cluster and values. */
  groupOf(parts: readonly unknown[]): GroupOf {
    let lists = this.#lists;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      if (!isShort(part)) return this.#groupOf(parts);
      lists.next ??= new Map();
      let next = lists.next.get(part);
      if (next === undefined) {
        lists.next.set(part, (next = {}));
        this.#grow();
      }
      lists = next;
    }
    return (lists.group ??= this.#groupOf(parts));
  }

  /** A term in a group. */
  termIn(group: GroupOf, values: readonly unknown[]): Known {
    const value = values[0];
    if (values.length > 1 || !isShort(value)) return { key: this.hashOf([group.key], values), handles: [], found: 0 };
    if (group.terms === undefined || group.generation !== this.#generation) {
      group.terms = new Map();
      group.generation = this.#generation;
    }
    let term = group.terms.get(value);
    if (term === undefined) {
      group.terms.set(value, (term = { key: this.hashOf([group.key], values), handles: [], found: 0 }));
      this.#grow();
    }
    return term;
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

  #groupOf(parts: readonly unknown[]): GroupOf {
    return { key: this.hashOf(parts), handles: [], found: 0, parts };
  }

  #grow(): void {
    if (++this.#size < MOST_KNOWN) return;
    this.#lists = {};
    this.#values = new Map();
    this.#size = 0;
    this.#handles = 0;
    this.#generation++;
  }
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST;
}
