/** MessagePack as Fluent Bit posts it: log events one after the other, `[[EventTime, metadata], map]` each. */
import { endOfValue, headerAt } from '../msgpack/scan.ts';
import type { Outlines } from '../outline/outlines.ts';
import { Problem, type ProblemCode } from '../problem.ts';
import type { LogRecord, Span } from '../record.ts';
import type { Codec, DecodeLimits } from './codec.ts';
import { isGroupMarker, isMapAt, logEventAt } from './fluent/log-event.ts';
import { type Framing, frameBy, selectBy } from './framing/framing.ts';
import { readMap } from './records/msgpack.ts';
import { spliceRecord } from './splice/msgpack.ts';

const NOTHING = new Uint8Array();
const framing: Framing = { open: NOTHING, between: NOTHING, close: NOTHING };

const LOG_EVENT = 'a log event, [[time, metadata], map]';

/** Log events are records. Other values become records of kind `other`: one for each array, and one for a run of anything
 * else, since text that is read as MessagePack is a small integer per byte. So does the rest of a body that breaks. */
export const msgpack: Codec = {
  name: 'msgpack',
  notation: 'msgpack',
  mediaTypes: ['application/msgpack', 'application/x-msgpack', 'application/vnd.msgpack'],
  decode,
  read: readMap,
  splice: spliceRecord,
  frame: (records) => frameBy(records, framing),
  select: selectBy(() => framing),
};

const ARRAY_OF_TWO = 0x92;

function decode(bytes: Uint8Array, limits: DecodeLimits, outlines?: Outlines): LogRecord[] {
  const end = bytes.length;
  if (end === 0) throw new Problem('body.empty', '0 bytes');
  const records: LogRecord[] = [];
  const add = (record: LogRecord) => {
    if (records.length === limits.maxRecords) {
      throw new Problem('body.too_many_records', `byte ${record.start}: more than ${limits.maxRecords} records`);
    }
    records.push(record);
  };

  let readable = false;
  for (let at = 0; at < end; ) {
    const outlined = outlines && outlinedAt(bytes, at, outlines);
    if (outlined !== undefined) {
      readable = true;
      add(outlined);
      at = outlined.end;
      continue;
    }
    const behindStrays = skipStrays(bytes, at, end);
    const after = behindStrays > at ? behindStrays : endOfValue(bytes, at, end);
    if (typeof after !== 'number') {
      const detail = `byte ${after.at}: found ${after.found}`;
      if (!readable) throw new Problem('body.unreadable', detail);
      add(other({ start: at, end }, 'record.malformed', detail));
      break;
    }
    if (behindStrays > at) {
      add(other({ start: at, end: after }, 'record.malformed', `byte ${at}: expected ${LOG_EVENT}`));
    } else {
      readable = true;
      add(recordOf(bytes, { start: at, end: after }));
    }
    at = after;
  }
  if (!readable) throw new Problem('body.unreadable', `byte 0: expected ${LOG_EVENT}`);
  return records;
}

/** The record at an offset, if it is a log event whose body has an outline: what is outlined is whole, and its end need not be
 * searched for. */
function outlinedAt(bytes: Uint8Array, start: number, outlines: Outlines): LogRecord | undefined {
  if (bytes[start] !== ARRAY_OF_TWO || typeof endOfValue(bytes, start + 1, bytes.length) !== 'number') return undefined;
  const event = logEventAt(bytes, { start, end: bytes.length });
  if (event === undefined || isGroupMarker(bytes, event)) return undefined;
  const end = outlines.addMsgpack(event.body.start);
  if (end === -1) return undefined;
  return { kind: 'map', start, end, map: { start: event.body.start, end }, outline: outlines.last };
}

/** The offset after the values that are not arrays. */
function skipStrays(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && headerAt(bytes, at, end)?.kind !== 'array') {
    const after = endOfValue(bytes, at, end);
    if (typeof after !== 'number') break;
    at = after;
  }
  return at;
}

function recordOf(bytes: Uint8Array, span: Span): LogRecord {
  const event = logEventAt(bytes, span);
  if (event === undefined) return other(span, 'record.malformed', `byte ${span.start}: expected ${LOG_EVENT}`);
  if (!isMapAt(bytes, event.body)) {
    return other(span, 'record.not_a_map', `byte ${event.body.start}: expected a map as the body of a log event`);
  }
  return isGroupMarker(bytes, event) ? { kind: 'group', ...span } : { kind: 'map', ...span, map: event.body };
}

function other(span: Span, code: ProblemCode, detail: string): LogRecord {
  return { kind: 'other', ...span, problem: new Problem(code, detail) };
}
