/** The known seams: writers put the same members in the same order, so that nearly all of a record except its values was seen
 * before. What is known is compared and need not be read and validated again. The tables are in the memory of the compiled
 * walk, which reads them. */
import { hashOf, isSame } from './byte-hash.ts';
import type { Level } from './nesting.ts';
import type { SeamReader } from './seam-reader.ts';
import {
  FOLLOWERS,
  IS_EXTRA,
  KIND,
  LENGTH,
  MASK,
  MAY_HOLD_EVENT,
  MOST_FOLLOWERS,
  NOTE_COUNT,
  NOTES,
  NOTES_SIZE,
  NOTES_START,
  QUOTE_NOTED,
  SEAM,
  SEAM_BYTES,
  SEAM_BYTES_SIZE,
  SEAM_COUNT,
  SEAM_LENGTH,
  SEAMS,
  SLOT,
  START,
} from './walk-code.ts';

/** Bytes of a seam that are compared first. */
const HEAD = 16;
/** Bytes of a note. */
const NOTE = 8;
/** Most places that are probed for a seam. */
const MOST_PROBES = 8;
const PLACES = 2 * SEAM_COUNT;
/** Hashes of seams that were read once. */
const NOVEL = 4096;

/** Stands for the beginning of a record. */
export const BEGINNING = 0;
/** The seam that was read last and is not known. */
export const UNKNOWN = 1;
const FIRST = 2;
/** Space for the notes of the unknown seam. */
const UNKNOWN_NOTES = 1024;

export class Seams {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #places = new Int32Array(PLACES);
  readonly #hashes = new Int32Array(SEAM_COUNT);
  readonly #novel = new Int32Array(NOVEL);
  /** By seam, where the value before it stands, and the value after it. */
  readonly #before: (Level | undefined)[] = [];
  readonly #levels: Level[];
  #count = FIRST;
  #usedBytes = 0;
  #usedNotes = UNKNOWN_NOTES;

  /** @param level of a record's map */
  constructor(memory: ArrayBuffer, level: Level) {
    this.#bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
    this.#levels = [level, level];
  }

  get isFull(): boolean {
    return (
      this.#count === SEAM_COUNT ||
      this.#usedBytes + SEAM_LENGTH > SEAM_BYTES_SIZE ||
      this.#usedNotes + UNKNOWN_NOTES > NOTES_SIZE
    );
  }

  /** Forgets all of them.
   * @param level of a record's map */
  clear(level: Level): void {
    this.#bytes.fill(0, SEAMS, SEAMS + SEAM * this.#count);
    this.#places.fill(0);
    this.#count = FIRST;
    this.#usedBytes = 0;
    this.#usedNotes = UNKNOWN_NOTES;
    this.#before.length = 0;
    this.#levels.length = 0;
    this.#levels.push(level, level);
  }

  /** Where the value after a seam stands. */
  levelAfter(seam: number): Level {
    return this.#levels[seam]!;
  }

  /** What follows a seam. */
  kindOf(seam: number): number {
    return this.#bytes[SEAMS + SEAM * seam + KIND]!;
  }

  /** The number of the seam in [start, end) that was read: UNKNOWN while it is not known because it was read only once.
   * @param before where the value before it stands
   * @param last the seam that it follows from now on */
  learn(reader: SeamReader, view: DataView, start: number, end: number, before: Level, last: number): number {
    const known = this.#known(reader, view, start, end, before);
    if (known === 0) {
      this.#write(UNKNOWN, reader, end - start, NOTES);
      return UNKNOWN;
    }
    if (last !== UNKNOWN) {
      const followers = SEAMS + SEAM * last + FOLLOWERS;
      this.#bytes.copyWithin(followers + 2, followers, followers + 2 * (MOST_FOLLOWERS - 1));
      this.#view.setUint16(followers, known, true);
    }
    return known;
  }

  #known(reader: SeamReader, view: DataView, start: number, end: number, before: Level): number {
    if (end - start > SEAM_LENGTH) return 0;
    const hash = hashOf(view, start, end);
    let place = (hash ^ (hash >>> 15)) & (PLACES - 1);
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const seam = this.#places[place]!;
      if (seam === 0) {
        if (!this.#isAgain(hash) || this.isFull) return 0;
        return (this.#places[place] = this.#add(reader, hash, view, start, end, before));
      }
      if (this.#hashes[seam] === hash && this.#before[seam] === before && this.#is(seam, view, start, end)) return seam;
      place = (place + 1) & (PLACES - 1);
    }
    return 0;
  }

  /** Whether a seam of this hash was read before. */
  #isAgain(hash: number): boolean {
    const place = hash & (NOVEL - 1);
    if (this.#novel[place] === hash) return true;
    this.#novel[place] = hash;
    return false;
  }

  #is(seam: number, view: DataView, start: number, end: number): boolean {
    const at = SEAMS + SEAM * seam;
    if (this.#view.getInt32(at + LENGTH, true) !== end - start) return false;
    return isSame(this.#view, this.#view.getInt32(at + START, true), view, start, end - start);
  }

  #add(reader: SeamReader, hash: number, view: DataView, start: number, end: number, before: Level): number {
    const seam = this.#count++;
    const length = end - start;
    const own = SEAM_BYTES + this.#usedBytes;
    for (let index = 0; index < length; index++) this.#bytes[own + index] = view.getUint8(start + index);
    this.#usedBytes += length;
    this.#hashes[seam] = hash;
    this.#before[seam] = before;
    this.#write(seam, reader, length, NOTES + this.#usedNotes);
    this.#usedNotes += NOTE * reader.noteCount;
    const at = SEAMS + SEAM * seam;
    this.#view.setInt32(at + START, own, true);
    for (let index = 0; index < Math.min(length, HEAD); index++) {
      this.#bytes[at + index] = this.#bytes[own + index]!;
      this.#bytes[at + MASK + index] = 0xff;
    }
    return seam;
  }

  #write(seam: number, reader: SeamReader, length: number, notes: number): void {
    const at = SEAMS + SEAM * seam;
    this.#levels[seam] = reader.level;
    this.#view.setInt32(at + LENGTH, length, true);
    this.#bytes[at + KIND] = reader.kind;
    this.#bytes[at + MAY_HOLD_EVENT] = reader.mayHoldEvent ? 1 : 0;
    this.#bytes[at + IS_EXTRA] = reader.isExtra ? 1 : 0;
    this.#bytes[at + QUOTE_NOTED] = reader.isQuoteNoted ? 1 : 0;
    this.#view.setInt16(at + SLOT, reader.slot, true);
    this.#bytes[at + NOTE_COUNT] = reader.noteCount;
    this.#view.setInt32(at + NOTES_START, notes, true);
    for (let index = 0; index < 2 * reader.noteCount; index++) {
      this.#view.setInt32(notes + 4 * index, reader.notes[index]!, true);
    }
  }
}
