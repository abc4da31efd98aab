/** Numbers that look random but are derived from a seed alone, so that a corpus is the same on every machine. */

/** A separate stream of numbers for each pair of seed and index, so that records can be made in any order. */
export class Random {
  #state: number;

  constructor(seed: number, index = 0) {
    this.#state = mix(mix(seed) ^ Math.imul(index + 1, 0x9e3779b1));
  }

  /** An integer from 0 to 2^32 - 1. */
  integer(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    return mix(this.#state);
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.integer() / 2 ** 32) * limit);
  }

  /** Whether an event occurs that has a chance of one in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.integer().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }

  /** What the API server appends to a generateName. */
  suffix(length: number): string {
    return Array.from({ length }, () => this.pick('bcdfghjklmnpqrstvwxz2456789'.split(''))).join('');
  }

  uuid(): string {
    const hex = this.hex(32);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

/** The finalizer of MurmurHash3: every bit of the input changes about half of the output. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
