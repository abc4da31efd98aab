/** OTLP logs in Protobuf, as OpenTelemetry's exporters post them: an ExportLogsServiceRequest.
 * @see https://opentelemetry.io/docs/specs/otlp/ */
import { countValues as countJsonValues } from '../json/scan.ts';
import { Problem } from '../problem.ts';
import { contentOf, eachField } from '../protobuf/scan.ts';
import { lengthDelimited } from '../protobuf/write.ts';
import type { LogRecord } from '../record.ts';
import { type Codec, checkValues, type DecodeLimits, type Selection } from './codec.ts';
import { walkExport } from './opentelemetry/export.ts';
import { EXPORT } from './opentelemetry/fields.ts';
import { readLogRecord } from './opentelemetry/log-record.ts';
import { aroundAt, exportOf, nothingAround, type OtlpScopeLogs, otlpRecordAt } from './opentelemetry/otlp-record.ts';
import { lengthEdits, spliceRecord } from './splice/otlp.ts';

/** Each LogRecord is a record, from its key and length to its end. One that is malformed is of kind `other`, as is the rest
 * of a ResourceLogs or ScopeLogs that breaks; what it holds inside its values may be malformed all the same. */
export const otlp: Codec = {
  name: 'otlp',
  notation: 'otlp',
  mediaTypes: ['application/x-protobuf', 'application/protobuf'],
  decode,
  read(bytes, { map }, limits) {
    checkValues(bytes, map, countJsonValues); // of JSON in texts
    return readLogRecord(otlpRecordAt(bytes, map), limits);
  },
  splice: spliceRecord,
  enclose: lengthEdits,
  otlpRecord: (bytes, { map }) => otlpRecordAt(bytes, map),
  frame,
  select,
};

function decode(bytes: Uint8Array, limits: DecodeLimits): LogRecord[] {
  if (bytes.length === 0) throw new Problem('body.empty', '0 bytes');
  const records: LogRecord[] = [];
  let isExport = false;
  let isReadable = false;
  let broken: string | undefined;
  const add = (record: LogRecord) => {
    if (records.length === limits.maxRecords) {
      throw new Problem('body.too_many_records', `byte ${record.start}: more than ${limits.maxRecords} records`);
    }
    records.push(record);
  };
  walkExport(bytes, {
    resourceLogs: () => {
      isExport = true;
    },
    logRecord(field) {
      isReadable = true;
      const { start, end } = field;
      const fault = eachField(bytes, contentOf(field), () => {});
      if (fault === undefined) add({ kind: 'map', start, end, map: { start, end } });
      else add({ kind: 'other', start, end, problem: new Problem('record.malformed', describe(fault)) });
    },
    rest(span, fault) {
      broken ??= describe(fault);
      add({ kind: 'other', ...span, problem: new Problem('record.malformed', describe(fault)) });
    },
  });
  if (broken !== undefined && !isReadable) throw new Problem('body.unreadable', broken);
  if (!isExport) throw new Problem('body.unreadable', 'byte 0: expected resource_logs, field 1');
  return records;
}

function describe({ at, found }: { at: number; found: string }): string {
  return `byte ${at}: found ${found}`;
}

/** Each record in its own ResourceLogs, so that a malformed one has an end. */
function frame(records: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(records.map((record) => partOf(nothingAround, [record])));
}

/** Each record with its scope and its resource. */
function select(bytes: Uint8Array, records: readonly LogRecord[]): Selection {
  const parts: Uint8Array[] = [];
  const moved: LogRecord[] = [];
  let length = 0;
  for (let from = 0; from < records.length; ) {
    const around = aroundAt(bytes, records[from]!);
    let to = from + 1;
    const isNext = ({ kind }: LogRecord) => kind === 'map' && aroundAt(bytes, records[to]!) === around;
    while (to < records.length && isNext(records[to - 1]!) && records[to]!.kind === 'map') to++;
    const run = records.slice(from, to);
    const part = partOf(
      around,
      run.map(({ start, end }) => bytes.subarray(start, end)),
    );
    let at = length + part.length - run.reduce((sum, { start, end }) => sum + end - start, 0);
    for (const record of run) {
      const [start, end] = [at, at + record.end - record.start];
      moved.push(record.kind === 'map' ? { ...record, start, end, map: { start, end } } : { ...record, start, end });
      at = end;
    }
    parts.push(part);
    length += part.length;
    from = to;
  }
  return { bytes: Buffer.concat(parts, length), records: moved };
}

/** A part of a request with records of one scope at its end. A malformed record has its own part, as it may have no end. */
function partOf(around: OtlpScopeLogs, records: readonly Uint8Array[]): Uint8Array {
  if (records[0]!.length > 0) return exportOf(around, records);
  return lengthDelimited(EXPORT.resourceLogs, around.resourceLogs.message, CUT_SCOPE_LOGS);
}

/** A ScopeLogs that is cut before its first byte: it makes a record of no bytes. */
const CUT_SCOPE_LOGS = Uint8Array.of(0x12, 0x01);
