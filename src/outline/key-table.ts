/** Finds keys among a few known ones by their bytes. Writers keep their members in one order: the key that came after
 * another the last time is looked for first. */

/** Slots of the table: enough that a multiplier without collisions is soon found. */
const SIZE = 256;

/** Words that a key in its quotes takes, at most; a longer one is not looked for first. */
const WORDS = 8;
/** Stands for the beginning of a map. */
const BEGINNING = SIZE;

export class KeyTable {
  readonly #keys: (Uint8Array | undefined)[] = new Array(SIZE).fill(undefined);
  readonly #values = new Int32Array(SIZE).fill(-1);
  #multiplier = 1;

  /** Of each key in its quotes: how many bytes it has, all whole words of these, and the last four of them. */
  readonly #lengths = new Int32Array(SIZE + 1);
  readonly #words = new Int32Array(SIZE * WORDS);
  readonly #tails = new Int32Array(SIZE);
  /** The slot of the key that came after each the last time. */
  readonly #next = new Int32Array(SIZE + 1).fill(BEGINNING);
  #last = BEGINNING;

  /** @param keys ASCII, none empty, with the number that each stands for */
  constructor(keys: ReadonlyMap<string, number>) {
    const encoded = [...keys].map(([key, value]) => ({ bytes: Buffer.from(key), value }));
    for (const multiplier of Array(10_000).keys()) {
      this.#multiplier = 2 * multiplier + 1;
      const places = new Set(encoded.map(({ bytes }) => this.#slot(bytes, 0, bytes.length)));
      if (places.size === encoded.length) break;
    }
    for (const { bytes, value } of encoded) {
      let slot = this.#slot(bytes, 0, bytes.length);
      // No multiplier parts two keys that agree in all that is looked at; one may come from a setting.
      while (this.#keys[slot] !== undefined) slot = (slot + 1) & (SIZE - 1);
      this.#keys[slot] = bytes;
      this.#values[slot] = value;
      this.#spell(slot, Buffer.from(`"${bytes}"`));
    }
  }

  #spell(slot: number, quoted: Buffer): void {
    if (quoted.length < 4 || quoted.length > 4 * WORDS) return;
    this.#lengths[slot] = quoted.length;
    this.#tails[slot] = quoted.readInt32LE(quoted.length - 4);
    for (let word = 0; 4 * word + 4 <= quoted.length; word++) {
      this.#words[slot * WORDS + word] = quoted.readInt32LE(4 * word);
    }
  }

  /** Says that what is looked for next are the keys of another map. */
  begin(): void {
    this.#last = BEGINNING;
  }

  /** The offset after the key in quotes at an offset, if it is the one that is expected there; its number is `expected`. -1
   * for any other. */
  skipExpected(view: DataView, start: number): number {
    const slot = this.#next[this.#last]!;
    const length = this.#lengths[slot]!;
    const end = start + length;
    if (length === 0 || end > view.byteLength) return -1;
    if (view.getInt32(end - 4, true) !== this.#tails[slot]) return -1;
    let word = slot * WORDS;
    for (let at = start; at + 4 < end; at += 4) if (view.getInt32(at, true) !== this.#words[word++]) return -1;
    this.#last = slot;
    return end;
  }

  /** The number of the key that was stepped over last. */
  get expected(): number {
    return this.#values[this.#last]!;
  }

  /** The number of the key that stands in [start, end), or -1. It is expected where it was found, the next time. */
  learn(bytes: Uint8Array, start: number, end: number): number {
    const slot = this.#find(bytes, start, end);
    if (slot === -1) return -1;
    this.#next[this.#last] = slot;
    this.#last = slot;
    return this.#values[slot]!;
  }

  /** The number of the key that stands in [start, end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const slot = this.#find(bytes, start, end);
    return slot === -1 ? -1 : this.#values[slot]!;
  }

  #find(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return -1;
    let slot = this.#slot(bytes, start, end);
    for (let key = this.#keys[slot]; key !== undefined; key = this.#keys[slot]) {
      if (isKey(key, bytes, start, end)) return slot;
      slot = (slot + 1) & (SIZE - 1);
    }
    return -1;
  }

  /** Of the length, the first, a middle and the last byte. */
  #slot(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const mixed =
      bytes[start]! + (bytes[start + (length >> 1)]! << 8) + (bytes[end - 1]! << 16) + Math.imul(length, 0x3d4d51cb);
    return (Math.imul(mixed, this.#multiplier) >>> 24) & (SIZE - 1);
  }
}

function isKey(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false;
  for (let index = 0; index < key.length; index++) if (key[index] !== bytes[start + index]) return false;
  return true;
}
