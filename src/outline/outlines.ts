/** The outlines of the records of a batch. */
import { isProperties } from './event-keys.ts';
import { arrangeEntry } from './gke-outline.ts';
import { JsonOutliner, type TextReceiver } from './json-outline.ts';
import { NOTED } from './json-shapes.ts';
import { OPEN_BRACE, skipSpace } from './json-syntax.ts';
import type { KeyTable } from './key-table.ts';
import { MsgpackOutliner } from './msgpack-outline.ts';
import { findMsgpackMember, msgpackTextAt } from './msgpack-text.ts';
import { entryProfile } from './profiles.ts';
import { EXTRA_COUNT, EXTRAS, GKE_LAYOUT, HOLE, KIND, LAYOUT, PAYLOAD, STRIDE, TEXT, WRAPPER } from './slots.ts';
import { Unescaped } from './unescape.ts';

/** Initial capacity in outlines: one for so many bytes of the batch, between these numbers. */
const BYTES_OF_ONE = 1024;
const FEWEST = 16;
const MOST = 2048;

/** How records are outlined. It remembers what records of one batch have in common with those of the next. */
export class OutlineOptions {
  readonly keys: KeyTable;
  /** Levels of maps and lists of a record, and of a text in it. */
  readonly maxDepth: number;
  /** For records, and for texts in them. */
  readonly json: JsonOutliner;
  readonly text: JsonOutliner;
  readonly msgpack: MsgpackOutliner;

  constructor(keys: KeyTable, maxDepth: number) {
    this.keys = keys;
    this.maxDepth = maxDepth;
    this.json = new JsonOutliner({ keys, others: NOTED }, maxDepth, true);
    this.text = new JsonOutliner({ keys, others: NOTED }, maxDepth, false);
    this.msgpack = new MsgpackOutliner(keys, maxDepth);
  }
}

/** Bytes that spans are offsets in. */
export interface Text {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Offsets of members in the bytes of a batch, or in texts that are unescaped from its records: STRIDE numbers for each map
 * that is outlined. */
export class Outlines implements TextReceiver {
  spans: Int32Array;
  readonly #batch: Text;
  /** Texts that were unescaped from records. */
  #unescaped: Unescaped | undefined;
  /** Those of the current record. */
  readonly #received: { hole: number; holeEnd: number; start: number; end: number }[] = [];
  readonly #options: OutlineOptions;
  #count = 0;

  constructor(bytes: Uint8Array, options: OutlineOptions) {
    this.#batch = textOf(bytes);
    const count = Math.floor(bytes.length / BYTES_OF_ONE);
    this.spans = new Int32Array(STRIDE * Math.min(MOST, Math.max(FEWEST, count)));
    this.#options = options;
    options.json.begin();
    options.text.begin();
    options.msgpack.begin();
  }

  /** What the spans of an outline are offsets in. */
  textOf(base: number): Text {
    return this.spans[base + TEXT] === -1 ? this.#batch : this.#unescaped!;
  }

  /** Outlines the JSON map at an offset. Returns the offset after it, or -1 if it has to be parsed. `last` is then the number
   * of its outline, or of the event in it, if it holds one as text. */
  addJson(at: number): number {
    const base = this.#next();
    const { bytes, view } = this.#batch;
    this.#received.length = 0;
    const end = this.#options.json.outline(bytes, view, at, bytes.length, this.spans, base, this);
    if (end === -1) return -1;
    this.#count++;
    if (this.spans[base + PAYLOAD] !== -1) {
      arrangeEntry(bytes, this.spans, base);
      if (this.spans[base + LAYOUT] === GKE_LAYOUT)
        this.#options.json.look(entryProfile, bytes, at, end, this.spans, base);
    } else if (this.spans[base + KIND] === -1) this.#unwrapJson(base);
    return end;
  }

  /** Outlines the MessagePack map at an offset. Returns the offset after it, or -1 if it has to be parsed or is not whole. */
  addMsgpack(at: number): number {
    const base = this.#next();
    const end = this.#options.msgpack.outline(this.#batch.bytes, at, this.spans, base);
    if (end === -1) return -1;
    this.#count++;
    if (this.spans[base + KIND] === -1) this.#unwrapMsgpack(base);
    return end;
  }

  /** Number of the outline that was added last. */
  get last(): number {
    return this.#count - 1;
  }

  /** Outlines the one text in a record that was received. */
  #unwrapJson(base: number): void {
    if (this.#received.length !== 1) return;
    const { hole, holeEnd, start, end } = this.#received[0]!;
    if (!this.#addInner(this.#unescaped!, start, end)) return;
    const inner = this.last * STRIDE;
    this.spans[inner + WRAPPER] = base / STRIDE;
    this.spans[inner + TEXT] = 0;
    this.spans[base + HOLE] = hole;
    this.spans[base + HOLE + 1] = holeEnd;
  }

  receive(bytes: Uint8Array, view: DataView, quote: number): number {
    this.#unescaped ??= new Unescaped(bytes.length);
    const start = this.#unescaped.length;
    // As long as bytes are outlined only once, there is space for what is left of them.
    if (start > quote) return -1;
    const after = this.#unescaped.add(bytes, view, quote);
    if (after !== -1) {
      this.#received.push({ hole: quote + 1, holeEnd: after - 1, start, end: this.#unescaped.length });
    }
    return after;
  }

  #unwrapMsgpack(base: number): void {
    const { bytes, view } = this.#batch;
    const end = base + EXTRAS + 2 * this.spans[base + EXTRA_COUNT]!;
    let hole: { start: number; text: number; end: number } | undefined;
    for (let extra = base + EXTRAS; extra < end; extra += 2) {
      const key = msgpackTextAt(bytes, view, this.spans[extra]!)!;
      let value = key.end;
      if (isProperties(bytes, key.text, key.end)) {
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

  /** Outlines a text that is one map, with nothing after it but blanks. */
  #addInner({ bytes, view }: Text, start: number, end: number): boolean {
    const base = this.#next();
    const after = this.#options.text.outline(bytes, view, start, end, this.spans, base, undefined);
    if (after === -1 || after > end || skipSpace(bytes, after) < end || this.spans[base + KIND] === -1) return false;
    this.#count++;
    return true;
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

const LOG = Buffer.from('log');

function textOf(bytes: Uint8Array): Text {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}
