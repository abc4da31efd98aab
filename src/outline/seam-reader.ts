/** Reads what stands between one text or number of a record and the next: `","verb":"`, a seam. It is validated as strictly
 * as by JSON.parse, and determines what an outline notes about it. */
import { IGNORED, REFUSED } from './event-keys.ts';
import { ANY, kinds, MAP_OR_LIST, NOTED, UNEXPECTED } from './json-shapes.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  COLON,
  COMMA,
  isDigit,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipScalar,
  skipSpace,
  skipString,
} from './json-syntax.ts';
import type { Level, LevelCount } from './nesting.ts';
import { LOG, TIMESTAMP, WRAPPING } from './slots.ts';
import { EXTRA_END, EXTRA_START, IS_KEY, IS_NOTHING, IS_NUMBER, IS_TEXT } from './walk-code.ts';

/** Most notes of one seam. */
const MOST_NOTES = 64;

/** What is expected next: a member or an item, what follows one, or the value of a key. */
const BEFORE_MEMBER = 0;
const BEHIND_VALUE = 1;
const BEHIND_KEY = 2;

export class SeamReader {
  /** Where the value that follows stands in the record. */
  level: Level;
  kind = IS_NOTHING;
  /** The slot of the value that follows, or -1. */
  slot = -1;
  /** Whether the slot includes the quotes of the text. */
  isQuoteNoted = false;
  /** Whether it is an extra member. */
  isExtra = false;
  /** Whether it may be the text of an event. */
  mayHoldEvent = false;
  /** Pairs: what is noted, and how far from the start of the seam. */
  readonly notes = new Int32Array(2 * MOST_NOTES);
  noteCount = 0;
  readonly #maxDepth: number;
  readonly #holdsEvents: boolean;
  readonly #count: LevelCount;

  /** @param maxDepth levels of maps and lists of a record
   * @param holdsEvents whether texts in it may be events */
  constructor(level: Level, maxDepth: number, holdsEvents: boolean, count: LevelCount) {
    this.level = level;
    this.#maxDepth = maxDepth;
    this.#holdsEvents = holdsEvents;
    this.#count = count;
  }

  /** The offset after the seam with which the map at an offset begins, or -1 for an empty map and for what is not JSON. */
  readFirst(bytes: Uint8Array, view: DataView, start: number, level: Level): number {
    if (bytes[start] !== OPEN_BRACE || this.#maxDepth < 1) return -1;
    const at = skipSpace(bytes, start + 1);
    if (bytes[at] === CLOSE_BRACE) return -1;
    return this.#read(bytes, view, start, at, level, BEFORE_MEMBER);
  }

  /** The offset after the seam that follows a text, a number or a key, or -1 for what is not JSON, and for members that an
   * outline has no place for.
   * @param start of the seam: except after a number, the quote that closes what it follows
   * @param level in which that stands
   * @param kind of what it follows */
  readNext(bytes: Uint8Array, view: DataView, start: number, level: Level, kind: number): number {
    const from = kind === IS_NUMBER ? start : start + 1;
    return this.#read(bytes, view, start, from, level, kind === IS_KEY ? BEHIND_KEY : BEHIND_VALUE);
  }

  #read(bytes: Uint8Array, view: DataView, start: number, from: number, outer: Level, place: number): number {
    let at = from;
    let level = outer;
    let next = place;
    this.noteCount = 0;
    for (;;) {
      if (next === BEHIND_VALUE) {
        at = skipSpace(bytes, at);
        const byte = bytes[at];
        if (byte === level.closer) {
          at++;
          if (level.slot !== -1) this.#note(level.slot + 1, at - start);
          if (level.isExtra) this.#note(EXTRA_END, at - start);
          if (level.parent === undefined) return this.#follows(IS_NOTHING, level, -1, false, false) ? at : -1;
          level = level.parent;
          continue;
        }
        if (byte !== COMMA) return -1;
        at = skipSpace(bytes, at + 1);
      }
      let slot = -1;
      let isExtra = false;
      let mayHoldEvent = false;
      if (level.closer === CLOSE_BRACE) {
        const { shape } = level;
        const keyStart = at;
        let keyEnd = at;
        if (next !== BEHIND_KEY) {
          if (bytes[at] !== QUOTE) return -1;
          keyEnd = skipString(bytes, view, at);
          if (keyEnd === -1) return -1;
          if (shape === undefined && hasEscape(bytes, keyStart, keyEnd)) {
            return this.#follows(IS_KEY, level, -1, false, false) ? keyStart + 1 : -1;
          }
        }
        at = skipSpace(bytes, keyEnd);
        if (bytes[at] !== COLON) return -1;
        at = skipSpace(bytes, at + 1);
        if (shape !== undefined) {
          const first = bytes[at]!;
          const found = shape.keys.find(bytes, keyStart + 1, keyEnd - 1);
          isExtra = shape.others === NOTED;
          if (found >= 0) {
            slot = found;
            const kind = kinds[slot]!;
            if (first !== kind && !isOfKind(first, kind)) return -1;
            mayHoldEvent = slot === LOG;
            if (slot < WRAPPING || (slot === TIMESTAMP && !isContainer(first))) isExtra = false;
          } else {
            if (found === REFUSED || (found === -1 && shape.others === UNEXPECTED)) return -1;
            if (found === -1 && hasEscape(bytes, keyStart, keyEnd)) return -1;
            mayHoldEvent = found === -1 && isExtra;
            if (found === IGNORED && !isContainer(first)) isExtra = false;
          }
          if (isExtra) this.#note(EXTRA_START, keyStart - start);
        }
      }
      const byte = bytes[at]!;
      if (byte === QUOTE) return this.#follows(IS_TEXT, level, slot, isExtra, mayHoldEvent) ? at + 1 : -1;
      if (byte === MINUS || isDigit(byte)) return this.#follows(IS_NUMBER, level, slot, isExtra, false) ? at : -1;
      if (slot !== -1) this.#note(slot, at - start);
      if (isContainer(byte)) {
        if (level.depth === this.#maxDepth || this.#count.isFull) return -1;
        level = level.within(byte, slot, isExtra, this.#count);
        at = skipSpace(bytes, at + 1);
        next = bytes[at] === level.closer ? BEHIND_VALUE : BEFORE_MEMBER;
      } else {
        at = skipScalar(bytes, at);
        if (at === -1) return -1;
        if (slot !== -1) this.#note(slot + 1, at - start);
        if (isExtra) this.#note(EXTRA_END, at - start);
        next = BEHIND_VALUE;
      }
    }
  }

  #note(what: number, offset: number): void {
    // A surplus of notes is noticed at the end.
    if (this.noteCount < MOST_NOTES) {
      this.notes[2 * this.noteCount] = what;
      this.notes[2 * this.noteCount + 1] = offset;
    }
    this.noteCount++;
  }

  /** @returns false if there is no space for all notes */
  #follows(kind: number, level: Level, slot: number, isExtra: boolean, mayHoldEvent: boolean): boolean {
    this.kind = kind;
    this.level = level;
    this.slot = slot;
    this.isQuoteNoted = kind === IS_TEXT && slot !== -1 && kinds[slot] !== QUOTE;
    this.isExtra = isExtra;
    this.mayHoldEvent = mayHoldEvent && this.#holdsEvents;
    return this.noteCount <= MOST_NOTES;
  }
}

/** Whether a value is of a kind that can begin with more than one byte. */
function isOfKind(first: number, kind: number): boolean {
  return kind === ANY || (kind === MAP_OR_LIST && isContainer(first));
}

function isContainer(byte: number): boolean {
  return byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

/** Whether a key is spelled with escapes, and so may be any key. */
function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}
