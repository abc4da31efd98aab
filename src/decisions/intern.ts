/** Remembers what was made from values, by their bytes: the few users, agents and addresses of a cluster make up nearly all
 * of its traffic. It is exact, as bytes are compared and not their hashes, and bounded: there are two generations, and the
 * older is dropped when the younger is full, so that what is still in use stays. */

import { hashOf, isSame } from '../outline/byte-hash.ts';

/** Values of one generation. */
const MOST_VALUES = 4096;
const MOST_BYTES = 1024 * 1024;
/** Longer values are made anew each time. */
const LONGEST = 4096;
/** Most slots that are probed for a value. Values whose hashes collide beyond that are made anew, so that nobody can make
 * look-ups slow by choosing values. */
const MOST_PROBES = 8;
const SLOTS = 2 * MOST_VALUES;

export class InternTable<T> {
  #young = new Generation<T>();
  #old = new Generation<T>();
  readonly #make: (bytes: Uint8Array, start: number, end: number) => T;

  /** @param make is called for a missing value. It depends on nothing but the bytes; undefined is not remembered */
  constructor(make: (bytes: Uint8Array, start: number, end: number) => T) {
    this.#make = make;
  }

  /** What was made from the bytes in [start, end). */
  of(bytes: Uint8Array, view: DataView, start: number, end: number): T {
    const length = end - start;
    if (length > LONGEST) return this.#make(bytes, start, end);
    const hash = hashOf(view, start, end);
    const found = this.#young.find(hash, view, start, length);
    if (found !== undefined) return found;
    const value = this.#old.find(hash, view, start, length) ?? this.#make(bytes, start, end);
    if (value === undefined) return value;
    if (this.#young.isFull(length)) {
      [this.#old, this.#young] = [this.#young, this.#old];
      this.#young.clear();
    }
    this.#young.add(hash, bytes, start, end, value);
    return value;
  }
}

class Generation<T> {
  /** By hash, the index of a value plus one; 0 for none. */
  readonly #slots = new Int32Array(SLOTS);
  readonly #hashes = new Int32Array(MOST_VALUES);
  readonly #starts = new Int32Array(MOST_VALUES);
  readonly #lengths = new Int32Array(MOST_VALUES);
  #values: T[] = [];
  #bytes = new Uint8Array(16 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #used = 0;

  find(hash: number, view: DataView, start: number, length: number): T | undefined {
    let slot = hash & (SLOTS - 1);
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const index = this.#slots[slot]! - 1;
      if (index === -1) return undefined;
      if (
        this.#hashes[index] === hash &&
        this.#lengths[index] === length &&
        isSame(this.#view, this.#starts[index]!, view, start, length)
      ) {
        return this.#values[index];
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    return undefined;
  }

  isFull(length: number): boolean {
    return this.#values.length === MOST_VALUES || this.#used + length > MOST_BYTES;
  }

  add(hash: number, bytes: Uint8Array, start: number, end: number, value: T): void {
    let slot = hash & (SLOTS - 1);
    for (let probe = 0; this.#slots[slot] !== 0; probe++) {
      if (probe === MOST_PROBES - 1) return;
      slot = (slot + 1) & (SLOTS - 1);
    }
    const length = end - start;
    if (this.#used + length > this.#bytes.length) this.#grow(length);
    const index = this.#values.length;
    this.#bytes.set(bytes.subarray(start, end), this.#used);
    this.#hashes[index] = hash;
    this.#starts[index] = this.#used;
    this.#lengths[index] = length;
    this.#values.push(value);
    this.#slots[slot] = index + 1;
    this.#used += length;
  }

  #grow(by: number): void {
    const grown = new Uint8Array(Math.min(MOST_BYTES, 2 * (this.#used + by)));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  clear(): void {
    this.#slots.fill(0);
    this.#values = [];
    this.#used = 0;
  }
}
