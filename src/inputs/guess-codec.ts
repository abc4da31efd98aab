/** Which byte layout a file has, judging by how it begins. */
import type { Codec } from '../codecs/codec.ts';
import { json } from '../codecs/json.ts';
import { msgpack } from '../codecs/msgpack.ts';
import { ndjson } from '../codecs/ndjson.ts';
import { endOfValue, skipByteOrderMark, skipSpace } from '../json/scan.ts';

const NUL = 0x00;
const LINE_FEED = 0x0a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const MAX_DEPTH = 1024;

/** The first line may be cut if a log was rotated; more than a few such lines show that lines are not records. */
const LINES_TO_TRY = 8;

/** What follows the bracket of an array of records, or of an empty one. */
const ARRAY_GOES_ON = new Set([OPEN_BRACE, OPEN_BRACKET, CLOSE_BRACKET]);

/** The codec of bytes that begin like this; undefined if more of them could change it.
 * @param isAll whether these are all the bytes */
export function layoutOf(head: Uint8Array, isAll: boolean): Codec | undefined {
  const start = skipSpace(head, skipByteOrderMark(head), head.length);
  if (start === head.length) return isAll ? ndjson : undefined;
  if (isMessagePackArray(head, start)) return msgpack;
  if (head[start] === OPEN_BRACKET) {
    const item = skipSpace(head, start + 1, head.length);
    if (item === head.length && !isAll) return undefined;
    // Text may begin with a bracket too: [2026-05-01 10:00:00], [info], [pod/kube-apiserver].
    return item === head.length || ARRAY_GOES_ON.has(head[item]) ? json : ndjson;
  }
  // Text, each line of which is looked at separately.
  if (head[start] !== OPEN_BRACE) return ndjson;

  let lineStart = start;
  for (let line = 0; line < LINES_TO_TRY; line++) {
    const end = endOfLine(head, lineStart);
    if (end === -1 && !isAll) return undefined;
    const bytes = head.subarray(lineStart, end === -1 ? head.length : end);
    // An indented map is inside another.
    if (bytes[0] === OPEN_BRACE && isMapLine(bytes)) return ndjson;
    if (end === -1) return json;
    lineStart = end + 1;
  }
  // A map over several lines, or several maps in one.
  return json;
}

/** The end of a line before a line feed or NUL; -1 if there is neither. */
function endOfLine(bytes: Uint8Array, start: number): number {
  const lineFeed = bytes.indexOf(LINE_FEED, start);
  const nul = bytes.subarray(0, lineFeed === -1 ? bytes.length : lineFeed).indexOf(NUL, start);
  return nul === -1 ? lineFeed : nul;
}

/** Whether a line is one whole map, as no line of a map printed over several lines is. */
export function isMapLine(line: Uint8Array): boolean {
  const start = skipSpace(line, 0, line.length);
  if (line[start] !== OPEN_BRACE) return false;
  const after = endOfValue(line, start, line.length, MAX_DEPTH);
  return typeof after === 'number' && skipSpace(line, after, line.length) === line.length;
}

/** No text begins with the first byte of a short array, nor with that of a long one and a zero. */
function isMessagePackArray(bytes: Uint8Array, start: number): boolean {
  const byte = bytes[start];
  return (byte >= 0x90 && byte <= 0x9f) || ((byte === 0xdc || byte === 0xdd) && bytes[start + 1] === 0);
}
