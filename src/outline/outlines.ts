/** The outlines of the records of a batch. */

import { outlineJson } from './json-outline.ts';
import type { KeyTable } from './key-table.ts';
import { STRIDE } from './slots.ts';

/** Outlines that fit in at first. */
const FEW = 256;

export interface OutlineOptions {
  keys: KeyTable;
  /** Levels of maps and lists of a record. */
  maxDepth: number;
}

/** Offsets of members in the bytes of a batch, STRIDE numbers for each record that is outlined. */
export class Outlines {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  spans = new Int32Array(FEW * STRIDE);
  #count = 0;
  readonly #options: OutlineOptions;

  constructor(bytes: Uint8Array, options: OutlineOptions) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
  }

  /** Outlines the JSON map at an offset. Returns the offset behind it, or -1 where it has to be parsed. Its outline has the
   * number `last`. */
  addJson(at: number): number {
    const base = this.#count * STRIDE;
    if (base === this.spans.length) this.#grow();
    const { keys, maxDepth } = this.#options;
    const end = outlineJson(this.bytes, this.view, at, keys, maxDepth, this.spans, base);
    if (end !== -1) this.#count++;
    return end;
  }

  /** Number of the outline that was added last. */
  get last(): number {
    return this.#count - 1;
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.spans.length);
    grown.set(this.spans);
    this.spans = grown;
  }
}
