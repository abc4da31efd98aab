/** Walks over records of JSON by the seams that are known of them: see seams.ts, which writes the tables that are read here.
 * AssemblyScript, since four comparisons of sixteen bytes take as long here as one of four bytes in JavaScript.
 * `npm run walk` compiles it. */

/** Numbers of a seam, and where they lie in its 64 bytes. Head and mask are of sixteen bytes. */
export const SEAM: i32 = 64;
export const MASK: i32 = 16;
export const LENGTH: i32 = 32;
export const START: i32 = 36;
export const KIND: i32 = 40;
export const MAY_HOLD_EVENT: i32 = 41;
export const IS_EXTRA: i32 = 42;
export const NOTE_COUNT: i32 = 43;
export const SLOT: i32 = 44;
export const QUOTE_NOTED: i32 = 46;
export const NOTES_START: i32 = 48;
export const FOLLOWERS: i32 = 52;
export const MOST_FOLLOWERS: i32 = 4;

/** Where a walk says at which seam it has ended, and where: two numbers. */
export const STOP: i32 = 1024;

/** Bytes of the longest seam. */
export const SEAM_LENGTH: i32 = 512;

/** Where the tables are. */
export const SEAMS: i32 = 4096;
export const SEAM_COUNT: i32 = 8192;
export const SEAM_BYTES: i32 = SEAMS + SEAM * SEAM_COUNT;
export const SEAM_BYTES_SIZE: i32 = 512 * 1024;
export const NOTES: i32 = SEAM_BYTES + SEAM_BYTES_SIZE + 16;
export const NOTES_SIZE: i32 = 128 * 1024;
/** The outline of the record. */
export const SPANS: i32 = NOTES + NOTES_SIZE;
/** Lists of slots whose values are numbered, sixteen masks of that many bytes, and the numbers of one record. */
export const NUMBERED: i32 = SPANS + 4096;
const MASKS: i32 = NUMBERED + 1024;
const NUMBERS: i32 = MASKS + 512;
/** Values that have a number: 16 bytes each, the places of these by their hashes, and their bytes. */
const VALUES: i32 = NUMBERS + 512;
export const VALUE_COUNT: i32 = 32768;
const VALUE: i32 = 16;
const PLACES: i32 = VALUES + VALUE * VALUE_COUNT;
const PLACE_COUNT: i32 = 2 * VALUE_COUNT;
const VALUE_BYTES: i32 = PLACES + 4 * PLACE_COUNT;
const VALUE_BYTES_SIZE: i32 = 1536 * 1024;
/** A longer value has no number. */
const LONGEST_VALUE: i32 = 4096;
/** Steps from the place of a value to where it is, at most, so that nobody can make them many by choosing values. */
const MOST_PROBES: i32 = 8;
/** What is walked over; sixteen bytes behind it can be read. */
export const TEXT: i32 = VALUE_BYTES + VALUE_BYTES_SIZE + 16;
export const TEXT_SIZE: i32 = 2 * 1024 * 1024;

/** Kinds of values. */
export const IS_TEXT: i32 = 0;
export const IS_NUMBER: i32 = 1;
export const IS_NOTHING: i32 = 2;
/** The text of a key that is likely to be another in each record. */
export const IS_KEY: i32 = 3;

/** Why a walk ends. */
export const ENDED: i32 = 0;
export const UNKNOWN_SEAM: i32 = 1;
export const POSSIBLE_EVENT: i32 = 2;
export const MORE: i32 = 3;
export const REFUSED: i32 = 4;

/** What a walk does first: finds the seam behind a value, passes one, finds the end of the value behind it, or notes one that was found. */
export const BEHIND_VALUE: i32 = 0;
export const AT_SEAM: i32 = 1;
export const AT_VALUE: i32 = 2;
export const AT_VALUE_END: i32 = 3;

/** Notes beside starts and ends of slots. */
export const EXTRA_START: i32 = -1;
export const EXTRA_END: i32 = -2;
const UNCLEAR: i32 = -2;

let extras: i32 = 0;
let lastExtra: i32 = 0;
let extraCount: i32 = 0;
let timestamp: i32 = 0;

/** Of the current record. */
let extraStart: i32 = 0;

/** Offsets of an outline, see slots.ts. */
export function layOut(extrasOffset: i32, lastExtraOffset: i32, extraCountOffset: i32, timestampOffset: i32): void {
  extras = extrasOffset;
  lastExtra = lastExtraOffset;
  extraCount = extraCountOffset;
  timestamp = timestampOffset;
}

/** @param from where in TEXT
 * @param end of what is there
 * @param shift from where it lies there to offsets in the batch */
export function walk(phase: i32, fromSeam: i32, from: i32, end: i32, shift: i32): i32 {
  let position = from;
  let current = SEAMS + fromSeam * SEAM;
  let next = phase;
  while (true) {
    if (next === BEHIND_VALUE) {
      const found = following(current, position, end);
      if (found === 0) return stopped(UNKNOWN_SEAM, position, current);
      current = found;
      next = AT_SEAM;
    }
    const kind = <i32>load<u8>(current, KIND);
    const slot = <i32>load<i16>(current, SLOT);
    if (next === AT_SEAM) {
      const count = <i32>load<u8>(current, NOTE_COUNT);
      if (count > 0 && !note(current, count, position + shift)) return REFUSED;
      position += load<i32>(current, LENGTH);
      if (slot !== -1 && !begins(slot, position + shift - <i32>load<u8>(current, QUOTE_NOTED))) return REFUSED;
    }
    let valueEnd = position;
    if (next === AT_VALUE_END) {
      valueEnd = position;
    } else if (kind === IS_TEXT || kind === IS_KEY) {
      if (load<u8>(current, MAY_HOLD_EVENT) !== 0) {
        if (position + 2 > end) return stopped(MORE, position, current);
        // A text of JSON in JSON: `{\\`.
        if (load<u16>(position) === 0x5c7b) return stopped(POSSIBLE_EVENT, position, current);
      }
      valueEnd = endOfText(position, end);
      if (valueEnd < 0) return valueEnd === -1 ? REFUSED : stopped(MORE, position, current);
    } else if (kind === IS_NUMBER) {
      valueEnd = endOfNumber(position, end);
      if (valueEnd < 0) return REFUSED;
      if (valueEnd >= end) return stopped(MORE, position, current);
    } else {
      return stopped(ENDED, position, current);
    }
    if (slot !== -1) endOf(slot + 1, valueEnd + shift + <i32>load<u8>(current, QUOTE_NOTED));
    if (load<u8>(current, IS_EXTRA) !== 0 && !endExtra(valueEnd + shift + (kind === IS_TEXT ? 1 : 0))) return REFUSED;
    position = valueEnd;
    next = BEHIND_VALUE;
  }
}

function stopped(why: i32, position: i32, current: i32): i32 {
  store<i32>(STOP, (current - SEAMS) / SEAM);
  store<i32>(STOP, position, 4);
  return why;
}

function following(current: i32, position: i32, end: i32): i32 {
  const head = v128.load(position);
  const first = current + FOLLOWERS;
  for (let place = first; place < first + 2 * MOST_FOLLOWERS; place += 2) {
    const index = <i32>load<u16>(place);
    if (index === 0) return 0;
    const next = SEAMS + index * SEAM;
    if (v128.any_true(v128.and(v128.xor(head, v128.load(next)), v128.load(next, MASK)))) continue;
    const length = load<i32>(next, LENGTH);
    if (position + length > end) continue;
    if (length > 16 && !stands(next, length, position)) continue;
    // One before a number is the beginning of the one before a text, too.
    if (load<u8>(next, KIND) === IS_NUMBER && !beginsNumber(position + length, end)) continue;
    if (place > first) {
      store<u16>(place, load<u16>(place - 2));
      store<u16>(place - 2, <u16>index);
    }
    return next;
  }
  return 0;
}

function beginsNumber(position: i32, end: i32): bool {
  if (position >= end) return false;
  const byte = <i32>load<u8>(position);
  return byte === 0x2d || isDigit(byte);
}

/** Whether a seam of more than sixteen bytes stands where its first sixteen do. */
function stands(seam: i32, length: i32, position: i32): bool {
  const own = load<i32>(seam, START);
  const last = length - 16;
  for (let offset = 16; offset < last; offset += 16) {
    if (v128.any_true(v128.xor(v128.load(own + offset), v128.load(position + offset)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(own + last), v128.load(position + last)));
}

/** The offset of the quote that closes a text; -1 where it is no valid one, -2 where it goes on beyond the end. */
function endOfText(start: i32, end: i32): i32 {
  let position = start;
  while (true) {
    const part = v128.load(position);
    const marks = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(part, i8x16.splat(0x22)), i8x16.eq(part, i8x16.splat(0x5c))),
        i8x16.lt_u(part, i8x16.splat(0x20)),
      ),
    );
    if (marks === 0) {
      position += 16;
      if (position >= end) return -2;
      continue;
    }
    position += ctz(marks);
    if (position >= end) return -2;
    const byte = <i32>load<u8>(position);
    if (byte === 0x22) return position;
    if (byte !== 0x5c) return -1;
    if (position + 2 > end) return -2;
    const letter = <i32>load<u8>(position, 1);
    if (letter === 0x75) {
      if (position + 6 > end) return -2;
      for (let index = 2; index < 6; index++) if (!isHex(load<u8>(position + index))) return -1;
      position += 6;
    } else {
      if (
        letter !== 0x22 &&
        letter !== 0x5c &&
        letter !== 0x2f &&
        letter !== 0x62 &&
        letter !== 0x66 &&
        letter !== 0x6e &&
        letter !== 0x72 &&
        letter !== 0x74
      )
        return -1;
      position += 2;
    }
    if (position >= end) return -2;
  }
}

function isHex(byte: i32): bool {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}

function isDigit(byte: i32): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function skipDigits(start: i32, end: i32): i32 {
  let position = start;
  while (position < end && isDigit(load<u8>(position))) position++;
  return position;
}

/** The offset after a number; -1 where it is none, the end where it may go on there. */
function endOfNumber(start: i32, end: i32): i32 {
  let position = start;
  if (position >= end) return end;
  if (load<u8>(position) === 0x2d) position++;
  if (position >= end) return end;
  const first = <i32>load<u8>(position);
  if (!isDigit(first)) return -1;
  position = first === 0x30 ? position + 1 : skipDigits(position, end);
  if (position >= end) return end;
  if (load<u8>(position) === 0x2e) {
    position++;
    if (position >= end) return end;
    if (!isDigit(load<u8>(position))) return -1;
    position = skipDigits(position, end);
    if (position >= end) return end;
  }
  if ((load<u8>(position) | 0x20) === 0x65) {
    position++;
    if (position >= end) return end;
    const sign = <i32>load<u8>(position);
    if (sign === 0x2b || sign === 0x2d) position++;
    if (position >= end) return end;
    if (!isDigit(load<u8>(position))) return -1;
    position = skipDigits(position, end);
  }
  return position;
}

function note(current: i32, count: i32, start: i32): bool {
  const notes = load<i32>(current, NOTES_START);
  for (let index = notes; index < notes + 8 * count; index += 8) {
    const what = load<i32>(index);
    const offset = start + load<i32>(index, 4);
    if (what === EXTRA_START) extraStart = offset;
    else if (what === EXTRA_END) {
      if (!endExtra(offset)) return false;
    } else if ((what & 1) === 0) {
      if (!begins(what, offset)) return false;
    } else endOf(what, offset);
  }
  return true;
}

function begins(slot: i32, offset: i32): bool {
  const span = SPANS + 4 * slot;
  if (load<i32>(span) === -1) {
    store<i32>(span, offset);
    return true;
  }
  store<i32>(span, UNCLEAR, 4);
  return slot === timestamp;
}

function endOf(slotEnd: i32, offset: i32): void {
  const span = SPANS + 4 * slotEnd;
  if (load<i32>(span) !== UNCLEAR) store<i32>(span, offset);
}

function endExtra(end: i32): bool {
  const count = load<i32>(SPANS + 4 * extraCount);
  const extra = extras + 2 * count;
  if (extra === lastExtra) return false;
  store<i32>(SPANS + 4 * extraCount, count + 1);
  store<i32>(SPANS + 4 * extra, extraStart);
  store<i32>(SPANS + 4 * extra, end, 4);
  return true;
}

let seed: i64 = 0;
let valueCount: i32 = 0;
let valueBytes: i32 = 0;

/** @param seedOfProcess of hashes, so that collisions cannot be prepared elsewhere */
export function beginNumbers(seedOfProcess: i64): void {
  seed = seedOfProcess;
  for (let length = 0; length < 16; length++) {
    for (let index = 0; index < 16; index++) store<u8>(MASKS + 16 * length + index, index < length ? 0xff : 0);
  }
  forgetNumbers();
}

export function forgetNumbers(): void {
  memory.fill(PLACES, 0, 4 * PLACE_COUNT);
  valueCount = 0;
  valueBytes = 0;
}

/** The number of the values in some slots of the outline: the same for the same bytes in each. 0 where one has none, and -1
 * where there is no room for a new one.
 * @param list where in NUMBERED the slots are
 * @param shift as of `walk` */
export function numberOf(list: i32, count: i32, shift: i32): i32 {
  for (let index = 0; index < count; index++) {
    const slot = load<i32>(NUMBERED + 4 * (list + index));
    const start = load<i32>(SPANS + 4 * slot);
    let number = 0;
    if (start !== -1) {
      number = numbered(slot, start - shift, load<i32>(SPANS + 4 * slot, 4) - shift);
      if (number <= 0) return number;
    }
    store<i32>(NUMBERS + 4 * index, number);
  }
  return numbered(-1 - list, NUMBERS, NUMBERS + 4 * count);
}

/** The number of a value: 0 where it has none, and -1 where there is no room for it. */
function numbered(kind: i32, start: i32, end: i32): i32 {
  const length = end - start;
  if (length > LONGEST_VALUE) return 0;
  const hash = hashOf(kind, start, length);
  let place = (hash ^ (hash >>> 16)) & (PLACE_COUNT - 1);
  for (let probe = 0; probe < MOST_PROBES; probe++) {
    const number = load<i32>(PLACES + 4 * place);
    if (number === 0) {
      if (valueCount === VALUE_COUNT - 1 || valueBytes + length > VALUE_BYTES_SIZE) return -1;
      valueCount++;
      store<i32>(PLACES + 4 * place, valueCount);
      const value = VALUES + VALUE * valueCount;
      store<i32>(value, hash);
      store<i32>(value, kind, 4);
      store<i32>(value, length, 8);
      store<i32>(value, VALUE_BYTES + valueBytes, 12);
      memory.copy(VALUE_BYTES + valueBytes, start, length);
      valueBytes += length;
      return valueCount;
    }
    const value = VALUES + VALUE * number;
    if (
      load<i32>(value) === hash &&
      load<i32>(value, 4) === kind &&
      load<i32>(value, 8) === length &&
      isSame(load<i32>(value, 12), start, length)
    ) {
      return number;
    }
    place = (place + 1) & (PLACE_COUNT - 1);
  }
  return 0;
}

function hashOf(kind: i32, start: i32, length: i32): i32 {
  let one: i64 = seed ^ <i64>length;
  let other: i64 = seed ^ <i64>kind;
  let at = start;
  const end = start + length;
  for (; at + 16 <= end; at += 16) {
    one = (one ^ load<i64>(at)) * 0x2c1b3c6d297a2d39;
    other = (other ^ load<i64>(at, 8)) * 0x1b873593cc9e2d51;
    one ^= one >>> 32;
    other ^= other >>> 32;
  }
  const mask = MASKS + 16 * (end - at);
  one = (one ^ (load<i64>(at) & load<i64>(mask))) * 0x2c1b3c6d297a2d39;
  other = (other ^ (load<i64>(at, 8) & load<i64>(mask, 8))) * 0x1b873593cc9e2d51;
  one ^= other >>> 29;
  one *= 0x2c1b3c6d297a2d39;
  return <i32>(one >>> 32);
}

function isSame(start: i32, otherStart: i32, length: i32): bool {
  let index = 0;
  for (; index + 16 <= length; index += 16) {
    if (v128.any_true(v128.xor(v128.load(start + index), v128.load(otherStart + index)))) return false;
  }
  const rest = v128.xor(v128.load(start + index), v128.load(otherStart + index));
  return !v128.any_true(v128.and(rest, v128.load(MASKS + 16 * (length - index))));
}
