/** Records as JSON. */
import { applyEdits } from '../../batch/splice.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import type { Edit } from '../../codecs/codec.ts';
import { isMapAt, logEventAt, unixNanoOf } from '../../codecs/fluent/log-event.ts';
import { spliceRecord } from '../../codecs/splice/json.ts';
import { stringifyExactly } from '../../json/exact.ts';
import { textOf } from '../../json/scan.ts';
import { headerAt, pairs } from '../../msgpack/scan.ts';
import { toJson } from '../../msgpack/to-json.ts';
import type { LogRecord, Span } from '../../record.ts';
import { entryOf } from './log-event/index.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_N = 0x6e;

/** A record with its tag as one JSON map, on one line.
 *
 * JSON bytes are passed through; a line feed between values becomes a space, one within a string, which JSON forbids, `\n`.
 * MessagePack becomes what Fluent Bit makes of the event, with its values exact (`toJson`): `dateKey` first, the time as
 * seconds with nine digits of fraction, then `__internal__` with `group_attributes` and `log_metadata` if the event is in a
 * group or has metadata. If the record itself has a member of either name, only that is written, as in Fluent Bit.
 * A record of kind `other` becomes `{"log": <its text>}`, as in an entry of Fluent Forward.
 * @param index of a record that is no group marker */
export function jsonOf(batch: TaggedBatch, index: number): Uint8Array {
  const record = batch.records[index]!;
  if (record.kind === 'group') throw new Error(`record ${index} is a group marker`);
  return batch.codec.notation === 'json' ? fromJson(batch, index, record) : fromMsgpack(batch, index);
}

/** Bytes of lines that are built at once. */
const CHUNK_BYTES = 1024 * 1024;

/** What is written of the records of a batch, as lines, in parts of some size.
 * @param linesOf what is written of a record, by its index */
export function* jsonLines(
  batch: TaggedBatch,
  linesOf: (batch: TaggedBatch, index: number) => readonly Uint8Array[],
): Generator<Uint8Array> {
  let lines: Uint8Array[] = [];
  let bytes = 0;
  for (let index = 0; index < batch.records.length; index++) {
    if (batch.records[index]!.kind === 'group') continue;
    for (const line of linesOf(batch, index)) {
      lines.push(line, LINE_END);
      bytes += line.length + 1;
    }
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(lines);
    lines = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(lines);
}

const LINE_END = Uint8Array.of(LINE_FEED);

function fromJson(
  { bytes, tags, memberName }: TaggedBatch,
  index: number,
  record: Exclude<LogRecord, { kind: 'group' }>,
): Uint8Array {
  const tag = tags[index];
  if (record.kind === 'other') return logLine(textOf(bytes, record.start, record.end), tag, memberName);
  const edits: Edit[] = [];
  if (tag !== undefined) spliceRecord(bytes, record, memberName, tag, edits);
  const json = applyEdits(bytes, record.map, edits);
  return json.includes(LINE_FEED) ? onOneLine(json) : json;
}

/** Line feeds occur only between values, except in a map that is not valid JSON. */
function onOneLine(json: Uint8Array): Uint8Array {
  const line = Buffer.allocUnsafe(2 * json.length);
  let length = 0;
  let isString = false;
  for (let at = 0; at < json.length; at++) {
    let byte = json[at]!;
    if (byte === QUOTE) {
      isString = !isString;
    } else if (isString && (byte === LINE_FEED || byte === BACKSLASH)) {
      if (byte === BACKSLASH) byte = json[++at]!;
      line[length++] = BACKSLASH;
      if (byte === LINE_FEED) byte = LOWER_N;
    } else if (byte === LINE_FEED) {
      byte = SPACE;
    }
    line[length++] = byte;
  }
  return line.subarray(0, length);
}

function logLine(log: string, tag: TaggedBatch['tags'][number], memberName: string): Uint8Array {
  return Buffer.from(stringifyExactly({ log, ...(tag && { [memberName]: tag }) }));
}

function fromMsgpack(batch: TaggedBatch, index: number): Uint8Array {
  const entry = entryOf(batch, index);
  const { time, metadata, body } = logEventAt(entry, { start: 0, end: entry.length })!;
  const isThere = (name: string) => pairs(entry, body.start, body.end, name).length > 0;
  const first: string[] = [];
  if (!isThere(batch.dateKey))
    first.push(`${JSON.stringify(batch.dateKey)}:${secondsOf(unixNanoOf(entry, { time })!)}`);
  const attributes = groupAttributes(batch, index);
  const internal = [
    ...(attributes ? [`"group_attributes":${jsonText(batch.bytes, attributes)}`] : []),
    ...(hasMembers(entry, metadata!) ? [`"log_metadata":${jsonText(entry, metadata!)}`] : []),
  ];
  if (internal.length > 0 && !isThere('__internal__')) first.push(`"__internal__":{${internal.join()}}`);
  return toJson(entry, body.start, body.end, first.join());
}

const jsonText = (bytes: Uint8Array, { start, end }: Span) => Buffer.from(toJson(bytes, start, end)).toString();

/** Seconds as a number whose digits give the time to the nanosecond. */
function secondsOf(unixNano: bigint): string {
  const digits = String(unixNano).padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

function hasMembers(bytes: Uint8Array, map: Span): boolean {
  return headerAt(bytes, map.start, map.end)!.length > 0;
}

/** The map that opens the group of a record, unless it is empty. */
function groupAttributes({ bytes, records }: TaggedBatch, index: number): Span | undefined {
  const group = groupsOf(records)[index];
  const body = group && logEventAt(bytes, group)!.body;
  return body && isMapAt(bytes, body) && hasMembers(bytes, body) ? body : undefined;
}

const groups = new WeakMap<readonly LogRecord[], (LogRecord | undefined)[]>();

/** The marker before a record, by its index; computed once for all records of a batch. The marker that closes a group opens
 * another without attributes. */
function groupsOf(records: readonly LogRecord[]): readonly (LogRecord | undefined)[] {
  let found = groups.get(records);
  if (found === undefined) {
    found = [];
    if (records.some(({ kind }) => kind === 'group')) {
      let group: LogRecord | undefined;
      for (const record of records) {
        if (record.kind === 'group') group = record;
        found.push(group);
      }
    }
    groups.set(records, found);
  }
  return found;
}
