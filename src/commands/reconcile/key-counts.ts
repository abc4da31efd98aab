/** How often each of many millions of keys has occurred, in memory outside the heap. */

/** Tables that grow one by one, so that growing needs twice the memory of one of them only, not of all. */
const TABLES = 256;
const FIRST_SLOTS = 64;
/** Numbers in a slot: both halves of the key, then flags and count. */
const SLOT = 3;
const MOST_LOAD = 0.8;
const GROWTH = 1.25;

/** Marks a slot that is in use, whatever is left of its count. */
const USED = 2 ** 30;
/** Marks a key for which `take` was called. */
const TAKEN = 2 ** 31;
const COUNT = USED - 1;

/** A multiset of 64-bit keys that are as good as random: 15 to 19 bytes for each. Keys that were added can be removed, and
 * those that are left can then be looked at. */
export class KeyCounts {
  readonly #tables = Array.from({ length: TABLES }, () => new Table());

  /** Counts a key once more. */
  add(high: number, low: number): void {
    this.#tableOf(high).add(high, low);
  }

  /** Counts a key once less; false if none is left. */
  take(high: number, low: number): boolean {
    const { slots, at } = this.#tableOf(high).find(high, low);
    if (slots[at] === 0) return false;
    slots[at] = (slots[at]! | TAKEN) >>> 0;
    if ((slots[at]! & COUNT) === 0) return false;
    slots[at]! -= 1;
    return true;
  }

  /** Removes one of the keys that `take` has left: `repeated` if `take` was called for the key, `strange` if it never was;
   * undefined if none is left. */
  takeLeft(high: number, low: number): 'repeated' | 'strange' | undefined {
    const { slots, at } = this.#tableOf(high).find(high, low);
    if ((slots[at]! & COUNT) === 0) return undefined;
    slots[at]! -= 1;
    return slots[at]! >= TAKEN ? 'repeated' : 'strange';
  }

  /** How many are left. */
  left(): { repeated: number; strange: number } {
    const left = { repeated: 0, strange: 0 };
    for (const { slots } of this.#tables) {
      for (let at = 2; at < slots.length; at += SLOT) {
        left[slots[at]! >= TAKEN ? 'repeated' : 'strange'] += slots[at]! & COUNT;
      }
    }
    return left;
  }

  /** Bytes of all tables. */
  get bytes(): number {
    return this.#tables.reduce((sum, { slots }) => sum + slots.byteLength, 0);
  }

  #tableOf(high: number): Table {
    return this.#tables[high % TABLES]!;
  }
}

class Table {
  slots = new Uint32Array(FIRST_SLOTS * SLOT);
  #size = 0;

  add(high: number, low: number): void {
    let { at } = this.find(high, low);
    if (this.slots[at] === 0) {
      if (this.#size >= MOST_LOAD * (this.slots.length / SLOT)) {
        this.#grow();
        at = this.find(high, low).at;
      }
      this.#size++;
      this.slots[at - 2] = high;
      this.slots[at - 1] = low;
      this.slots[at] = USED;
    }
    this.slots[at]! += 1;
  }

  /** The position of the count of a key; for a new key, it is 0 there. */
  find(high: number, low: number): { slots: Uint32Array; at: number } {
    const { slots } = this;
    const count = slots.length / SLOT;
    let at = Math.floor((low / 2 ** 32) * count) * SLOT + 2;
    while (slots[at] !== 0 && (slots[at - 2] !== high || slots[at - 1] !== low)) {
      at += SLOT;
      if (at >= slots.length) at = 2;
    }
    return { slots, at };
  }

  #grow(): void {
    const before = this.slots;
    this.slots = new Uint32Array(Math.ceil((before.length / SLOT) * GROWTH) * SLOT);
    for (let from = 2; from < before.length; from += SLOT) {
      if (before[from] === 0) continue;
      const { at } = this.find(before[from - 2]!, before[from - 1]!);
      this.slots.set(before.subarray(from - 2, from + 1), at - 2);
    }
    // Freed now, rather than when it is collected.
    before.buffer.transfer(0);
  }
}
