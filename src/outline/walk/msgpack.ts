/** Outlines audit events in MessagePack: one pass over a map that notes where its members lie. It trusts no length beyond
 * the bytes that exist. */

import { isSame } from './member-numbers';
import {
  BEYOND,
  FIXED_LENGTHS,
  KEY,
  KEY_COUNT,
  KEYS,
  KINDS,
  MAP_OR_LIST,
  NO_OUTLINE,
  OF_ARRAY,
  OF_MAP,
  OF_OTHER,
  OF_STR,
  REF_KEYS,
  SPANS,
  WAITING,
  WANTED,
} from './memory';
import { addExtra } from './walk';

/** As in event-keys.ts. */
const IGNORED: i32 = -2;
const REFUSED: i32 = -3;
const UNKNOWN: i32 = -1;

/** Where the value whose header was read last ends, or where its items begin, and how many items there are. */
let next: i32 = 0;
let items: i32 = 0;

/** The offset after the map at an offset; NO_OUTLINE for a map that is not as plain as kube-apiserver writes it, and BEYOND
 * for one that does not end before `end`.
 * @param shift as in `walk`
 * @param maxLevels of maps and arrays within the map
 * @param objectRef the slot of that map, whose members are noted */
export function outlineMsgpack(start: i32, end: i32, shift: i32, maxLevels: i32, objectRef: i32): i32 {
  if (!readHeader(start, end)) return BEYOND;
  if (kindAt(start) !== OF_MAP) return NO_OUTLINE;
  let at = next;
  for (let left = items; left > 0; left--) {
    const memberStart = at;
    if (!readHeader(at, end)) return BEYOND;
    if (kindAt(at) !== OF_STR) return NO_OUTLINE;
    const keyEnd = next;
    const slot = slotOf(KEYS, keyEnd - items, items);
    if (!readHeader(keyEnd, end)) return BEYOND;
    const kind = kindAt(keyEnd);
    const textStart = next - items;
    if (slot === objectRef) {
      if (load<i32>(SPANS + 4 * slot) !== -1) return NO_OUTLINE;
      at = outlineRef(keyEnd, end, shift);
    } else {
      at = skipValue(keyEnd, end, maxLevels);
    }
    if (at < 0) return at;
    if (slot >= 0) {
      const wanted = <i32>load<u8>(WANTED + slot);
      const isUsual = wanted === MAP_OR_LIST ? kind === OF_MAP || kind === OF_ARRAY : kind === wanted;
      if (!isUsual || load<i32>(SPANS + 4 * slot) !== -1) return NO_OUTLINE;
      store<i32>(SPANS + 4 * slot, shift + (kind === OF_STR ? textStart : keyEnd));
      store<i32>(SPANS + 4 * slot, shift + at, 4);
    } else if (slot !== IGNORED || kind === OF_MAP || kind === OF_ARRAY) {
      if (slot === REFUSED || !addExtra(memberStart + shift, at + shift)) return NO_OUTLINE;
    }
  }
  return at;
}

/** Notes the members of an objectRef, which are texts. */
function outlineRef(start: i32, end: i32, shift: i32): i32 {
  if (!readHeader(start, end)) return BEYOND;
  if (kindAt(start) !== OF_MAP) return NO_OUTLINE;
  let at = next;
  for (let left = items; left > 0; left--) {
    if (!readHeader(at, end)) return BEYOND;
    if (kindAt(at) !== OF_STR) return NO_OUTLINE;
    at = next;
    const slot = slotOf(REF_KEYS, at - items, items);
    if (!readHeader(at, end)) return BEYOND;
    if (slot === UNKNOWN || load<i32>(SPANS + 4 * slot) !== -1 || kindAt(at) !== OF_STR) return NO_OUTLINE;
    at = next;
    store<i32>(SPANS + 4 * slot, shift + at - items);
    store<i32>(SPANS + 4 * slot, shift + at, 4);
  }
  return at;
}

function kindAt(at: i32): i32 {
  return load<u8>(KINDS + <i32>load<u8>(at));
}

/** Reads the header of the value at an offset: `items` are the bytes of a text, or the items or pairs of a map or an array;
 * `next` is where a text or another value ends, or where the items begin.
 * @returns false if that is beyond the end */
function readHeader(at: i32, end: i32): bool {
  if (at >= end) return false;
  const byte = <i32>load<u8>(at);
  const left = end - at;
  if (byte < 0x80 || byte >= 0xe0) {
    items = 0;
    next = at + 1;
    return true;
  }
  if (byte < 0xa0) {
    items = byte & 0x0f;
    next = at + 1;
    return true;
  }
  if (byte < 0xc0) {
    items = byte & 0x1f;
    next = at + 1 + items;
    return next <= end;
  }
  const kind = <i32>load<u8>(KINDS + byte);
  if (kind === OF_OTHER) {
    // Values that an event does not have are refused by the callers that check their kind.
    const length = <i32>load<i8>(FIXED_LENGTHS + (byte - 0xc0));
    items = 0;
    next = at + 1 + (length < 0 ? 0 : length);
    return next <= end;
  }
  let header = 2;
  let length: u32 = 0;
  if (byte === 0xd9) {
    if (left < 2) return false;
    length = load<u8>(at, 1);
  } else if (byte === 0xda || byte === 0xdc || byte === 0xde) {
    if (left < 3) return false;
    header = 3;
    length = <u32>bswap<u16>(load<u16>(at, 1));
  } else {
    if (left < 5) return false;
    header = 5;
    length = bswap<u32>(load<u32>(at, 1));
  }
  // Each item takes at least a byte.
  if (length > <u32>(left - header)) return false;
  items = <i32>length;
  next = at + header + (kind === OF_STR ? items : 0);
  return true;
}

/** The offset after a value; NO_OUTLINE for one that has kinds of values that JSON does not have, or that nests deeper. */
function skipValue(start: i32, end: i32, maxLevels: i32): i32 {
  let at = start;
  let pending = 1;
  let open = 0;
  while (pending > 0) {
    if (!readHeader(at, end)) return BEYOND;
    const byte = <i32>load<u8>(at);
    const kind = <i32>load<u8>(KINDS + byte);
    pending--;
    at = next;
    if (kind === OF_MAP || kind === OF_ARRAY) {
      if (items > 0) {
        // The values that are left of this one's parent.
        if (open === maxLevels) return NO_OUTLINE;
        store<i32>(WAITING + 4 * open++, pending);
        pending = kind === OF_MAP ? 2 * items : items;
      }
    } else if (kind === OF_OTHER && byte >= 0xc0 && byte < 0xe0 && load<i8>(FIXED_LENGTHS + (byte - 0xc0)) < 0) {
      return NO_OUTLINE;
    }
    while (pending === 0 && open > 0) pending = load<i32>(WAITING + 4 * --open);
  }
  return at;
}

/** What a key stands for in a table, which msgpack-outline.ts writes. */
function slotOf(table: i32, start: i32, length: i32): i32 {
  if (length === 0) return UNKNOWN;
  let place = keyPlace(start, length);
  while (true) {
    const key = table + KEY * place;
    const own = load<i32>(key);
    if (own === 0) return UNKNOWN;
    if (own === length && isSame(load<i32>(key, 8), start, length)) return load<i32>(key, 4);
    place = (place + 1) & (KEY_COUNT - 1);
  }
}

/** The place in a table where a missing key belongs. */
export function placeOfKey(table: i32, start: i32, length: i32): i32 {
  let place = keyPlace(start, length);
  while (load<i32>(table + KEY * place) !== 0) place = (place + 1) & (KEY_COUNT - 1);
  return place;
}

/** Where a key is looked for first: by its length, and its first, middle and last byte. */
function keyPlace(start: i32, length: i32): i32 {
  const mixed =
    <i32>load<u8>(start) * 7 +
    <i32>load<u8>(start + (length >> 1)) * 31 +
    <i32>load<u8>(start + length - 1) * 131 +
    length * 17;
  return (mixed ^ (mixed >> 7)) & (KEY_COUNT - 1);
}
