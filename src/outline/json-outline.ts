/** Outlines an audit event in JSON: one pass over the bytes that validates all of it and notes where its members lie. */

import { IGNORED, isProperties, refKeys, TAG } from './event-keys.ts';
import {
  BACKSLASH,
  CLOSE_BRACE,
  COLON,
  COMMA,
  MAX_LEVELS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  skipString,
  skipValue,
} from './json-syntax.ts';
import { KeyTable } from './key-table.ts';
import {
  EXTRA_COUNT,
  EXTRAS,
  HOLE,
  JSON_LAYOUT,
  LAST_EXTRA,
  LAYOUT,
  maps,
  members,
  OBJECT_REF,
  SOURCE_IPS,
  STRIDE,
  TEXT,
  texts,
  WRAPPER,
} from './slots.ts';

/** The byte with which the value of each member begins. */
const firstBytes = new Uint8Array(STRIDE);
for (const [slot, name] of members.entries()) {
  const isText = (texts as readonly string[]).includes(name);
  const isMap = (maps as readonly string[]).includes(name);
  firstBytes[2 * slot] = isText ? QUOTE : isMap ? OPEN_BRACE : 2 * slot === SOURCE_IPS ? OPEN_BRACKET : 0;
}

/** Receives the texts in a record that may be events. */
export interface TextReceiver {
  /** @param start of the quote that opens the text
   * @returns the offset after the quote that closes it, or -1 where it is no valid string */
  receive(bytes: Uint8Array, view: DataView, start: number): number;
}

/** Writes the outline of the map at `start`: of members in their usual types, each once. Returns the offset after the map,
 * or -1 for whatever is not as plain as that, and has to be parsed.
 * @param spans STRIDE numbers from `base` on, see slots.ts
 * @param maxDepth levels of maps and lists
 * @param receiver of texts that begin with a map and stand beside the members, or in `properties.log` */
export function outlineJson(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  keys: KeyTable,
  maxDepth: number,
  spans: Int32Array,
  base: number,
  receiver: TextReceiver | undefined,
): number {
  if (bytes[start] !== OPEN_BRACE) return -1;
  spans.fill(-1, base, base + EXTRAS);
  const maxLevels = Math.min(maxDepth, MAX_LEVELS) - 1;
  let extras = base + EXTRAS;
  let at = skipSpace(bytes, start + 1);
  for (;;) {
    if (bytes[at] !== QUOTE) return -1;
    const keyStart = at;
    at = skipString(bytes, view, at);
    if (at === -1) return -1;
    const keyEnd = at;
    at = skipSpace(bytes, at);
    if (bytes[at] !== COLON) return -1;
    at = skipSpace(bytes, at + 1);
    const valueStart = at;
    const slot = keys.find(bytes, keyStart + 1, keyEnd - 1);
    if (slot === OBJECT_REF) {
      if (spans[base + slot] !== -1) return -1;
      at = outlineRef(bytes, view, valueStart, spans, base);
      if (at === -1) return -1;
      spans[base + slot] = valueStart;
      spans[base + slot + 1] = at;
    } else {
      const isOpen = slot === -1 && receiver !== undefined;
      if (isOpen && isMapInText(bytes, valueStart)) at = receiver.receive(bytes, view, valueStart);
      else if (isOpen && bytes[valueStart] === OPEN_BRACE && isProperties(bytes, keyStart + 1, keyEnd - 1)) {
        at = outlineProperties(bytes, view, valueStart, maxLevels, receiver);
      } else at = skipValue(bytes, view, valueStart, maxLevels);
      if (at === -1) return -1;
      if (slot >= 0) {
        const first = bytes[valueStart]!;
        const wanted = firstBytes[slot]!;
        const isUsual = wanted === 0 ? isContainer(first) : first === wanted;
        if (!isUsual || spans[base + slot] !== -1) return -1;
        const quotes = first === QUOTE ? 1 : 0;
        spans[base + slot] = valueStart + quotes;
        spans[base + slot + 1] = at - quotes;
      } else if (slot !== IGNORED || isContainer(bytes[valueStart]!)) {
        if (slot === TAG || extras === base + LAST_EXTRA || hasEscape(bytes, keyStart, keyEnd)) return -1;
        spans[extras++] = keyStart;
        spans[extras++] = at;
      }
    }
    at = skipSpace(bytes, at);
    if (bytes[at] === COMMA) {
      at = skipSpace(bytes, at + 1);
      continue;
    }
    if (bytes[at] !== CLOSE_BRACE) return -1;
    spans[base + EXTRA_COUNT] = (extras - base - EXTRAS) >> 1;
    spans[base + WRAPPER] = -1;
    spans[base + HOLE] = -1;
    spans[base + TEXT] = -1;
    spans[base + LAYOUT] = JSON_LAYOUT;
    return at + 1;
  }
}

function isContainer(byte: number): boolean {
  return byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

/** Whether a key is spelled with escapes, and may be any. */
function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

const log = new KeyTable(new Map([['log', 0]]));

/** A text of JSON in JSON: `"{\"`. */
function isMapInText(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === QUOTE && bytes[start + 1] === OPEN_BRACE && bytes[start + 2] === BACKSLASH;
}

function outlineProperties(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  maxLevels: number,
  receiver: TextReceiver,
): number {
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) return -1;
    const keyStart = at;
    at = skipString(bytes, view, at);
    if (at === -1) return -1;
    const keyEnd = at;
    at = skipSpace(bytes, at);
    if (bytes[at] !== COLON) return -1;
    at = skipSpace(bytes, at + 1);
    const isLog = log.find(bytes, keyStart + 1, keyEnd - 1) === 0 && isMapInText(bytes, at);
    at = isLog ? receiver.receive(bytes, view, at) : skipValue(bytes, view, at, maxLevels - 1);
    if (at === -1) return -1;
    at = skipSpace(bytes, at);
    if (bytes[at] === COMMA) {
      at = skipSpace(bytes, at + 1);
      continue;
    }
    return bytes[at] === CLOSE_BRACE ? at + 1 : -1;
  }
}

/** Notes the members of an objectRef, which are texts. */
function outlineRef(bytes: Uint8Array, view: DataView, start: number, spans: Int32Array, base: number): number {
  if (bytes[start] !== OPEN_BRACE) return -1;
  let at = skipSpace(bytes, start + 1);
  for (;;) {
    if (bytes[at] !== QUOTE) return -1;
    const keyStart = at;
    at = skipString(bytes, view, at);
    if (at === -1) return -1;
    const slot = refKeys.find(bytes, keyStart + 1, at - 1);
    if (slot === -1 || spans[base + slot] !== -1) return -1;
    at = skipSpace(bytes, at);
    if (bytes[at] !== COLON) return -1;
    at = skipSpace(bytes, at + 1);
    if (bytes[at] !== QUOTE) return -1;
    spans[base + slot] = at + 1;
    at = skipString(bytes, view, at);
    if (at === -1) return -1;
    spans[base + slot + 1] = at - 1;
    at = skipSpace(bytes, at);
    if (bytes[at] === COMMA) {
      at = skipSpace(bytes, at + 1);
      continue;
    }
    return bytes[at] === CLOSE_BRACE ? at + 1 : -1;
  }
}
