/** Outlines an audit event in JSON: one pass over the bytes that validates all of it and notes where its members lie. Seams
 * that are known are passed by the compiled walk; others are read here, and known from then on. */
import type { Shape } from './json-shapes.ts';
import { MAX_LEVELS } from './json-syntax.ts';
import { LevelCount, recordLevel } from './nesting.ts';
import { jsonProfiles, type ProfileSlots } from './profiles.ts';
import { SeamReader } from './seam-reader.ts';
import { BEGINNING, Seams } from './seams.ts';
import { JSON_LAYOUT, KIND, OBJECT_REF, PROFILE, STRIDE, USUAL_URI } from './slots.ts';
import { AT_SEAM, AT_VALUE_END, BEHIND_VALUE, ENDED, REFUSED, UNKNOWN_SEAM } from './walk-code.ts';
import { Walker } from './walker.ts';

/** Receives the texts in a record that may be events. */
export interface TextReceiver {
  /** @param start of the quote that opens the text
   * @returns the offset after the quote that closes it, or -1 if it is not a valid string */
  receive(bytes: Uint8Array, view: DataView, start: number): number;
}

/** Outlines maps of one shape. */
export class JsonOutliner {
  readonly #shape: Shape;
  readonly #maxDepth: number;
  readonly #holdsEvents: boolean;
  readonly #walker = new Walker();
  readonly #seams: Seams;
  #count = new LevelCount();
  #reader: SeamReader;

  /** @param maxDepth levels of maps and lists
   * @param holdsEvents whether texts in them may be events */
  constructor(shape: Shape, maxDepth: number, holdsEvents: boolean) {
    this.#shape = shape;
    this.#maxDepth = Math.min(maxDepth, MAX_LEVELS);
    this.#holdsEvents = holdsEvents;
    const level = recordLevel(shape);
    this.#seams = new Seams(this.#walker.memory, level);
    this.#reader = new SeamReader(level, this.#maxDepth, this.#holdsEvents, this.#count);
  }

  /** To be called when other bytes follow, even in the same array. */
  begin(): void {
    this.#walker.forget();
  }

  /** Writes the outline of the map at `start`: of members in their usual types, each once. Returns the offset after the map,
   * or -1 for a map that is not as plain as that and has to be parsed.
   * @param end of the bytes that may belong to it
   * @param spans STRIDE numbers from `base` on, see slots.ts
   * @param receiver of texts that begin with a map and stand beside the members, or in `properties.log`, where these may be
   *   events */
  outline(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    spans: Int32Array,
    base: number,
    receiver: TextReceiver | undefined,
  ): number {
    if (this.#seams.isFull || this.#count.isFull) this.#forget();
    const walker = this.#walker;
    const own = walker.spans;
    walker.beginOutline(JSON_LAYOUT);

    let status = walker.walk(BEHIND_VALUE, BEGINNING, bytes, start, end);
    while (status !== ENDED) {
      const { at, seam } = walker;
      if (status === UNKNOWN_SEAM) {
        const next = this.#read(bytes, view, at, seam);
        if (next === -1) return -1;
        status = walker.walk(AT_SEAM, next, bytes, at, end);
      } else if (status === REFUSED) {
        return -1;
      } else {
        const after = receiver!.receive(bytes, view, at - 1);
        if (after === -1) return -1;
        status = walker.walk(AT_VALUE_END, seam, bytes, after - 1, end);
      }
    }
    const after = walker.at;
    if (own[KIND] !== -1) {
      walker.look(own[OBJECT_REF] === -1 ? jsonProfiles.path : jsonProfiles.object, bytes, start, after);
    }
    spans.set(own, base);
    return after;
  }

  /** Completes an outline that was not made here, of the bytes from `start` to `end`, with what is looked up for it. */
  look(slots: ProfileSlots, bytes: Uint8Array, start: number, end: number, spans: Int32Array, base: number): void {
    const own = this.#walker.spans;
    own.set(spans.subarray(base, base + STRIDE));
    this.#walker.look(slots, bytes, start, end);
    spans[base + PROFILE] = own[PROFILE]!;
    spans[base + USUAL_URI] = own[USUAL_URI]!;
  }

  /** Reads the seam that follows another and its value. Returns its number, or -1 if the record is refused. */
  #read(bytes: Uint8Array, view: DataView, at: number, last: number): number {
    const reader = this.#reader;
    const level = this.#seams.levelAfter(last);
    const end =
      last === BEGINNING
        ? reader.readFirst(bytes, view, at, level)
        : reader.readNext(bytes, view, at, level, this.#seams.kindOf(last));
    return end === -1 ? -1 : this.#seams.learn(reader, view, at, end, level, last);
  }

  #forget(): void {
    const level = recordLevel(this.#shape);
    this.#seams.clear(level);
    this.#count = new LevelCount();
    this.#reader = new SeamReader(level, this.#maxDepth, this.#holdsEvents, this.#count);
  }
}
