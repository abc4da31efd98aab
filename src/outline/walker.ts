/** An instance of the compiled walk over records of JSON (walk/index.ts), with its memory. */
import { type ProfileSlots, profiles } from './profiles.ts';
import {
  EXTRA_COUNT,
  EXTRAS,
  HOLE,
  LAST_EXTRA,
  LAYOUT,
  OBJECT_REF,
  PROFILE,
  REF_GROUP,
  REF_NAME,
  REF_NAMESPACE,
  REF_RESOURCE,
  REF_SUBRESOURCE,
  REF_VERSION,
  REQUEST_URI,
  STRIDE,
  TEXT as TEXT_OF,
  TIMESTAMP,
  USUAL_URI,
  WRAPPER,
} from './slots.ts';
import {
  AT_VALUE,
  BEHIND_VALUE,
  BEYOND,
  code,
  MORE,
  NO_OUTLINE,
  NUMBERED,
  REFUSED,
  SEAM_LENGTH,
  SPANS,
  STOP,
  TEXT,
  TEXT_SIZE,
  UNKNOWN_SEAM,
  URI_SLOTS,
  VALUE_COUNT,
} from './walk-code.ts';

interface Exports {
  memory: WebAssembly.Memory;
  walk(phase: number, seam: number, at: number, end: number, shift: number): number;
  layOut(extras: number, lastExtra: number, extraCount: number, timestamp: number): void;
  beginNumbers(seed: bigint): void;
  forgetNumbers(): void;
  numberOf(list: number, count: number, shift: number): number;
  isUsualUri(shift: number): number;
  outlineMsgpack(start: number, end: number, shift: number, maxLevels: number, objectRef: number): number;
  placeOfKey(table: number, start: number, length: number): number;
}

const compiled = new WebAssembly.Module(Buffer.from(code, 'base64'));

/** Bytes that are copied at once: few enough that they are still in a cache when they are walked over. */
const PART = 64 * 1024;

/** In the order of walk/uri.ts. */
const uriSlots = [
  REQUEST_URI,
  OBJECT_REF,
  REF_GROUP,
  REF_VERSION,
  REF_NAMESPACE,
  REF_RESOURCE,
  REF_NAME,
  REF_SUBRESOURCE,
];

/** A seed of the process, so that collisions cannot be prepared elsewhere. */
const SEED = crypto.getRandomValues(new BigInt64Array(1))[0]!;

/** How often numbers were begun anew, in all instances: no number is used twice in a process. */
let begun = 0;
/** Beyond that, a number would not fit in an outline, and no more are given. */
const MOST_BEGUN = 2 ** 31 / VALUE_COUNT - 1;

export class Walker {
  readonly memory: ArrayBuffer;
  /** The outline of the record that is walked over. */
  readonly spans: Int32Array;
  /** The seam at which the last walk ended, and where in the copy. */
  readonly #stop: Int32Array;
  readonly #copy: Uint8Array;
  readonly #exports: Exports;
  #begun = begun++;
  #source: Uint8Array | undefined;
  /** Offsets in the source between which its bytes are in the copy. */
  #from = 0;
  #to = 0;

  constructor() {
    const exports = new WebAssembly.Instance(compiled).exports as unknown as Exports;
    exports.layOut(EXTRAS, LAST_EXTRA, EXTRA_COUNT, TIMESTAMP);
    exports.beginNumbers(SEED);
    this.#exports = exports;
    this.memory = exports.memory.buffer;
    this.spans = new Int32Array(this.memory, SPANS, STRIDE);
    this.#stop = new Int32Array(this.memory, STOP, 2);
    this.#copy = new Uint8Array(this.memory, TEXT, TEXT_SIZE);
    new Int32Array(this.memory, URI_SLOTS).set(uriSlots);
    for (const { slots, list } of profiles) new Int32Array(this.memory, NUMBERED).set(slots, list);
  }

  /** The seam at which the last walk ended, and where in the bytes. */
  get seam(): number {
    return this.#stop[0]!;
  }
  get at(): number {
    return this.#stop[1]! - TEXT + this.#from;
  }

  /** To be called when bytes that were walked over may have changed. */
  forget(): void {
    this.#source = undefined;
  }

  /** Begins an empty outline in `spans`.
   * @param layout one of those in slots.ts */
  beginOutline(layout: number): void {
    const { spans } = this;
    spans.fill(-1, 0, EXTRAS);
    spans[EXTRA_COUNT] = 0;
    spans[WRAPPER] = -1;
    spans[HOLE] = -1;
    spans[TEXT_OF] = -1;
    spans[LAYOUT] = layout;
    spans[PROFILE] = 0;
    spans[USUAL_URI] = 0;
  }

  /** Outlines the map of MessagePack at an offset. Returns the offset after it, or -1 if it has no outline.
   * @param maxLevels of maps and arrays within it */
  outlineMsgpack(bytes: Uint8Array, start: number, maxLevels: number): number {
    const { length } = bytes;
    if (bytes !== this.#source || start < this.#from || start >= this.#to) this.#load(bytes, start, length, PART);
    for (;;) {
      const shift = this.#from - TEXT;
      const after = this.#exports.outlineMsgpack(start - shift, this.#to - shift, shift, maxLevels, OBJECT_REF);
      if (after !== BEYOND) return after === NO_OUTLINE ? -1 : after + shift;
      if (this.#to === length || (this.#from === start && this.#to - start === TEXT_SIZE)) return -1;
      this.#load(bytes, start, length, this.#from === start ? TEXT_SIZE : PART);
      this.beginOutline(this.spans[LAYOUT]!);
    }
  }

  /** The number of the entry where the table has space for a key whose bytes are in the memory. */
  placeOfKey(table: number, start: number, length: number): number {
    return this.#exports.placeOfKey(table, start, length);
  }

  /** Continues the walk over a record.
   * @param phase what is done first, from BEHIND_VALUE on
   * @param seam the last one
   * @param end of the bytes that may be walked over
   * @returns why it ends: ENDED, UNKNOWN_SEAM, POSSIBLE_EVENT, or REFUSED */
  walk(phase: number, seam: number, bytes: Uint8Array, at: number, end: number): number {
    if (bytes !== this.#source || at < this.#from || at >= this.#to) this.#load(bytes, at, end, PART);
    let status = this.#run(phase, seam, at);
    for (;;) {
      const stoppedAt = this.at;
      // A seam that is not found may be cut at the end of the copy.
      const mayBeCut = status === MORE || (status === UNKNOWN_SEAM && this.#to - stoppedAt < SEAM_LENGTH);
      if (!mayBeCut || this.#to === end) return status === MORE ? REFUSED : status;
      if (stoppedAt > this.#from) this.#load(bytes, stoppedAt, end, PART);
      else if (this.#to - this.#from < TEXT_SIZE) this.#load(bytes, stoppedAt, end, TEXT_SIZE);
      else return REFUSED;
      status = this.#run(status === MORE ? AT_VALUE : BEHIND_VALUE, this.seam, stoppedAt);
    }
  }

  /** Sets the number of the profile of the event in `spans`, and whether its URI is as usual.
   * @param start and `end` of what the spans lie in */
  look({ slots, list }: ProfileSlots, bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#source || start < this.#from || end > this.#to) {
      // Such an event has neither, like one that is not looked at.
      if (end - start > TEXT_SIZE) return;
      this.#load(bytes, start, Math.min(bytes.length, Math.max(end, start + PART)), TEXT_SIZE);
    }
    const shift = this.#from - TEXT;
    this.spans[USUAL_URI] = this.#exports.isUsualUri(shift);
    let number = this.#exports.numberOf(list, slots.length, shift);
    if (number === -1) {
      this.#exports.forgetNumbers();
      this.#begun = begun++;
      number = this.#exports.numberOf(list, slots.length, shift);
    }
    this.spans[PROFILE] = number <= 0 || this.#begun > MOST_BEGUN ? 0 : this.#begun * VALUE_COUNT + number;
  }

  #run(phase: number, seam: number, at: number): number {
    const shift = this.#from - TEXT;
    return this.#exports.walk(phase, seam, at - shift, this.#to - shift, shift);
  }

  #load(bytes: Uint8Array, at: number, end: number, size: number): void {
    this.#source = bytes;
    this.#from = at;
    this.#to = Math.min(end, at + size);
    this.#copy.set(bytes.subarray(at, this.#to));
  }
}
