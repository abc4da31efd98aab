/** Numbers values by their bytes: equal bytes, equal numbers. */
import {
  MASKS,
  NUMBERED,
  NUMBERS,
  PLACE_COUNT,
  PLACES,
  SPANS,
  VALUE,
  VALUE_BYTES,
  VALUE_BYTES_SIZE,
  VALUE_COUNT,
  VALUES,
} from './memory';

/** A longer value has no number. */
const LONGEST_VALUE: i32 = 4096;
/** Most places that are probed for a value, so that nobody can slow this down by choosing values. */
const MOST_PROBES: i32 = 8;
/** Multipliers of the hash. */
const ODD: i64 = 0x2c1b3c6d297a2d39;
const OTHER_ODD: i64 = 0x1b873593cc9e2d51;

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

/** The number of the values in some slots of the outline: the same for the same bytes in each. 0 if one has no number, and -1
 * if there is no space for a new one.
 * @param list where in NUMBERED the slots are
 * @param shift as in `walk` */
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

/** The number of a value: 0 if it has none, and -1 if there is no space for it. */
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
    one = (one ^ load<i64>(at)) * ODD;
    other = (other ^ load<i64>(at, 8)) * OTHER_ODD;
    one ^= one >>> 32;
    other ^= other >>> 32;
  }
  const mask = MASKS + 16 * (end - at);
  one = (one ^ (load<i64>(at) & load<i64>(mask))) * ODD;
  other = (other ^ (load<i64>(at, 8) & load<i64>(mask, 8))) * OTHER_ODD;
  one ^= other >>> 29;
  one *= ODD;
  return <i32>(one >>> 32);
}

export function isSame(start: i32, otherStart: i32, length: i32): bool {
  let index = 0;
  for (; index + 16 <= length; index += 16) {
    if (v128.any_true(v128.xor(v128.load(start + index), v128.load(otherStart + index)))) return false;
  }
  const rest = v128.xor(v128.load(start + index), v128.load(otherStart + index));
  return !v128.any_true(v128.and(rest, v128.load(MASKS + 16 * (length - index))));
}
