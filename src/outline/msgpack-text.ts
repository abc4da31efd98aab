/** Finds texts and members in MessagePack that is known to be whole. */
import { NONE, UNCLEAR } from './find-member.ts';
import { OF_ARRAY as ARRAY, OF_MAP as MAP, OF_OTHER as OTHER, OF_STR as STR } from './walk-code.ts';

/** What kind of value begins with a byte. */
export const kinds = new Uint8Array(256).fill(OTHER);
kinds.fill(MAP, 0x80, 0x90);
kinds.fill(ARRAY, 0x90, 0xa0);
kinds.fill(STR, 0xa0, 0xc0);
kinds.fill(STR, 0xd9, 0xdc);
kinds.fill(ARRAY, 0xdc, 0xde);
kinds.fill(MAP, 0xde, 0xe0);

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

/** How many items, or bytes of a string, a header announces. */
function lengthAt(bytes: Uint8Array, view: DataView, at: number): number {
  const byte = bytes[at]!;
  if (byte < 0xa0) return byte & 0x0f;
  if (byte < 0xc0) return byte & 0x1f;
  if (byte === 0xd9) return bytes[at + 1]!;
  return byte === 0xda || byte === 0xdc || byte === 0xde ? view.getUint16(at + 1) : view.getUint32(at + 1);
}

/** Bytes after the first of values that hold no others and have no length, by the first byte from 0xc0 on; -1 for those
 * that an event does not have. */
export const fixedLengths = Int8Array.of(
  ...[0, -1, 0, 0, -1, -1, -1, -1, -1, -1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, -1, -1, -1, -1, -1],
);

/** The offset after a value that was outlined, or -1 for one that has kinds of values that JSON does not have, or that nests
 * deeper.
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
        // The values that are left of this one's parent.
        if (open === maxLevels) return -1;
        waiting[open++] = pending;
        pending = kinds[byte] === MAP ? 2 * items : items;
      }
    }
    while (pending === 0 && open > 0) pending = waiting[--open]!;
  }
  return at;
}

/** Most levels that are stepped over. */
const MAX_LEVELS = 256;
const waiting = new Float64Array(MAX_LEVELS);

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

/** The offset of the value of the member that has the key, or NONE, or UNCLEAR for several or keys that are not texts.
 * @param start of a value that was outlined; a value that is not a map has no members */
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
