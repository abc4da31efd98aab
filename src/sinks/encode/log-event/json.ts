/** A record of a JSON body as an entry of Fluent Forward, with the values that Fluent Bit put into the JSON. */
import { applyEdits } from '../../../batch/splice.ts';
import type { TaggedBatch } from '../../../batch/tagged-batch.ts';
import type { Edit } from '../../../codecs/codec.ts';
import { isMapAt } from '../../../codecs/fluent/log-event.ts';
import { removePairs, spliceMember } from '../../../codecs/splice/msgpack.ts';
import { membersNamed, textOf } from '../../../json/scan.ts';
import { fromJson } from '../../../msgpack/from-json.ts';
import { type Pair, pairs } from '../../../msgpack/scan.ts';
import { createWriter } from '../../../msgpack/write.ts';
import { Problem } from '../../../problem.ts';
import type { Span } from '../../../record.ts';
import { unixNanoFromFluentDate } from '../../../time.ts';
import { entryFrom } from './entry.ts';

/** Levels down to which the values of any record become MessagePack; a deeper record is passed on as text. */
const MAX_LEVELS = 1024;

/** A tagged record as an entry of Fluent Forward. The member `dateKey` becomes the time again if it is one, and
 * stays a field otherwise. `__internal__.log_metadata` becomes the metadata; whatever else `__internal__` holds
 * (the `group_attributes` of a record whose OpenTelemetry group has no marker in JSON) stays a field. A record that
 * cannot become MessagePack, because it is not a map, malformed or too deep, becomes `{"log": <its text>}`. */
export function addEditsFromJson(
  { bytes, records, memberName, tags, dateKey, receivedUnixNano }: TaggedBatch,
  index: number,
  edits: Edit[],
  maxDepth: number,
): void {
  const record = records[index]!;
  const tag = tags[index];
  const fields = record.kind === 'map' ? fieldsOf(bytes, record.map, dateKey, maxDepth) : undefined;
  const { unixNano = receivedUnixNano, metadata, map } = fields ?? { map: logLine(bytes, record) };
  const whole = { start: 0, end: map.length };
  const ofMap: Edit[] = [];
  if (tag !== undefined) spliceMember(map, whole, memberName, tag, ofMap);
  const insert = entryFrom(unixNano, metadata, applyEdits(map, whole, ofMap));
  edits.push({ start: record.start, end: record.end, insert });
}

function logLine(bytes: Uint8Array, record: Span): Uint8Array {
  const writer = createWriter(record.end - record.start + 16);
  writer.map(1);
  writer.string('log');
  writer.utf8(bytes.subarray(record.start, record.end));
  return writer.finish();
}

interface Fields {
  unixNano: bigint | undefined;
  metadata: Uint8Array | undefined;
  map: Uint8Array;
}

function fieldsOf(bytes: Uint8Array, json: Span, dateKey: string, maxDepth: number): Fields | undefined {
  const map = mapFromJson(bytes, json, maxDepth);
  if (map === undefined) return undefined;
  const whole = { start: 0, end: map.length };
  // The time is parsed from the digits of the text, which are exact; a float made of them is not.
  const date = membersNamed(bytes, json.start, json.end, dateKey).at(-1);
  const unixNano = date && unixNanoFromFluentDate(textOf(bytes, date.valueStart, date.end));
  const removed: Pair[] = unixNano === undefined ? [] : pairs(map, 0, map.length, dateKey);

  const edits: Edit[] = [];
  let metadata: Uint8Array | undefined;
  const internal = pairs(map, 0, map.length, '__internal__').at(-1);
  if (internal !== undefined) {
    const inside = { start: internal.valueStart, end: internal.end };
    const logMetadata = isMapAt(map, inside) ? pairs(map, inside.start, inside.end, 'log_metadata') : [];
    const last = logMetadata.at(-1);
    if (last !== undefined && isMapAt(map, { start: last.valueStart, end: last.end })) {
      metadata = map.subarray(last.valueStart, last.end);
      if (pairs(map, inside.start, inside.end).length === logMetadata.length) removed.push(internal);
      else removePairs(map, inside, logMetadata, edits);
    }
  }
  removed.sort(byOffset);
  removePairs(map, whole, removed, edits);
  return { unixNano, metadata, map: applyEdits(map, whole, edits.sort(byOffset)) };
}

function byOffset(a: Span, b: Span): number {
  return a.start - b.start;
}

function mapFromJson(bytes: Uint8Array, json: Span, maxDepth: number): Uint8Array | undefined {
  try {
    return fromJson(bytes, json.start, json.end, { maxDepth: Math.min(maxDepth, MAX_LEVELS) });
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
