/** Steps over JSON in bytes, and validates it as strictly as JSON.parse does: what is stepped over here, JSON.parse reads.
 * Bytes of a string that are not UTF-8 are no fault, as for a decoder that replaces them. All functions return the offset
 * after what they step over, or -1 if it is not JSON. */

export const SPACE = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** Most levels of maps and lists within a value that are stepped over. */
export const MAX_LEVELS = 256;

/** What is read: bytes, and the same bytes as words. */
export class Text {
  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** @param start of the opening quote */
export function skipString(bytes: Uint8Array, view: DataView, start: number): number {
  const end = endOfText(bytes, view, start + 1);
  return end === -1 ? -1 : end + 1;
}

/** The offset of the quote that closes a string.
 * @param start after the opening quote */
export function endOfText(bytes: Uint8Array, view: DataView, start: number): number {
  const lastWord = bytes.length - 4;
  let at = start;
  for (;;) {
    // Four bytes at a time: one below 0x23 (a quote, a control character, a blank) or a backslash ends the run. The lowest
    // byte that the test marks is always rightly marked.
    while (at <= lastWord) {
      const word = view.getInt32(at, true);
      const other = word ^ 0x5c5c5c5c;
      const marks = (((word - 0x23232323) & ~word) | ((other - 0x01010101) & ~other)) & 0x80808080;
      if (marks === 0) {
        at += 4;
        continue;
      }
      at += (31 - Math.clz32(marks & -marks)) >> 3;
      const byte = bytes[at]!;
      if (byte === QUOTE) return at;
      if (byte < 0x20 || byte === BACKSLASH) break;
      at++;
    }
    while (at < bytes.length && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH && bytes[at]! >= 0x20) at++;
    if (at >= bytes.length) return -1;
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] !== BACKSLASH) return -1;
    at = skipEscape(bytes, at + 1);
    if (at === -1) return -1;
  }
}

/** @param at after the backslash */
function skipEscape(bytes: Uint8Array, at: number): number {
  if (at >= bytes.length) return -1;
  switch (bytes[at]) {
    case 0x22:
    case 0x2f:
    case 0x5c:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return at + 1;
    case 0x75:
      if (at + 4 >= bytes.length) return -1;
      for (let index = at + 1; index <= at + 4; index++) if (!isHex(bytes[index]!)) return -1;
      return at + 5;
    default:
      return -1;
  }
}

function isHex(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** The byte at an offset, 0 past the end. */
function byteAt(bytes: Uint8Array, at: number): number {
  return at < bytes.length ? bytes[at]! : 0;
}

export function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  let byte = byteAt(bytes, at);
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = byteAt(bytes, ++at);
  return at;
}

/** A number, true, false or null. */
export function skipScalar(bytes: Uint8Array, start: number): number {
  const first = byteAt(bytes, start);
  if (first === MINUS || isDigit(first)) return skipNumber(bytes, start);
  if (first === 0x74) return isWord(bytes, start, TRUE) ? start + TRUE.length : -1;
  if (first === 0x66) return isWord(bytes, start, FALSE) ? start + FALSE.length : -1;
  return isWord(bytes, start, NULL) ? start + NULL.length : -1;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

function isWord(bytes: Uint8Array, start: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index++) if (byteAt(bytes, start + index) !== word[index]) return false;
  return true;
}

export function skipNumber(bytes: Uint8Array, start: number): number {
  let at = byteAt(bytes, start) === MINUS ? start + 1 : start;
  if (!isDigit(byteAt(bytes, at))) return -1;
  at = byteAt(bytes, at) === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (byteAt(bytes, at) === 0x2e) {
    at++;
    if (!isDigit(byteAt(bytes, at))) return -1;
    at = skipDigits(bytes, at);
  }
  if ((byteAt(bytes, at) | 0x20) === 0x65) {
    at++;
    const sign = byteAt(bytes, at);
    if (sign === 0x2b || sign === 0x2d) at++;
    if (!isDigit(byteAt(bytes, at))) return -1;
    at = skipDigits(bytes, at);
  }
  return at;
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(byteAt(bytes, at))) at++;
  return at;
}

/** The closing brackets of the maps and lists that are open. */
const closers = new Uint8Array(MAX_LEVELS);

/** A value of any kind.
 * @param maxLevels of maps and lists; -1 is returned for one that nests deeper */
export function skipValue(bytes: Uint8Array, view: DataView, start: number, maxLevels: number): number {
  const first = byteAt(bytes, start);
  if (first === QUOTE) return skipString(bytes, view, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipContainer(bytes, view, start, maxLevels);
  return skipScalar(bytes, start);
}

function skipContainer(bytes: Uint8Array, view: DataView, start: number, maxLevels: number): number {
  const mostOpen = Math.min(maxLevels, MAX_LEVELS) - 1;
  if (mostOpen < 0) return -1;
  let open = 0;
  let closer = bytes[start]! + 2;
  let at = start + 1;
  if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);
  if (byteAt(bytes, at) === closer) return at + 1;
  for (;;) {
    if (closer === CLOSE_BRACE) {
      if (byteAt(bytes, at) !== QUOTE) return -1;
      at = skipString(bytes, view, at);
      if (at === -1) return -1;
      if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);
      if (byteAt(bytes, at) !== COLON) return -1;
      at++;
      if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);
    }
    const byte = byteAt(bytes, at);
    if (byte === QUOTE) {
      at = skipString(bytes, view, at);
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (open === mostOpen) return -1;
      closers[open++] = closer;
      closer = byte + 2;
      at++;
      if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);
      if (byteAt(bytes, at) !== closer) continue;
      at++;
      closer = closers[--open]!;
    } else {
      at = skipScalar(bytes, at);
    }
    if (at === -1) return -1;
    for (;;) {
      if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);
      const next = byteAt(bytes, at);
      if (next === COMMA) {
        at++;
        if (byteAt(bytes, at) <= 0x20) at = skipSpace(bytes, at);
        break;
      }
      if (next !== closer) return -1;
      at++;
      if (open === 0) return at;
      closer = closers[--open]!;
    }
  }
}
