/** Where the LogRecords of an export lie in OTLP's JSON, and what lies around them. */
import { endOfString, endOfValue, type Fault, skipByteOrderMark, skipSpace, textOf } from '../../json/scan.ts';
import type { Span } from '../../record.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SMALL_N = 0x6e;

/** The lists on the path to a record. OTLP allows only these spellings. */
export const LISTS = ['resourceLogs', 'scopeLogs', 'logRecords'] as const;

/** The offset at which a map begins. */
interface Map {
  start: number;
}

/** A ScopeLogs, and the ResourceLogs that it is in. */
export interface JsonScopeLogs extends Map {
  resourceLogs: Map;
}

/** What is found in an export, in order. */
export interface JsonExportVisitor {
  /** Called for the list of ResourceLogs, and for an export without one: `{}`, or null in its place. */
  resourceLogs?(): void;
  logRecord(record: Span, scopeLogs: JsonScopeLogs): void;
  /** Called for what follows the last record if the text breaks, up to its end. */
  rest?(rest: Span, fault: Fault): void;
}

/** Walks one export, or several one after another. */
export function walkJsonExport(bytes: Uint8Array, maxDepth: number, visitor: JsonExportVisitor): void {
  const end = bytes.length;
  let at = skipSpace(bytes, skipByteOrderMark(bytes), end);
  let lastEnd = at;
  let resourceLogs: Map;
  let scopeLogs: JsonScopeLogs;

  const value = (): Fault | undefined => {
    const after = endOfValue(bytes, at, end, maxDepth);
    if (typeof after !== 'number') return after;
    at = after;
    return undefined;
  };
  const record = (): Fault | undefined => {
    const start = at;
    const fault = value();
    if (fault !== undefined) return fault;
    visitor.logRecord({ start, end: at }, scopeLogs);
    lastEnd = at;
    return undefined;
  };
  const item = (level: number): Fault | undefined => {
    if (level === LISTS.length - 1) return record();
    if (bytes[at] !== OPEN_BRACE) return value();
    if (level === 0) resourceLogs = { start: at };
    else scopeLogs = { start: at, resourceLogs };
    return map(level + 1);
  };
  const list = (level: number): Fault | undefined => {
    if (level === 0) visitor.resourceLogs?.();
    at = skipSpace(bytes, at + 1, end);
    for (let isFirst = true; ; isFirst = false) {
      if (bytes[at] === CLOSE_BRACKET && isFirst) break;
      const fault = item(level);
      if (fault !== undefined) return fault;
      at = skipSpace(bytes, at, end);
      if (bytes[at] === CLOSE_BRACKET) break;
      if (bytes[at] !== COMMA) return { at, expected: "',' or ']'" };
      at = skipSpace(bytes, at + 1, end);
    }
    at++;
    return undefined;
  };
  const map = (level: number): Fault | undefined => {
    if (level === 0 && bytes[skipSpace(bytes, at + 1, end)] === CLOSE_BRACE) visitor.resourceLogs?.();
    const found = eachMember(bytes, at, (key, valueStart) => {
      at = valueStart;
      const isList = bytes[at] === OPEN_BRACKET && keyOf(bytes, key) === LISTS[level];
      const isNull = level === 0 && bytes[at] === SMALL_N && keyOf(bytes, key) === LISTS[0];
      if (isNull) visitor.resourceLogs?.();
      return (isList ? list(level) : value()) ?? at;
    });
    if (typeof found !== 'number') return found;
    at = found;
    return undefined;
  };

  while (at < end) {
    const fault = bytes[at] === OPEN_BRACE ? map(0) : { at, expected: "'{'" };
    if (fault !== undefined) {
      visitor.rest?.({ start: lastEnd, end }, fault);
      return;
    }
    at = skipSpace(bytes, at, end);
  }
}

/** Walks the members of a map.
 * @param visit returns where a value ends
 * @returns where the map ends */
export function eachMember(
  bytes: Uint8Array,
  start: number,
  visit: (key: Span, valueStart: number) => number | Fault,
): number | Fault {
  const end = bytes.length;
  let at = skipSpace(bytes, start + 1, end);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) return { at, expected: "a key or '}'" };
    const key = { start: at, end: endOfString(bytes, at, end) };
    if (key.end === -1) return { at: end, expected: "'\"'" };
    at = skipSpace(bytes, key.end, end);
    if (bytes[at] !== COLON) return { at, expected: "':'" };
    const after = visit(key, skipSpace(bytes, at + 1, end));
    if (typeof after !== 'number') return after;
    at = skipSpace(bytes, after, end);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return { at, expected: "',' or '}'" };
    at = skipSpace(bytes, at + 1, end);
  }
}

/** The text of a key; undefined if an escape is invalid. */
export function keyOf(bytes: Uint8Array, { start, end }: Span): string | undefined {
  if (!bytes.subarray(start, end).includes(BACKSLASH)) return textOf(bytes, start + 1, end - 1);
  try {
    return JSON.parse(textOf(bytes, start, end));
  } catch {
    return undefined;
  }
}
