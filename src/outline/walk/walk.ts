/** Walks over records of JSON by their known seams: see seams.ts, which writes the tables that are read here. */
import {
  AT_SEAM,
  AT_VALUE_END,
  BEHIND_VALUE,
  ENDED,
  EXTRA_END,
  EXTRA_START,
  FOLLOWERS,
  IS_EXTRA,
  IS_KEY,
  IS_NOTHING,
  IS_NUMBER,
  IS_TEXT,
  KIND,
  LENGTH,
  MASK,
  MAY_HOLD_EVENT,
  MORE,
  MOST_FOLLOWERS,
  NOTE_COUNT,
  NOTES_START,
  POSSIBLE_EVENT,
  QUOTE_NOTED,
  REFUSED,
  SEAM,
  SEAMS,
  SLOT,
  SPANS,
  START,
  STOP,
  UNKNOWN_SEAM,
} from './memory';

/** As in find-member.ts. */
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

/** @param from offset in TEXT
 * @param end of the bytes in TEXT
 * @param shift from offsets in TEXT to offsets in the batch */
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
    // Nothing is read after the end: a seam that was read elsewhere may extend far beyond it.
    if (kind !== IS_NOTHING && position >= end) return stopped(MORE, position, current);
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
    // A seam before a number is also the beginning of the one before a text.
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

/** The offset of the quote that closes a text; -1 if it is not valid, -2 if it continues beyond the end. */
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

/** The offset after a number; -1 if it is not a number, the end if it may continue there. */
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
  return addExtra(extraStart, end);
}

/** Notes an extra member; returns false if there is no space for it. */
export function addExtra(start: i32, end: i32): bool {
  const count = load<i32>(SPANS + 4 * extraCount);
  const extra = extras + 2 * count;
  if (extra === lastExtra) return false;
  store<i32>(SPANS + 4 * extraCount, count + 1);
  store<i32>(SPANS + 4 * extra, start);
  store<i32>(SPANS + 4 * extra, end, 4);
  return true;
}
