/** Outlines an audit event in MessagePack: one pass over the map that notes where its members lie. */

import { IGNORED, REFUSED, refKeys } from './event-keys.ts';
import { NONE, UNCLEAR } from './find-member.ts';
import type { KeyTable } from './key-table.ts';
import {
  EXTRA_COUNT,
  EXTRAS,
  HOLE,
  LAST_EXTRA,
  LAYOUT,
  MSGPACK_LAYOUT,
  maps,
  members,
  OBJECT_REF,
  PROFILE,
  SOURCE_IPS,
  STRIDE,
  TEXT,
  TIMESTAMP,
  texts,
  USUAL_URI,
  WRAPPER,
  WRAPPING,
} from './slots.ts';

const STR = 1;
const ARRAY = 2;
const MAP = 3;
const OTHER = 4;

/** What kind of value begins with a byte. */
const kinds = new Uint8Array(256).fill(OTHER);
kinds.fill(MAP, 0x80, 0x90);
kinds.fill(ARRAY, 0x90, 0xa0);
kinds.fill(STR, 0xa0, 0xc0);
kinds.fill(STR, 0xd9, 0xdc);
kinds.fill(ARRAY, 0xdc, 0xde);
kinds.fill(MAP, 0xde, 0xe0);

/** The kind that the value of each member is of; 0 for a map or an array. */
const wantedKinds = new Uint8Array(STRIDE);
for (const [slot, name] of members.entries()) {
  const isText = (texts as readonly string[]).includes(name);
  const isMap = (maps as readonly string[]).includes(name);
  wantedKinds[2 * slot] = isText ? STR : isMap ? MAP : 2 * slot === SOURCE_IPS ? ARRAY : 0;
}

/** Bytes of a header by its first byte, for strings, arrays and maps. */
function headerLength(byte: number): number {
  switch (byte) {
    case 0xd9:
      return 2;
    case 0xda:
    case 0xdc:
    case 0xde:
      return 3;
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 5;
    default:
      return 1;
  }
}

/** How many items a header announces, or bytes of a string. */
function lengthAt(bytes: Uint8Array, view: DataView, at: number): number {
  const byte = bytes[at]!;
  if (byte < 0xa0) return byte & 0x0f;
  if (byte < 0xc0) return byte & 0x1f;
  if (byte === 0xd9) return bytes[at + 1]!;
  return byte === 0xda || byte === 0xdc || byte === 0xde ? view.getUint16(at + 1) : view.getUint32(at + 1);
}

/** Bytes behind the first of values that hold no others and have no length, by the first byte from 0xc0 on; -1 for those
 * that an event does not have. */
const fixedLengths = Int8Array.of(
  ...[0, -1, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, -1, -1, -1, -1, -1],
);

/** The offset after a value whose range was validated, or -1 for one with kinds of values that JSON does not have, or that
 * nests deeper.
 * @param maxLevels of maps and arrays */
function skipValue(bytes: Uint8Array, view: DataView, start: number, maxLevels: number): number {
  let at = start;
  let pending = 1;
  let open = 0;
  while (pending > 0) {
    const byte = bytes[at]!;
    pending--;
    if (byte < 0x80 || byte >= 0xe0) {
      at++;
    } else if (byte >= 0xa0 && byte < 0xc0) {
      at += 1 + (byte & 0x1f);
    } else if (kinds[byte] === STR) {
      at += headerLength(byte) + lengthAt(bytes, view, at);
    } else if (kinds[byte] === OTHER) {
      const length = fixedLengths[byte - 0xc0]!;
      if (length === -1) return -1;
      at += 1 + length;
    } else {
      const items = lengthAt(bytes, view, at);
      at += headerLength(byte);
      if (items > 0) {
        // Those that wait for the rest of this one's parent.
        if (open === maxLevels) return -1;
        waiting[open++] = pending;
        pending = kinds[byte] === MAP ? 2 * items : items;
      }
    }
    while (pending === 0 && open > 0) pending = waiting[--open]!;
  }
  return at;
}

/** Levels that are stepped over. */
const MAX_LEVELS = 256;
const waiting = new Float64Array(MAX_LEVELS);

/** Writes the outline of a map that is known to be whole: of members in their usual types, each once. Returns the offset
 * after the map, or -1 for whatever is not as plain as that.
 * @param spans STRIDE numbers from `base` on, see slots.ts
 * @param maxDepth levels of maps and arrays */
export function outlineMsgpack(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  keys: KeyTable,
  maxDepth: number,
  spans: Int32Array,
  base: number,
): number {
  if (kinds[bytes[start]!] !== MAP) return -1;
  spans.fill(-1, base, base + EXTRAS);
  spans[base + PROFILE] = 0;
  spans[base + USUAL_URI] = 0;
  const maxLevels = Math.min(maxDepth, MAX_LEVELS) - 1;
  let extras = base + EXTRAS;
  let at = start + headerLength(bytes[start]!);
  for (let left = lengthAt(bytes, view, start); left > 0; left--) {
    const memberStart = at;
    if (kinds[bytes[at]!] !== STR) return -1;
    const keyStart = at + headerLength(bytes[at]!);
    at = keyStart + lengthAt(bytes, view, at);
    const slot = slotOf(keys.find(bytes, keyStart, at));
    const valueStart = at;
    const kind = kinds[bytes[valueStart]!]!;
    if (slot === OBJECT_REF) {
      if (spans[base + slot] !== -1) return -1;
      at = outlineRef(bytes, view, valueStart, spans, base);
    } else {
      at = skipValue(bytes, view, valueStart, maxLevels);
    }
    if (at === -1) return -1;
    if (slot >= 0) {
      const wanted = wantedKinds[slot]!;
      const isUsual = wanted === 0 ? kind === MAP || kind === ARRAY : kind === wanted;
      if (!isUsual || spans[base + slot] !== -1) return -1;
      spans[base + slot] = kind === STR ? valueStart + headerLength(bytes[valueStart]!) : valueStart;
      spans[base + slot + 1] = at;
    } else if (slot !== IGNORED || kind === MAP || kind === ARRAY) {
      if (slot === REFUSED || extras === base + LAST_EXTRA) return -1;
      spans[extras++] = memberStart;
      spans[extras++] = at;
    }
  }
  spans[base + EXTRA_COUNT] = (extras - base - EXTRAS) >> 1;
  spans[base + WRAPPER] = -1;
  spans[base + HOLE] = -1;
  spans[base + TEXT] = -1;
  spans[base + LAYOUT] = MSGPACK_LAYOUT;
  return at;
}

/** What a key is here, where events are not made of other records. */
function slotOf(slot: number): number {
  return slot < WRAPPING ? slot : slot === TIMESTAMP ? IGNORED : -1;
}

/** Notes the members of an objectRef, which are texts. */
function outlineRef(bytes: Uint8Array, view: DataView, start: number, spans: Int32Array, base: number): number {
  if (kinds[bytes[start]!] !== MAP) return -1;
  let at = start + headerLength(bytes[start]!);
  for (let left = lengthAt(bytes, view, start); left > 0; left--) {
    if (kinds[bytes[at]!] !== STR) return -1;
    const keyStart = at + headerLength(bytes[at]!);
    at = keyStart + lengthAt(bytes, view, at);
    const slot = refKeys.find(bytes, keyStart, at);
    if (slot === -1 || spans[base + slot] !== -1 || kinds[bytes[at]!] !== STR) return -1;
    spans[base + slot] = at + headerLength(bytes[at]!);
    at = spans[base + slot]! + lengthAt(bytes, view, at);
    spans[base + slot + 1] = at;
  }
  return at;
}

/** The text at an offset: where its header and its bytes begin, and where they end; undefined for any other value. */
export function msgpackTextAt(
  bytes: Uint8Array,
  view: DataView,
  start: number,
): { start: number; text: number; end: number } | undefined {
  if (kinds[bytes[start]!] !== STR) return undefined;
  const text = start + headerLength(bytes[start]!);
  return { start, text, end: text + lengthAt(bytes, view, start) };
}

/** The offset of the value of the member that has the key, or NONE, or UNCLEAR for several or keys that are no texts.
 * @param start of a value that was outlined; what is no map has no members */
export function findMsgpackMember(bytes: Uint8Array, view: DataView, start: number, key: Uint8Array): number {
  if (kinds[bytes[start]!] !== MAP) return NONE;
  let found = NONE;
  let at = start + headerLength(bytes[start]!);
  for (let left = lengthAt(bytes, view, start); left > 0; left--) {
    if (kinds[bytes[at]!] !== STR) return UNCLEAR;
    const keyStart = at + headerLength(bytes[at]!);
    at = keyStart + lengthAt(bytes, view, at);
    if (at - keyStart === key.length && isSame(bytes, keyStart, key)) {
      if (found !== NONE) return UNCLEAR;
      found = at;
    }
    at = skipValue(bytes, view, at, MAX_LEVELS);
  }
  return found;
}

function isSame(bytes: Uint8Array, start: number, key: Uint8Array): boolean {
  for (let index = 0; index < key.length; index++) if (bytes[start + index] !== key[index]) return false;
  return true;
}
