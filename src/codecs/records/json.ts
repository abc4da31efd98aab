/** Records of JSON: where each lies, how it is read, and how single ones are framed. */
import { readValue } from '../../json/read.ts';
import { countValues, describeFault, endOfValue, type Fault, skipSpace } from '../../json/scan.ts';
import type { Outlines } from '../../outline/outlines.ts';
import { Problem } from '../../problem.ts';
import type { LogRecord } from '../../record.ts';
import { checkValues, type DecodeLimits } from '../codec.ts';
import { type Framing, frameBy, selectBy } from '../framing/framing.ts';

const COMMA = 0x2c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;

const OPEN = Buffer.from('[');
const SEPARATOR = Buffer.from(',');
const CLOSE = Buffer.from(']');
const NOTHING = new Uint8Array();

/** Finds records in JSON, one after another. */
export interface RecordFinder {
  /** Those that were found, in order. */
  readonly records: LogRecord[];
  /** Adds the value at an offset as a record, and returns the offset after it.
   * @throws Problem `body.too_many_records` */
  value(at: number): number | Fault;
  /** Adds each item of the array at an offset as a record, and returns the offset after the array.
   * @throws Problem `body.too_many_records` */
  items(at: number): number | Fault;
  /** Adds what follows the last record as one of kind `other`: the body breaks there.
   * @throws Problem `body.unreadable` if there is no record before */
  rest(fault: Fault): void;
}

export function recordFinder(bytes: Uint8Array, limits: DecodeLimits, outlines: Outlines | undefined): RecordFinder {
  const end = bytes.length;
  const records: LogRecord[] = [];
  /** Where the value that is looked at begins. */
  let start = 0;

  const value = (at: number): number | Fault => {
    start = at;
    const outlined = outlines?.addJson(at) ?? -1;
    const after = outlined === -1 ? endOfValue(bytes, at, end, limits.maxDepth) : outlined;
    if (typeof after !== 'number') return after;
    if (records.length === limits.maxRecords) {
      throw new Problem('body.too_many_records', `byte ${at}: more than ${limits.maxRecords} records`);
    }
    if (outlined === -1) records.push(recordOf(bytes, at, after));
    else records.push({ kind: 'map', start: at, end: after, map: { start: at, end: after }, outline: outlines!.last });
    start = skipSpace(bytes, after, end);
    return after;
  };
  const items = (open: number): number | Fault => {
    start = skipSpace(bytes, open + 1, end);
    if (bytes[start] === CLOSE_BRACKET) return start + 1;
    for (let at = start; ; at = skipSpace(bytes, start + 1, end)) {
      const after = value(at);
      if (typeof after !== 'number') return after;
      if (bytes[start] === CLOSE_BRACKET) return start + 1;
      if (bytes[start] !== COMMA) return { at: start, expected: "',' or ']'" };
    }
  };
  const rest = (fault: Fault): void => {
    const detail = describeFault(bytes, end, fault);
    if (records.length === 0) throw new Problem('body.unreadable', detail);
    records.push({ kind: 'other', start, end, problem: new Problem('record.malformed', detail) });
  };
  return { records, value, items, rest };
}

function recordOf(bytes: Uint8Array, start: number, end: number): LogRecord {
  if (bytes[start] === OPEN_BRACE) return { kind: 'map', start, end, map: { start, end } };
  const detail = describeFault(bytes, end, { at: start, expected: "'{'" });
  return { kind: 'other', start, end, problem: new Problem('record.not_a_map', detail) };
}

/** One array. The rest of a body that is cut stays cut, so that it is the same rest when it is decoded again. */
export function frameArray(records: readonly Uint8Array[]): Uint8Array {
  return frameBy(records, framingOf(records));
}

export const selectFromArray = selectBy(framingOf);

function framingOf(records: readonly Uint8Array[]): Framing {
  const last = records.at(-1);
  const isCut = last !== undefined && endOfValue(last, 0, last.length, 1) !== last.length;
  return { open: OPEN, between: SEPARATOR, close: isCut ? NOTHING : CLOSE };
}

/** Reads the map of a record.
 * @throws Problem `record.too_large` */
export function readMap(bytes: Uint8Array, { map }: LogRecord & { kind: 'map' }, limits: DecodeLimits): unknown {
  checkValues(bytes, map, countValues);
  return readValue(bytes, map.start, map.end, limits);
}
