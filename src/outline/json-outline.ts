/** Outlines an audit event in JSON: one pass over the bytes that validates all of it and notes where its members lie. */

import { IGNORED, REFUSED } from './event-keys.ts';
import { UNCLEAR } from './find-member.ts';
import { ANY, innerShapes, kinds, MAP_OR_LIST, NOTED, type Shape, UNEXPECTED } from './json-shapes.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  COLON,
  COMMA,
  MAX_LEVELS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  skipSpace,
  skipString,
  skipValue,
} from './json-syntax.ts';
import {
  EXTRA_COUNT,
  EXTRAS,
  HOLE,
  JSON_LAYOUT,
  LAST_EXTRA,
  LAYOUT,
  LOG,
  TEXT,
  TIMESTAMP,
  WRAPPER,
  WRAPPING,
} from './slots.ts';

/** Receives the texts in a record that may be events. */
export interface TextReceiver {
  /** @param start of the quote that opens the text
   * @returns the offset after the quote that closes it, or -1 where it is no valid string */
  receive(bytes: Uint8Array, view: DataView, start: number): number;
}

/** Writes the outline of the map at `start`: of members in their usual types, each once. Returns the offset after the map,
 * or -1 for whatever is not as plain as that, and has to be parsed.
 * @param shape of the map
 * @param spans STRIDE numbers from `base` on, see slots.ts
 * @param maxDepth levels of maps and lists
 * @param receiver of texts that begin with a map and stand beside the members, or in `properties.log` */
export function outlineJson(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  shape: Shape,
  maxDepth: number,
  spans: Int32Array,
  base: number,
  receiver: TextReceiver | undefined,
): number {
  if (bytes[start] !== OPEN_BRACE || bytes[skipSpace(bytes, start + 1)] === CLOSE_BRACE) return -1;
  spans.fill(-1, base, base + EXTRAS);
  spans[base + EXTRA_COUNT] = 0;
  spans[base + WRAPPER] = -1;
  spans[base + HOLE] = -1;
  spans[base + TEXT] = -1;
  spans[base + LAYOUT] = JSON_LAYOUT;
  return outlineMap(bytes, view, start, shape, Math.min(maxDepth, MAX_LEVELS), spans, base, receiver);
}

/** @param levels of maps and lists, this map among them */
function outlineMap(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  shape: Shape,
  levels: number,
  spans: Int32Array,
  base: number,
  receiver: TextReceiver | undefined,
): number {
  if (levels < 1) return -1;
  const { keys, others } = shape;
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  keys.begin();
  for (;;) {
    const keyStart = at;
    let slot: number;
    at = keys.skipExpected(view, keyStart);
    if (at !== -1) slot = keys.expected;
    else {
      if (bytes[keyStart] !== QUOTE) return -1;
      at = skipString(bytes, view, keyStart);
      if (at === -1) return -1;
      slot = keys.learn(bytes, keyStart + 1, at - 1);
    }
    const keyEnd = at;
    if (bytes[at]! <= SPACE) at = skipSpace(bytes, at);
    if (bytes[at] !== COLON) return -1;
    at++;
    if (bytes[at]! <= SPACE) at = skipSpace(bytes, at);
    const valueStart = at;
    const first = bytes[at]!;
    let isExtra = others === NOTED;
    if (slot >= 0) {
      const kind = kinds[slot]!;
      if (first !== kind && !isOfKind(first, kind)) return -1;
      const inner = innerShapes[slot];
      if (inner !== undefined && first === OPEN_BRACE) {
        at = outlineMap(bytes, view, at, inner, levels - 1, spans, base, receiver);
      } else if (slot === LOG && receiver !== undefined && isMapInText(bytes, at)) {
        at = receiver.receive(bytes, view, at);
      } else at = skipValue(bytes, view, at, levels - 1);
      if (at === -1) return -1;
      if (spans[base + slot] === -1) {
        spans[base + slot] = valueStart;
        spans[base + slot + 1] = at;
        if (kind === QUOTE) {
          spans[base + slot]++;
          spans[base + slot + 1]--;
        }
      } else if (slot === TIMESTAMP) {
        // Pipelines may write a time of their own beside that of the record.
        spans[base + slot + 1] = UNCLEAR;
      } else return -1;
      if (slot < WRAPPING || (slot === TIMESTAMP && !isContainer(first))) isExtra = false;
    } else {
      if (slot === REFUSED || (slot === -1 && others === UNEXPECTED)) return -1;
      const isText = slot === -1 && isExtra && receiver !== undefined && isMapInText(bytes, at);
      at = isText ? receiver.receive(bytes, view, at) : skipValue(bytes, view, at, levels - 1);
      if (at === -1) return -1;
      if (slot === -1 && hasEscape(bytes, keyStart, keyEnd)) return -1;
      if (slot === IGNORED && !isContainer(first)) isExtra = false;
    }
    if (isExtra) {
      const extra = base + EXTRAS + 2 * spans[base + EXTRA_COUNT]!;
      if (extra === base + LAST_EXTRA) return -1;
      spans[base + EXTRA_COUNT]++;
      spans[extra] = keyStart;
      spans[extra + 1] = at;
    }
    if (bytes[at]! <= SPACE) at = skipSpace(bytes, at);
    if (bytes[at] !== COMMA) return bytes[at] === CLOSE_BRACE ? at + 1 : -1;
    at++;
    if (bytes[at]! <= SPACE) at = skipSpace(bytes, at);
  }
}

/** Whether a value is of a kind that more than one byte begins. */
function isOfKind(first: number, kind: number): boolean {
  return kind === ANY || (kind === MAP_OR_LIST && isContainer(first));
}

function isContainer(byte: number): boolean {
  return byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

/** Whether a key is spelled with escapes, and may be any. */
function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

/** A text of JSON in JSON: `"{\"`. */
function isMapInText(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === QUOTE && bytes[start + 1] === OPEN_BRACE && bytes[start + 2] === BACKSLASH;
}
