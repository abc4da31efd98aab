/** A record of a MessagePack body as an entry of Fluent Forward; its bytes are passed through. */
import { applyEdits } from '../../../batch/splice.ts';
import type { TaggedBatch } from '../../../batch/tagged-batch.ts';
import type { Edit } from '../../../codecs/codec.ts';
import { hasEntryForm, type LogEvent, logEventAt, unixNanoOf } from '../../../codecs/fluent/log-event.ts';
import { spliceMember, spliceRecord } from '../../../codecs/splice/msgpack.ts';
import { endOfValue, headerAt, isDeeper } from '../../../msgpack/scan.ts';
import { toJson } from '../../../msgpack/to-json.ts';
import { createWriter } from '../../../msgpack/write.ts';
import { OUTLINED_DEPTH } from '../../../outline/msgpack-outline.ts';
import type { Span } from '../../../record.ts';
import { entryFrom } from './entry.ts';

/** A log event whose time is in Fluent Bit's own form is passed through unchanged; any other gets the time in that form. A
 * record of kind `other` becomes `{"log": <its text>}` if it is an event whose body is a text, otherwise the same with a bin of
 * all its bytes. What is nested too deep, map or metadata, becomes `{"log": <its JSON>}`. */
export function addEditsFromMsgpack(
  { bytes, records, memberName, tags, receivedUnixNano }: TaggedBatch,
  index: number,
  edits: Edit[],
  maxDepth: number,
): void {
  const record = records[index]!;
  const tag = tags[index];
  if (record.kind === 'group') return;
  if (record.kind === 'map') {
    const event = logEventAt(bytes, record)!;
    const isWithin = record.outline !== undefined && OUTLINED_DEPTH <= maxDepth;
    if (!isWithin && isTooDeep(bytes, record.map, maxDepth)) {
      replaceBy(tagged(jsonLine(bytes, record.map)), event);
      return;
    }
    const isAsIs = hasEntryForm(bytes, event) && !isTooDeep(bytes, event.metadata!, maxDepth - 1);
    const ofMap: Edit[] = isAsIs ? edits : [];
    if (tag !== undefined) spliceRecord(bytes, record, memberName, tag, ofMap);
    if (!isAsIs) replaceBy(applyEdits(bytes, record.map, ofMap), event);
  } else {
    const isWhole = endOfValue(bytes, record.start, record.end) === record.end;
    const event = isWhole ? logEventAt(bytes, record) : undefined;
    replaceBy(tagged(logLine(bytes, record, event?.body)), event);
  }

  function tagged(line: Uint8Array): Uint8Array {
    const whole = { start: 0, end: line.length };
    const ofLine: Edit[] = [];
    if (tag !== undefined) spliceMember(line, whole, memberName, tag, ofLine);
    return applyEdits(line, whole, ofLine);
  }

  /** Metadata lies a level deeper than the map. */
  function metadataWithin(span: Span): Uint8Array {
    return isTooDeep(bytes, span, maxDepth - 1) ? jsonLine(bytes, span) : bytes.subarray(span.start, span.end);
  }

  function replaceBy(map: Uint8Array, event: LogEvent | undefined): void {
    const metadata = event?.metadata && metadataWithin(event.metadata);
    const unixNano = (event && unixNanoOf(bytes, event)) ?? receivedUnixNano;
    edits.push({ start: record.start, end: record.end, insert: entryFrom(unixNano, metadata, map) });
  }
}

function isTooDeep(bytes: Uint8Array, span: Span, maxDepth: number): boolean {
  return maxDepth < Number.POSITIVE_INFINITY && isDeeper(bytes, span, maxDepth);
}

function jsonLine(bytes: Uint8Array, { start, end }: Span): Uint8Array {
  const writer = createWriter(2 * (end - start));
  writer.map(1);
  writer.string('log');
  writer.utf8(toJson(bytes, start, end));
  return writer.finish();
}

function logLine(bytes: Uint8Array, record: Span, body: Span | undefined): Uint8Array {
  const writer = createWriter(record.end - record.start + 16);
  writer.map(1);
  writer.string('log');
  if (body && headerAt(bytes, body.start, body.end)?.kind === 'str') writer.raw(bytes.subarray(body.start, body.end));
  else writer.bin(bytes.subarray(record.start, record.end));
  return writer.finish();
}
