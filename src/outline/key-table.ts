/** Finds keys among a few known ones by their bytes. */

/** Slots of the table: enough that a multiplier without collisions is soon found. */
const SIZE = 256;

export class KeyTable {
  readonly #keys: (Uint8Array | undefined)[] = new Array(SIZE).fill(undefined);
  readonly #values = new Int32Array(SIZE).fill(-1);
  #multiplier = 1;

  readonly keys: ReadonlyMap<string, number>;

  /** @param keys ASCII, none empty, with the number that each stands for */
  constructor(keys: ReadonlyMap<string, number>) {
    this.keys = keys;
    const encoded = [...keys].map(([key, value]) => ({ bytes: Buffer.from(key), value }));
    for (const multiplier of Array(10_000).keys()) {
      this.#multiplier = 2 * multiplier + 1;
      const places = new Set(encoded.map(({ bytes }) => this.#slot(bytes, 0, bytes.length)));
      if (places.size === encoded.length) break;
    }
    for (const { bytes, value } of encoded) {
      let slot = this.#slot(bytes, 0, bytes.length);
      // No multiplier separates two keys that agree in everything that is hashed; one may come from a setting.
      while (this.#keys[slot] !== undefined) slot = (slot + 1) & (SIZE - 1);
      this.#keys[slot] = bytes;
      this.#values[slot] = value;
    }
  }

  /** The number of the key that stands in [start, end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    if (start === end) return -1;
    let slot = this.#slot(bytes, start, end);
    for (let key = this.#keys[slot]; key !== undefined; key = this.#keys[slot]) {
      if (isKey(key, bytes, start, end)) return this.#values[slot]!;
      slot = (slot + 1) & (SIZE - 1);
    }
    return -1;
  }

  /** The slot for the length, the first, a middle and the last byte. */
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
