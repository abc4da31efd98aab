/** Kafka messages one after another, each of them a record with a head before it: how many bytes it has, and where it stands.
 * Whatever a message holds, those beside it stay whole, and no two batches are equal byte for byte. Such a body is made in
 * this process, and comes from a sender only as a dead letter: one that is cut is refused as a whole. */

import { describeFault, endOfValue, skipSpace } from '../json/scan.ts';
import { endOfValue as endOfMsgpack } from '../msgpack/scan.ts';
import type { Outlines } from '../outline/outlines.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { LogRecord, Span } from '../record.ts';
import { eventTime } from '../time.ts';
import type { Codec, DecodeLimits } from './codec.ts';
import { isMapAt, logEventAt } from './fluent/log-event.ts';
import { enclose, frame, HEAD_BYTES, headBefore, select } from './framing/messages.ts';
import { readMap } from './records/json.ts';
import { readMap as readMsgpack } from './records/msgpack.ts';
import { spliceRecord } from './splice/json.ts';
import { spliceRecord as spliceMsgpack } from './splice/msgpack.ts';

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Messages in JSON, a map each. */
export const jsonMessages: Codec = {
  name: 'kafka_json',
  notation: 'json',
  mediaTypes: ['application/vnd.tripline.messages+json'],
  recordMediaType: 'application/json',
  decode: (bytes, limits, outlines) => decode(bytes, limits, (span) => jsonRecord(bytes, span, limits, outlines)),
  read: readMap,
  splice: spliceRecord,
  ...{ enclose, frame, select },
};

/** Messages in MessagePack, each within a log event of Fluent Bit, `[[time, {}], map]`. */
export const msgpackMessages: Codec = {
  name: 'kafka_msgpack',
  notation: 'msgpack',
  mediaTypes: ['application/vnd.tripline.messages+msgpack'],
  recordMediaType: 'application/msgpack',
  decode: (bytes, limits, outlines) => decode(bytes, limits, (span) => msgpackRecord(bytes, span, outlines)),
  read: readMsgpack,
  splice: spliceMsgpack,
  ...{ enclose, frame, select },
};

/** What stands before a message in MessagePack, for a log event: `[[time, {}], `. */
export function openEvent(unixNano: bigint): Uint8Array {
  return Buffer.concat([ARRAYS_OF_TWO, eventTime(unixNano), EMPTY_MAP]);
}

const ARRAYS_OF_TWO = Uint8Array.of(0x92, 0x92);
const EMPTY_MAP = Uint8Array.of(0x80);
const OPEN_EVENT_BYTES = 13;

/** The message of a record as Kafka has it; undefined if the batch has another layout. */
export function messageOf({ codec, bytes }: { codec: Codec; bytes: Uint8Array }, record: Span): Uint8Array | undefined {
  if (codec === jsonMessages) return bytes.subarray(record.start, record.end);
  return codec === msgpackMessages ? bytes.subarray(record.start + OPEN_EVENT_BYTES, record.end) : undefined;
}

function decode(bytes: Uint8Array, limits: DecodeLimits, recordAt: (span: Span) => LogRecord): LogRecord[] {
  if (bytes.length === 0) throw new Problem('body.empty', '0 bytes');
  const records: LogRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (records.length === limits.maxRecords) {
      throw new Problem('body.too_many_records', `byte ${at}: more than ${limits.maxRecords} records`);
    }
    const start = at + HEAD_BYTES;
    const end = start > bytes.length ? start : start + headBefore(bytes, start).getUint32(0);
    if (end > bytes.length) throw new Problem('body.unreadable', `byte ${at}: the message continues beyond the end`);
    records.push(recordAt({ start, end }));
    at = end;
  }
  return records;
}

function jsonRecord(bytes: Uint8Array, span: Span, limits: DecodeLimits, outlines: Outlines | undefined): LogRecord {
  const { start, end } = span;
  const first = skipSpace(bytes, start, end);
  // What does not end like a map is not outlined, as it would be read into the messages after it.
  const outlined = outlines !== undefined && bytes[end - 1] === CLOSE_BRACE ? outlines.addJson(first) : -1;
  if (outlined !== -1 && skipSpace(bytes, outlined, end) === end) {
    return { kind: 'map', ...span, map: { start: first, end: outlined }, outline: outlines!.last };
  }
  const after = endOfValue(bytes, first, end, limits.maxDepth);
  if (typeof after !== 'number') return other(span, 'record.malformed', describeFault(bytes, end, after));
  const rest = skipSpace(bytes, after, end);
  if (rest < end) {
    return other(span, 'record.malformed', describeFault(bytes, end, { at: rest, expected: 'the end of the message' }));
  }
  if (bytes[first] === OPEN_BRACE) return { kind: 'map', ...span, map: { start: first, end: after } };
  return other(span, 'record.not_a_map', describeFault(bytes, end, { at: first, expected: "'{'" }));
}

function msgpackRecord(bytes: Uint8Array, span: Span, outlines: Outlines | undefined): LogRecord {
  const malformed = (at: number, found: string) => other(span, 'record.malformed', `byte ${at}: found ${found}`);
  const after = endOfMsgpack(bytes, span.start, span.end);
  if (typeof after !== 'number') return malformed(after.at, after.found);
  if (after < span.end) return malformed(after, 'more bytes after the value');
  const event = logEventAt(bytes, span);
  if (event === undefined || !isMapAt(bytes, event.body)) {
    const at = event?.body.start ?? span.start;
    return other(span, 'record.not_a_map', `byte ${at}: expected a map`);
  }
  const record: LogRecord = { kind: 'map', ...span, map: event.body };
  if (outlines?.addMsgpack(event.body.start) === event.body.end) record.outline = outlines.last;
  return record;
}

function other(span: Span, code: ProblemCode, detail: string): LogRecord {
  return { kind: 'other', ...span, problem: new Problem(code, detail) };
}
