/** Writes JSON as MessagePack with its values as they are: no JavaScript number or object in between. */
import { scalarOf } from '../json/scalar.ts';
import { describeFault, endOfString, endOfToken, skipSpace, textOf } from '../json/scan.ts';
import { Problem } from '../problem.ts';
import { createWriter, type Writer } from './write.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Placeholders for the headers of a map and an array, in their widest form: the number of members is known at the end. */
const MAP_HEADER = Uint8Array.of(0xdf, 0, 0, 0, 0);
const ARRAY_HEADER = Uint8Array.of(0xdd, 0, 0, 0, 0);

/** The MessagePack of a JSON value. Integers are exact to 64 bits and float64 beyond, `-0` is the float it reads as; a
 * number with a fraction or an exponent stays a float; keys keep their order, repeated or not. Strings keep their bytes, be
 * they UTF-8 or not; escapes are decoded, a lone surrogate becomes U+FFFD, a bad escape stands for itself. Bare nan and
 * inf are floats, keys that are not strings are their text.
 * @throws Problem `record.malformed` (by byte offset) or `record.too_deep` */
export function fromJson(bytes: Uint8Array, start: number, end: number, limits: { maxDepth: number }): Uint8Array {
  const writer = createWriter(end - start + 64);
  /** For each container, in the order in which they open: where its header is, and how many members it has. */
  const headers: number[] = [];
  const lengths: number[] = [];
  /** The containers that are open: their index, and the bracket that closes them. */
  const open: { index: number; closer: number }[] = [];
  let at = start;

  const malformed = (expected: string): Problem =>
    new Problem('record.malformed', describeFault(bytes, end, { at, expected }));
  const writeString = () => {
    const after = endOfString(bytes, at, end);
    if (after === -1) {
      at = end;
      throw malformed(`'"'`);
    }
    const content = bytes.subarray(at + 1, after - 1);
    writer.utf8(content.includes(BACKSLASH) ? unescaped(content) : content);
    at = after;
  };
  const writeKey = () => {
    at = skipSpace(bytes, at, end);
    if (bytes[at] === QUOTE) {
      writeString();
    } else {
      const after = endOfToken(bytes, at, end);
      if (after === at) throw malformed('a key');
      writer.utf8(bytes.subarray(at, after));
      at = after;
    }
    at = skipSpace(bytes, at, end);
    if (at === end || bytes[at] !== COLON) throw malformed(`':'`);
    at++;
  };

  for (;;) {
    at = skipSpace(bytes, at, end);
    const first = at < end ? bytes[at] : undefined;
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (open.length === limits.maxDepth) {
        throw new Problem('record.too_deep', `byte ${at}: more than ${limits.maxDepth} levels of nesting`);
      }
      open.push({ index: headers.length, closer: first + 2 });
      headers.push(writer.length());
      lengths.push(0);
      writer.raw(first === OPEN_BRACE ? MAP_HEADER : ARRAY_HEADER);
      at = skipSpace(bytes, at + 1, end);
      if (at === end || bytes[at] !== first + 2) {
        lengths[lengths.length - 1] = 1;
        if (first === OPEN_BRACE) writeKey();
        continue;
      }
    } else if (first === QUOTE) {
      writeString();
    } else {
      const after = endOfToken(bytes, at, end);
      if (!writeScalar(writer, textOf(bytes, at, after))) throw malformed('a value');
      at = after;
    }

    // After a value, or before the bracket that closes an empty container.
    for (;;) {
      const container = open.at(-1);
      at = skipSpace(bytes, at, end);
      if (container === undefined) {
        if (at < end) throw malformed('nothing more');
        return tighten(writer.finish(), headers, lengths);
      }
      const next = at < end ? bytes[at] : undefined;
      if (next === container.closer) {
        open.pop();
        at++;
      } else if (next === COMMA) {
        at++;
        lengths[container.index]++;
        if (container.closer === CLOSE_BRACE) writeKey();
        break;
      } else {
        throw malformed(`',' or '${String.fromCharCode(container.closer)}'`);
      }
    }
  }
}

function writeScalar(writer: Writer, token: string): boolean {
  const scalar = scalarOf(token);
  switch (scalar?.kind) {
    case undefined:
      return false;
    case 'word':
      if (scalar.value === null) writer.nil();
      else if (typeof scalar.value === 'boolean') writer.boolean(scalar.value);
      else writer.float(scalar.value);
      return true;
    case 'integer':
      if (token === '-0' || token.length > LONGEST_64_BIT) writer.float(Number(token));
      else writer.integer(token.length > LONGEST_SAFE ? BigInt(token) : Number(token));
      return true;
    case 'float':
      writer.float(Number(token));
      return true;
  }
}

/** Characters up to which an integer may fit 64 bits, and up to which it certainly fits a JavaScript number. */
const LONGEST_64_BIT = '18446744073709551615'.length;
const LONGEST_SAFE = 15;

/** The bytes of a string without its escapes: never more than with them. */
function unescaped(content: Uint8Array): Uint8Array {
  const plain = Buffer.allocUnsafe(content.length);
  let to = 0;
  for (let at = 0; at < content.length; ) {
    const byte = content[at];
    const next = byte === BACKSLASH ? content[at + 1] : undefined;
    const short = next === undefined ? undefined : shortEscapes.get(next);
    if (short !== undefined) {
      plain[to++] = short;
      at += 2;
      continue;
    }
    let unit = next === LOWER_U ? hex4(content, at + 2) : undefined;
    if (unit === undefined) {
      plain[to++] = byte;
      at++;
      continue;
    }
    at += 6;
    if (unit >= 0xd800 && unit < 0xdc00 && content[at] === BACKSLASH && content[at + 1] === LOWER_U) {
      const low = hex4(content, at + 2);
      if (low !== undefined && low >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
    }
    to += plain.write(String.fromCodePoint(unit), to);
  }
  return plain.subarray(0, to);
}

const shortEscapes: ReadonlyMap<number, number> = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([letter, meant]) => [letter.charCodeAt(0), meant.charCodeAt(0)],
  ),
);

function hex4(bytes: Uint8Array, at: number): number | undefined {
  const digits = textOf(bytes, at, Math.min(at + 4, bytes.length));
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

/** Narrows the headers to their smallest form, in place and in one pass. */
function tighten(bytes: Uint8Array, headers: readonly number[], lengths: readonly number[]): Uint8Array {
  let from = 0;
  let to = 0;
  for (let i = 0; i < headers.length; i++) {
    bytes.copyWithin(to, from, headers[i]);
    to += headers[i] - from;
    from = headers[i] + MAP_HEADER.length;
    to = putHeader(bytes, to, bytes[headers[i]] === MAP_HEADER[0], lengths[i]);
  }
  bytes.copyWithin(to, from);
  return bytes.subarray(0, to + bytes.length - from);
}

function putHeader(bytes: Uint8Array, at: number, isMap: boolean, length: number): number {
  let to = at;
  if (length < 16) {
    bytes[to++] = (isMap ? 0x80 : 0x90) | length;
    return to;
  }
  const wide = length > 0xffff;
  bytes[to++] = (isMap ? 0xde : 0xdc) + (wide ? 1 : 0);
  if (wide) {
    bytes[to++] = length >>> 24;
    bytes[to++] = length >>> 16;
  }
  bytes[to++] = length >>> 8;
  bytes[to++] = length;
  return to;
}
