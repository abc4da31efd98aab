/**
 * Finds values and members in JSON bytes without reading them.
 *
 * Inside a value only strings and brackets count, so what Fluent Bit prints beyond JSON (bare nan and inf, keys that are
 * not strings, `\x12` escapes) does no harm. A value that is delimited here may still not be JSON.
 */
import { scalarOf } from './scalar.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Where JSON breaks, and what would have been right there. */
export interface Fault {
  at: number;
  expected: string;
}

/** The fault for a person: `byte 17: expected ',' or ']', found 'x'`. */
export function describeFault(bytes: Uint8Array, end: number, fault: Fault): string {
  return `byte ${fault.at}: expected ${fault.expected}, found ${fault.at < end ? spell(bytes[fault.at]) : 'the end'}`;
}

function spell(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}'` : `0x${byte.toString(16).padStart(2, '0')}`;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The offset of the first byte from `at` on that is not JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && isSpace(bytes[next])) next++;
  return next;
}

/** The offset after a UTF-8 byte order mark, which some senders put before JSON; 0 without one. */
export function skipByteOrderMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/** The offset after the string that opens at `start`, or -1 if it does not end. */
export function endOfString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at++;
  }
  return -1;
}

/** The offset after a run of bytes without structure: a number, a literal, a bare key. */
export function endOfToken(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && !isDelimiter(bytes[at])) at++;
  return at;
}

function isDelimiter(byte: number): boolean {
  switch (byte) {
    case QUOTE:
    case COMMA:
    case COLON:
    case OPEN_BRACKET:
    case CLOSE_BRACKET:
    case OPEN_BRACE:
    case CLOSE_BRACE:
      return true;
    default:
      return isSpace(byte);
  }
}

/** The text of a range of bytes; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}

/** The offset after the value that begins at `start`.
 * @param maxDepth levels down to which brackets must match in kind; deeper ones are only counted, which keeps memory
 * bounded */
export function endOfValue(bytes: Uint8Array, start: number, end: number, maxDepth: number): number | Fault {
  if (start >= end) return { at: end, expected: 'a value' };
  const first = bytes[start];
  if (first === QUOTE) {
    const after = endOfString(bytes, start, end);
    return after === -1 ? { at: end, expected: `'"'` } : after;
  }
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    const after = endOfToken(bytes, start, end);
    return scalarOf(textOf(bytes, start, after)) ? after : { at: start, expected: 'a value' };
  }

  const closers: number[] = [];
  let depth = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    switch (byte) {
      case QUOTE: {
        const after = endOfString(bytes, at, end);
        if (after === -1) return { at: end, expected: `'"'` };
        at = after - 1;
        break;
      }
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (depth < maxDepth) closers.push(byte + 2);
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET: {
        depth--;
        if (depth < closers.length) {
          const closer = closers.pop()!;
          if (closer !== byte) return { at, expected: spell(closer) };
        }
        if (depth === 0) return at + 1;
        break;
      }
    }
  }
  return { at: end, expected: spell(closers.at(-1) ?? first + 2) };
}

/** Whether a delimited value has more than `maxDepth` levels of maps and arrays. */
export function nestsDeeper(bytes: Uint8Array, start: number, end: number, maxDepth: number): boolean {
  let depth = 0;
  for (let at = start; at < end; at++) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at, end) - 1;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > maxDepth) return true;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
    }
  }
  return false;
}

/** A member of a map: from its key to the end of its value. */
export interface Member {
  start: number;
  valueStart: number;
  end: number;
  /** Where the next member begins: after the comma and white space that follow; the end of the last one. */
  next: number;
}

/** The top-level members of a map that have the given key, in order: the key may be spelled with escapes, bare, and
 * several times. The range of the map is one that endOfValue has delimited. */
export function membersNamed(bytes: Uint8Array, mapStart: number, mapEnd: number, name: string): Member[] {
  const spelling = Buffer.from(JSON.stringify(name).slice(1, -1));
  const close = mapEnd - 1;
  const found: Member[] = [];
  let at = skipSpace(bytes, mapStart + 1, close);
  while (at < close) {
    const start = at;
    const keyEnd = bytes[at] === QUOTE ? endOfString(bytes, at, close) : endOfToken(bytes, at, close);
    const colon = skipSpace(bytes, keyEnd, close);
    const comma = endOfMember(bytes, colon, close);
    at = comma < close ? skipSpace(bytes, comma + 1, close) : close;
    if (bytes[colon] === COLON && isKey(bytes, start, keyEnd, spelling, name)) {
      let end = comma;
      while (isSpace(bytes[end - 1])) end--;
      found.push({ start, valueStart: skipSpace(bytes, colon + 1, end), end, next: comma < close ? at : end });
    }
  }
  return found;
}

/** An item of a list. */
export interface Item {
  start: number;
  end: number;
  /** Where the next item begins: after the comma and white space that follow; the end of the last one. */
  next: number;
}

/** The items of a list, in order. The range of the list is one that endOfValue has delimited. */
export function itemsOf(bytes: Uint8Array, listStart: number, listEnd: number): Item[] {
  const close = listEnd - 1;
  const found: Item[] = [];
  let at = skipSpace(bytes, listStart + 1, close);
  while (at < close) {
    const start = at;
    const comma = endOfMember(bytes, start, close);
    at = comma < close ? skipSpace(bytes, comma + 1, close) : close;
    let end = comma;
    while (end > start && isSpace(bytes[end - 1])) end--;
    found.push({ start, end, next: comma < close ? at : end });
  }
  return found;
}

/** The offset of the comma after a member or an item, or of the bracket that closes its map or list; `end` if that is cut. */
export function endOfMember(bytes: Uint8Array, start: number, end: number): number {
  let depth = 0;
  for (let at = start; at < end; at++) {
    switch (bytes[at]) {
      case QUOTE: {
        const after = endOfString(bytes, at, end);
        if (after === -1) return end;
        at = after - 1;
        break;
      }
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return at;
        depth--;
        break;
      case COMMA:
        if (depth === 0) return at;
        break;
    }
  }
  return end;
}

/** Whether a range of bytes is the key of that name, in quotes or bare.
 * @param spelling the name as JSON.stringify spells it, without quotes */
export function isKey(bytes: Uint8Array, start: number, end: number, spelling: Uint8Array, name: string): boolean {
  const quotes = bytes[start] === QUOTE ? 1 : 0;
  const from = start + quotes;
  const to = end - quotes;
  let escaped = false;
  let same = to - from === spelling.length;
  for (let at = from; at < to; at++) {
    if (bytes[at] !== spelling[at - from]) same = false;
    if (bytes[at] === BACKSLASH) escaped = true;
  }
  return same || (escaped && quotes === 1 && unescaped(bytes, start, end) === name);
}

function unescaped(bytes: Uint8Array, start: number, end: number): unknown {
  try {
    return JSON.parse(textOf(bytes, start, end));
  } catch {
    return undefined; // A bad escape stands for itself, and so for no name.
  }
}

/** Whether a member can be put before the closing bracket of a map or list without a comma: the container is empty, or ends
 * with a stray comma. */
export function wantsNoComma(bytes: Uint8Array, end: number): boolean {
  let at = end - 2;
  while (isSpace(bytes[at])) at--;
  return bytes[at] === OPEN_BRACE || bytes[at] === OPEN_BRACKET || bytes[at] === COMMA;
}

/** How many brackets open in a text, including those inside strings: it holds no more maps and lists than that, even if
 * strings in it are JSON again. */
export function countOpenBrackets(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === OPEN_BRACE || bytes[at] === OPEN_BRACKET) count++;
  return count;
}

/** How many brackets and commas are in a text, including those inside strings: it holds no more values than that plus one,
 * even if strings in it are JSON again. */
export function countValues(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === COMMA || byte === OPEN_BRACE || byte === OPEN_BRACKET) count++;
  }
  return count;
}
