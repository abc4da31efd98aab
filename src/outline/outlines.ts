/** The outlines of the records of a batch. */
import { findJsonMember } from './find-member.ts';
import { outlineJson } from './json-outline.ts';
import { OPEN_BRACE, QUOTE, skipSpace, skipString } from './json-syntax.ts';
import type { KeyTable } from './key-table.ts';
import { findMsgpackMember, msgpackTextAt, outlineMsgpack } from './msgpack-outline.ts';
import { EXTRA_COUNT, EXTRAS, HOLE, KIND, STRIDE, TEXT, WRAPPER } from './slots.ts';
import { unescapeTo } from './unescape.ts';

/** Outlines that fit in at first. */
const FEW = 256;
/** Bytes of the buffers into which texts are taken out of their escapes. */
const ROOM = 256 * 1024;

export interface OutlineOptions {
  keys: KeyTable;
  /** Levels of maps and lists of a record, and of a text in it. */
  maxDepth: number;
}

/** Bytes that spans are offsets in. */
export interface Text {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Offsets of members in the bytes of a batch, or in texts that are taken out of its records: STRIDE numbers for each map
 * that is outlined. */
export class Outlines {
  spans = new Int32Array(FEW * STRIDE);
  readonly #batch: Text;
  readonly #texts: Text[] = [];
  readonly #options: OutlineOptions;
  #count = 0;
  #room: Text = { bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) };
  #used = 0;

  constructor(bytes: Uint8Array, options: OutlineOptions) {
    this.#batch = textOf(bytes);
    this.#options = options;
  }

  /** What the spans of an outline are offsets in. */
  textOf(base: number): Text {
    const text = this.spans[base + TEXT]!;
    return text === -1 ? this.#batch : this.#texts[text]!;
  }

  /** Outlines the JSON map at an offset. Returns the offset behind it, or -1 where it has to be parsed. Its outline has the
   * number `last`: that of the event in it, if it holds one as text. */
  addJson(at: number): number {
    const base = this.#next();
    const { bytes, view } = this.#batch;
    const { keys, maxDepth } = this.#options;
    const end = outlineJson(bytes, view, at, keys, maxDepth, this.spans, base);
    if (end === -1) return -1;
    this.#count++;
    if (this.spans[base + KIND] === -1) this.#unwrapJson(base);
    return end;
  }

  /** Outlines the MessagePack map at an offset, which is known to be whole. */
  addMsgpack(at: number): boolean {
    const base = this.#next();
    const { bytes, view } = this.#batch;
    const { keys, maxDepth } = this.#options;
    const end = outlineMsgpack(bytes, view, at, keys, maxDepth, this.spans, base);
    if (end === -1) return false;
    this.#count++;
    if (this.spans[base + KIND] === -1) this.#unwrapMsgpack(base);
    return true;
  }

  /** Number of the outline that was added last. */
  get last(): number {
    return this.#count - 1;
  }

  /** Looks among the members for one text that is an event in JSON. */
  #unwrapJson(base: number): void {
    const { bytes, view } = this.#batch;
    const end = base + EXTRAS + 2 * this.spans[base + EXTRA_COUNT]!;
    let hole = -1;
    for (let extra = base + EXTRAS; extra < end; extra += 2) {
      const key = this.spans[extra]!;
      const keyEnd = skipString(bytes, view, key);
      let value = skipSpace(bytes, skipSpace(bytes, keyEnd) + 1);
      if (bytes[value] === OPEN_BRACE && isKey(bytes, key + 1, keyEnd - 1, PROPERTIES)) {
        value = findJsonMember(bytes, view, value, LOG);
      }
      if (value < 0 || bytes[value] !== QUOTE || bytes[value + 1] !== OPEN_BRACE) continue;
      if (hole !== -1) return;
      hole = value + 1;
    }
    if (hole === -1) return;
    const holeEnd = skipString(bytes, view, hole - 1) - 1;
    const length = this.#unescape(hole, holeEnd);
    if (length === -1) return;
    if (!this.#addInner(this.#room, this.#used - length, this.#used)) return;
    const inner = this.last * STRIDE;
    this.spans[inner + WRAPPER] = base / STRIDE;
    this.spans[inner + TEXT] = this.#texts.length - 1;
    this.spans[base + HOLE] = hole;
    this.spans[base + HOLE + 1] = holeEnd;
  }

  #unwrapMsgpack(base: number): void {
    const { bytes, view } = this.#batch;
    const end = base + EXTRAS + 2 * this.spans[base + EXTRA_COUNT]!;
    let hole: { start: number; text: number; end: number } | undefined;
    for (let extra = base + EXTRAS; extra < end; extra += 2) {
      const key = msgpackTextAt(bytes, view, this.spans[extra]!)!;
      let value = key.end;
      if (isKey(bytes, key.text, key.end, PROPERTIES)) {
        const log = findMsgpackMember(bytes, view, value, LOG);
        if (log >= 0) value = log;
      }
      const found = msgpackTextAt(bytes, view, value);
      if (found === undefined || bytes[found.text] !== OPEN_BRACE || found.text === found.end) continue;
      if (hole !== undefined) return;
      hole = found;
    }
    if (hole === undefined || !this.#addInner(this.#batch, hole.text, hole.end)) return;
    this.spans[this.last * STRIDE + WRAPPER] = base / STRIDE;
    this.spans[base + HOLE] = hole.start;
    this.spans[base + HOLE + 1] = hole.end;
  }

  /** Outlines a text that is one map, and nothing but blanks. */
  #addInner({ bytes, view }: Text, start: number, end: number): boolean {
    const base = this.#next();
    const { keys, maxDepth } = this.#options;
    const after = outlineJson(bytes, view, start, keys, maxDepth, this.spans, base);
    if (after === -1 || after > end || skipSpace(bytes, after) < end || this.spans[base + KIND] === -1) return false;
    this.#count++;
    return true;
  }

  /** Takes a text out of its escapes, to the end of what is used of the room. */
  #unescape(start: number, end: number): number {
    const most = end - start;
    if (this.#used + most > this.#room.bytes.length) {
      this.#room = textOf(new Uint8Array(Math.max(ROOM, most)));
      this.#used = 0;
      this.#texts.push(this.#room);
    }
    const length = unescapeTo(this.#room.bytes, this.#used, this.#batch.bytes, start, end);
    if (length !== -1) this.#used += length;
    return length;
  }

  /** Where the next outline begins. */
  #next(): number {
    const base = this.#count * STRIDE;
    if (base === this.spans.length) {
      const grown = new Int32Array(2 * this.spans.length);
      grown.set(this.spans);
      this.spans = grown;
    }
    return base;
  }
}

/** Where a diagnostic record of Azure has its line. */
const PROPERTIES = Buffer.from('properties');
const LOG = Buffer.from('log');

function isKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start !== key.length) return false;
  for (let index = 0; index < key.length; index++) if (bytes[start + index] !== key[index]) return false;
  return true;
}

function textOf(bytes: Uint8Array): Text {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
