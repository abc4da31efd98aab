/** OTLP logs in JSON, as OpenTelemetry exporters post them if they are configured for it.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
import { plainPairs, plainValue } from '../json/any-value.ts';
import { CUT, type JsonMap, member } from '../json/map.ts';
import { readValue } from '../json/read.ts';
import { countValues, describeFault, endOfValue } from '../json/scan.ts';
import { Problem } from '../problem.ts';
import type { LogRecord, Span } from '../record.ts';
import { type Codec, checkValues, type DecodeLimits, type Selection } from './codec.ts';
import { logRecordFrom } from './opentelemetry/from-json.ts';
import { aroundAt, type JsonAround, nothingAround } from './opentelemetry/json-around.ts';
import { walkJsonExport } from './opentelemetry/json-export.ts';
import { recordMap } from './opentelemetry/record-map.ts';
import { spliceRecord } from './splice/otlp-json.ts';

const OPEN_BRACE = 0x7b;

/** Levels of JSON that one level of a value takes, as a map in a list in a map. */
const LEVELS_OF_ONE = 5;
/** Most levels of JSON that are read in values. */
const MAX_LEVELS = 5000;

/** Each item of `logRecords` is a record. If the text breaks, what follows the last record is one of kind `other`. */
export const otlpJson: Codec = {
  name: 'otlp_json',
  notation: 'otlp',
  mediaTypes: ['application/json'],
  decode,
  read(bytes, { map }, limits) {
    checkValues(bytes, map, countValues);
    const record = jsonOf(bytes, map, limits.maxDepth);
    const attributes = member(record, 'attributes');
    const plain = plainPairs(Array.isArray(attributes) ? attributes : [], (record as JsonMap)[CUT]);
    const body = member(record, 'body');
    return recordMap(plain, body && (plainValue(body) ?? null), aroundAt(bytes, map).resource.clusterName);
  },
  splice: spliceRecord,
  otlpRecord: (bytes, { map }) => ({
    logRecord: logRecordFrom(jsonOf(bytes, map, MAX_LEVELS)),
    scopeLogs: aroundAt(bytes, map).scopeLogs,
  }),
  frame: (records) => joined(records.length === 0 ? [] : [{ around: nothingAround, units: [...records] }]).bytes,
  select,
};

function jsonOf(bytes: Uint8Array, { start, end }: Span, maxDepth: number): unknown {
  return readValue(bytes, start, end, { maxDepth: Math.min(LEVELS_OF_ONE * maxDepth, MAX_LEVELS) });
}

function decode(bytes: Uint8Array, limits: DecodeLimits): LogRecord[] {
  const records: LogRecord[] = [];
  let isExport = false;
  let broken: string | undefined;
  const add = (record: LogRecord) => {
    if (records.length === limits.maxRecords) {
      throw new Problem('body.too_many_records', `byte ${record.start}: more than ${limits.maxRecords} records`);
    }
    records.push(record);
  };
  walkJsonExport(bytes, limits.maxDepth, {
    resourceLogs: () => {
      isExport = true;
    },
    logRecord({ start, end }) {
      if (bytes[start] === OPEN_BRACE) {
        add({ kind: 'map', start, end, map: { start, end } });
        return;
      }
      const detail = describeFault(bytes, end, { at: start, expected: "'{'" });
      add({ kind: 'other', start, end, problem: new Problem('record.not_a_map', detail) });
    },
    rest(span, fault) {
      broken = describeFault(bytes, bytes.length, fault);
      if (records.length > 0) add({ kind: 'other', ...span, problem: new Problem('record.malformed', broken) });
    },
  });
  if (records.length > 0) return records;
  if (broken !== undefined) throw new Problem('body.unreadable', broken);
  if (bytes.every((byte) => byte <= 0x20)) throw new Problem('body.empty', `${bytes.length} bytes, none of them JSON`);
  if (!isExport) throw new Problem('body.unreadable', "byte 0: expected a map with 'resourceLogs'");
  return records;
}

/** Each record with the members of its scope and its resource. */
function select(bytes: Uint8Array, records: readonly LogRecord[]): Selection {
  const runs: Run[] = [];
  for (const record of records) {
    const around = aroundAt(bytes, record);
    const unit = bytes.subarray(record.start, record.end);
    const last = runs.at(-1);
    if (last !== undefined && (last.around === around || isRest(unit))) last.units.push(unit);
    else runs.push({ around, units: [unit] });
  }
  const { bytes: joinedBytes, starts } = joined(runs);
  const moved = records.map((record, index): LogRecord => {
    const start = starts[index]!;
    const end = start + record.end - record.start;
    return record.kind === 'map' ? { ...record, start, end, map: { start, end } } : { ...record, start, end };
  });
  return { bytes: joinedBytes, records: moved };
}

/** Records of one scope. */
interface Run {
  around: JsonAround;
  units: Uint8Array[];
}

/** One export of all records. What follows the last record of a text that breaks stays broken, so that it is the same when
 * it is decoded again. */
function joined(runs: readonly Run[]): { bytes: Uint8Array; starts: number[] } {
  const parts: Uint8Array[] = [];
  const starts: number[] = [];
  let length = 0;
  let isBroken = false;
  const add = (part: Uint8Array | string) => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    parts.push(bytes);
    length += bytes.length;
  };
  const addMembers = (members: Uint8Array) => {
    add(members);
    if (members.length > 0) add(',');
  };
  add('{"resourceLogs":[');
  for (const [index, { around, units }] of runs.entries()) {
    add(index === 0 ? '{' : ']}]},{');
    addMembers(around.resource.members);
    add('"scopeLogs":[{');
    addMembers(around.members);
    add('"logRecords":[');
    for (const [at, unit] of units.entries()) {
      isBroken = isRest(unit);
      if (at > 0 && !isBroken) add(',');
      starts.push(length);
      add(unit);
    }
  }
  if (!isBroken) add(runs.length === 0 ? ']}' : ']}]}]}');
  return { bytes: Buffer.concat(parts, length), starts };
}

/** Whether a record is what follows the last one of a text that breaks: it is not a value on its own. */
function isRest(unit: Uint8Array): boolean {
  return endOfValue(unit, 0, unit.length, 1) !== unit.length;
}
