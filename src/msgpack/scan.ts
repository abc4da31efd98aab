/** Finds values and members in MessagePack bytes without reading them; a length in a header is never trusted beyond
 * the existing bytes. */

/** Where MessagePack breaks, and what is wrong there. */
export interface Fault {
  at: number;
  found: string;
}

/** By type byte from 0xc0 to 0xdf: bytes of the length field, bytes that follow whatever it says, and how many values
 * one counted item stands for (0: items are bytes). */
export const layouts: readonly (readonly [lengthBytes: number, fixed: number, valuesPerItem: number])[] = [
  ...[0, 0, 0, 0].map((fixed) => [0, fixed, 0] as const), // nil, (never used), false, true
  ...[1, 2, 4].map((lengthBytes) => [lengthBytes, 0, 0] as const), // bin
  ...[1, 2, 4].map((lengthBytes) => [lengthBytes, 1, 0] as const), // ext
  ...[4, 8].map((fixed) => [0, fixed, 0] as const), // float
  ...[1, 2, 4, 8].map((fixed) => [0, fixed, 0] as const), // uint
  ...[1, 2, 4, 8].map((fixed) => [0, fixed, 0] as const), // int
  ...[2, 3, 5, 9, 17].map((fixed) => [0, fixed, 0] as const), // fixext
  ...[1, 2, 4].map((lengthBytes) => [lengthBytes, 0, 0] as const), // str
  ...[2, 4].map((lengthBytes) => [lengthBytes, 0, 1] as const), // array
  ...[2, 4].map((lengthBytes) => [lengthBytes, 0, 2] as const), // map
];

export const NEVER_USED = 0xc1;

/** The offset after the value that begins at `start`. Takes no memory, however deep the value nests. */
export function endOfValue(bytes: Uint8Array, start: number, end: number): number | Fault {
  let at = start;
  for (let pending = 1; pending > 0; pending--) {
    if (at >= end) return { at: end, found: 'the end, inside a value' };
    const head = at;
    const type = bytes[at++];
    let values = 0;
    if (type < 0x80 || type >= 0xe0) continue;
    if (type < 0x90) {
      values = 2 * (type & 0x0f);
    } else if (type < 0xa0) {
      values = type & 0x0f;
    } else if (type < 0xc0) {
      at += type & 0x1f;
    } else if (type === NEVER_USED) {
      return { at: head, found: 'the byte 0xc1, which cannot begin a value' };
    } else {
      const [lengthBytes, fixed, valuesPerItem] = layouts[type - 0xc0];
      if (end - at < lengthBytes) return { at: end, found: 'the end, inside a header' };
      const items = readLength(bytes, at, lengthBytes);
      at += lengthBytes + fixed;
      if (valuesPerItem === 0) at += items;
      else values = items * valuesPerItem;
    }
    pending += values;
    // Each value takes at least a byte: a header that promises more than exists is wrong, or the value is cut.
    if (at > end || pending - 1 > end - at) {
      return { at: head, found: `a header that promises more than the ${end - head} bytes left` };
    }
  }
  return at;
}

function readLength(bytes: Uint8Array, at: number, lengthBytes: number): number {
  let length = 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 0x100 + bytes[at + i];
  return length;
}

/** Whether maps and arrays, including empty ones, nest more than `levels` deep.
 * @param span of a value that is whole */
export function isDeeper(bytes: Uint8Array, { start, end }: { start: number; end: number }, levels: number): boolean {
  /** How many values are still to come in each open container except the innermost, and in that one. */
  const open: number[] = [];
  let depth = 0;
  let left = 1;
  for (let at = start; at < end; ) {
    const type = bytes[at++]!;
    let values = NO_CONTAINER;
    if (type >= 0x80 && type < 0xe0) {
      if (type < 0x90) {
        values = 2 * (type & 0x0f);
      } else if (type < 0xa0) {
        values = type & 0x0f;
      } else if (type < 0xc0) {
        at += type & 0x1f;
      } else {
        const [lengthBytes, fixed, valuesPerItem] = layouts[type - 0xc0]!;
        const items = readLength(bytes, at, lengthBytes);
        at += lengthBytes + fixed;
        if (valuesPerItem === 0) at += items;
        else values = items * valuesPerItem;
      }
    }
    left--;
    if (values !== NO_CONTAINER) {
      if (depth === levels) return true;
      open[depth++] = left;
      left = values;
    }
    while (left === 0 && depth > 0) left = open[--depth]!;
  }
  return false;
}

const NO_CONTAINER = -1;

/** What the header of a container or a text says. */
export interface Header {
  kind: 'map' | 'array' | 'str' | 'bin';
  /** Pairs, items or bytes. */
  length: number;
  /** Offset after the header. */
  end: number;
}

/** The header of the value at `at`, undefined if that is a scalar without one or the header is cut. */
export function headerAt(bytes: Uint8Array, at: number, end: number): Header | undefined {
  if (at >= end) return undefined;
  const type = bytes[at];
  if (type >= 0x80 && type < 0x90) return { kind: 'map', length: type & 0x0f, end: at + 1 };
  if (type >= 0x90 && type < 0xa0) return { kind: 'array', length: type & 0x0f, end: at + 1 };
  if (type >= 0xa0 && type < 0xc0) return { kind: 'str', length: type & 0x1f, end: at + 1 };
  const kind = wideKinds.get(type);
  if (kind === undefined) return undefined;
  const [lengthBytes] = layouts[type - 0xc0];
  const after = at + 1 + lengthBytes;
  return after > end ? undefined : { kind, length: readLength(bytes, at + 1, lengthBytes), end: after };
}

const wideKinds: ReadonlyMap<number, Header['kind']> = new Map([
  [0xc4, 'bin'],
  [0xc5, 'bin'],
  [0xc6, 'bin'],
  [0xd9, 'str'],
  [0xda, 'str'],
  [0xdb, 'str'],
  [0xdc, 'array'],
  [0xdd, 'array'],
  [0xde, 'map'],
  [0xdf, 'map'],
]);

/** A member of a map: from its key to the end of its value. */
export interface Pair {
  start: number;
  valueStart: number;
  end: number;
}

/** The members of a map that have the given key, as str or bin of any width, in order; without a name, all of them.
 * The range of the map is one that endOfValue has delimited. */
export function pairs(bytes: Uint8Array, mapStart: number, mapEnd: number, name?: string): Pair[] {
  const header = headerAt(bytes, mapStart, mapEnd)!;
  const key = name === undefined ? undefined : Buffer.from(name);
  const found: Pair[] = [];
  let at = header.end;
  for (let i = 0; i < header.length; i++) {
    const start = at;
    const valueStart = endOfValue(bytes, start, mapEnd) as number;
    at = endOfValue(bytes, valueStart, mapEnd) as number;
    if (key === undefined || isKey(bytes, start, valueStart, key)) found.push({ start, valueStart, end: at });
  }
  return found;
}

function isKey(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  const header = headerAt(bytes, start, end);
  if (header === undefined || header.length !== key.length) return false;
  if (header.kind !== 'str' && header.kind !== 'bin') return false;
  for (let i = 0; i < key.length; i++) if (bytes[header.end + i] !== key[i]) return false;
  return true;
}

/** How many values there are, including those inside others, up to the first that is malformed. */
export function countValues(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const type = bytes[at]!;
    if (type < 0x80 || type >= 0xe0) {
      at++;
      continue;
    }
    const header = headerAt(bytes, at, bytes.length);
    if (header?.kind === 'map' || header?.kind === 'array') {
      at = header.end;
      continue;
    }
    const after = endOfValue(bytes, at, bytes.length);
    if (typeof after !== 'number') break;
    at = after;
  }
  return count;
}
