/** Which byte layout a file has, told from how it begins. */
import type { Codec } from '../codecs/codec.ts';
import { json } from '../codecs/json.ts';
import { msgpack } from '../codecs/msgpack.ts';
import { ndjson } from '../codecs/ndjson.ts';
import { endOfValue, skipByteOrderMark, skipSpace } from '../json/scan.ts';

const LINE_FEED = 0x0a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const MAX_DEPTH = 1024;

/** A cut line may come first where a log was rotated; more than a few say that lines are no records. */
const LINES_TO_TRY = 8;

/** The codec of bytes that begin like this; undefined where more of them could change it.
 * @param isAll whether these are all bytes that there are */
export function layoutOf(head: Uint8Array, isAll: boolean): Codec | undefined {
  const start = skipSpace(head, skipByteOrderMark(head), head.length);
  if (start === head.length) return isAll ? ndjson : undefined;
  if (isMessagePackArray(head, start)) return msgpack;
  if (head[start] === OPEN_BRACKET) return json;
  // Text, of which each line is told on its own what is wrong with it.
  if (head[start] !== OPEN_BRACE) return ndjson;

  let lineStart = start;
  for (let line = 0; line < LINES_TO_TRY; line++) {
    const lineFeed = head.indexOf(LINE_FEED, lineStart);
    if (lineFeed === -1 && !isAll) return undefined;
    const end = lineFeed === -1 ? head.length : lineFeed;
    if (isMap(head, lineStart, end)) return ndjson;
    if (lineFeed === -1) return json;
    lineStart = lineFeed + 1;
  }
  // A map over several lines, or several maps in one.
  return json;
}

/** Whether a line is one whole map, as it is in no map that is printed over several lines. */
function isMap(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== OPEN_BRACE) return false;
  const after = endOfValue(bytes, start, end, MAX_DEPTH);
  return typeof after === 'number' && skipSpace(bytes, after, end) === end;
}

/** No text begins with the first byte of a short array, nor with that of a long one and a zero. */
function isMessagePackArray(bytes: Uint8Array, start: number): boolean {
  const byte = bytes[start];
  return (byte >= 0x90 && byte <= 0x9f) || ((byte === 0xdc || byte === 0xdd) && bytes[start + 1] === 0);
}
