/** What differs between the layouts of events. */
import { parseExactly } from '../json/exact.ts';
import type { JsonMap } from '../json/map.ts';
import { decode } from '../msgpack/decode.ts';
import { encode } from '../msgpack/encode.ts';
import { bodyOf } from '../normalizers/gke.ts';
import { findJsonMember } from '../outline/find-member.ts';
import { BACKSLASH, OPEN_BRACE, QUOTE, skipString } from '../outline/json-syntax.ts';
import { findMsgpackMember, msgpackTextAt } from '../outline/msgpack-text.ts';

/** Reads members of an outline by their spans. */
export interface Layout {
  /** The text in a span. */
  text(bytes: Uint8Array, start: number, end: number): string;
  /** A value of any kind. */
  value(bytes: Uint8Array, start: number, end: number): unknown;
  /** Members, from their keys to the end of their values, as one map. */
  mapOf(members: readonly Uint8Array[]): JsonMap;
  isMap(byte: number): boolean;
  /** False if the value in a span holds no key or text that contains a word of ASCII letters. */
  mayHold(bytes: Uint8Array, start: number, end: number, word: string): boolean;
  /** Whether texts have escapes in them, as in JSON. */
  hasEscapes: boolean;
  /** A text as it stands in the hole of a wrapper. */
  holeOf(text: string): Uint8Array;
  /** Where the characters of the text at an offset lie; undefined for any other value. */
  textAt(bytes: Uint8Array, view: DataView, at: number): { start: number; end: number } | undefined;
  /** The offset of the value of a member in the map at `start`, or NONE or UNCLEAR. */
  find(bytes: Uint8Array, view: DataView, start: number, key: Uint8Array): number;
}

export const jsonLayout: Layout = {
  text(bytes, start, end) {
    let all = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      if (byte === BACKSLASH) return parseExactly(textOf(bytes, start - 1, end + 1)) as string;
      all |= byte;
    }
    return all < 0x80 ? asciiOf(bytes, start, end) : textOf(bytes, start, end);
  },
  value: (bytes, start, end) => parseExactly(textOf(bytes, start, end)),
  mapOf: (members) =>
    parseExactly(`{${members.map((member) => textOf(member, 0, member.length)).join(',')}}`) as JsonMap,
  isMap: (byte) => byte === OPEN_BRACE,
  mayHold: (bytes, start, end, word) => {
    const part = bufferOf(bytes, start, end);
    return holds(part, word) || mayEscapeLetter(part);
  },
  hasEscapes: true,
  holeOf: (text) => Buffer.from(JSON.stringify(text).slice(1, -1)),
  textAt: (bytes, view, at) =>
    bytes[at] === QUOTE ? { start: at + 1, end: skipString(bytes, view, at) - 1 } : undefined,
  find: findJsonMember,
};

/** The layout of an entry of Cloud Audit Logs, whose values are bodies. */
export const entryLayout: Layout = {
  ...jsonLayout,
  value: (bytes, start, end) => bodyOf(jsonLayout.value(bytes, start, end), false),
};

const ANY_DEPTH = { maxDepth: Number.POSITIVE_INFINITY };

export const msgpackLayout: Layout = {
  text: textOf,
  value: (bytes, start, end) => decode(bytes, start, end, ANY_DEPTH),
  mapOf(members) {
    const bytes = Buffer.concat([Uint8Array.of(0xde, members.length >> 8, members.length & 0xff), ...members]);
    return decode(bytes, 0, bytes.length, ANY_DEPTH) as JsonMap;
  },
  mayHold: (bytes, start, end, word) => holds(bufferOf(bytes, start, end), word),
  hasEscapes: false,
  isMap: (byte) => (byte >= 0x80 && byte < 0x90) || byte === 0xde || byte === 0xdf,
  holeOf: (text) => encode(text),
  textAt(bytes, view, at) {
    const found = msgpackTextAt(bytes, view, at);
    return found && { start: found.text, end: found.end };
  },
  find: findMsgpackMember,
};

function asciiOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

function bufferOf(bytes: Uint8Array, start: number, end: number): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** Whether a part of a body contains a word. Capitals are rare there, so it is much faster to search first for the rest of the
 * word from its capital on. */
function holds(part: Buffer, word: string): boolean {
  const rare = word.search(/[A-Z]/);
  return (rare < 1 || part.includes(word.slice(rare), 0, 'latin1')) && part.includes(word, 0, 'latin1');
}

const ESCAPE = Buffer.from('\\u');
/** Most escapes that are checked; if there are more, one may be of a letter. Go escapes `<`, `>` and `&` this way. */
const MOST_ESCAPES = 64;

/** False if no letter is escaped: U+0041 to U+007A, whose third digit is at least 4. */
function mayEscapeLetter(json: Buffer): boolean {
  let at = json.indexOf(ESCAPE);
  for (let count = 0; at !== -1; count++) {
    if (count === MOST_ESCAPES || json[at + 4]! >= 0x34) return true;
    at = json.indexOf(ESCAPE, at + 2);
  }
  return false;
}

/** Bytes as text; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return bufferOf(bytes, start, end).toString();
}
