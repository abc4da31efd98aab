/** A record of a MessagePack body as an entry of Fluent Forward, whose bytes go through. */
import { applyEdits } from '../../../batch/splice.ts';
import type { TaggedBatch } from '../../../batch/tagged-batch.ts';
import type { Edit } from '../../../codecs/codec.ts';
import { hasEntryForm, type LogEvent, logEventAt, unixNanoOf } from '../../../codecs/fluent/log-event.ts';
import { spliceMember, spliceRecord } from '../../../codecs/splice/msgpack.ts';
import { endOfValue, headerAt } from '../../../msgpack/scan.ts';
import { createWriter } from '../../../msgpack/write.ts';
import type { Span } from '../../../record.ts';
import { entryFrom } from './entry.ts';

/** A log event whose time has Fluent Bit's own form goes through as it is; any other gets the time in that form. A record
 * of kind `other` becomes `{"log": <its text>}` where it is an event with a text for a body, and else, with a bin of all
 * its bytes. */
export function addEditsFromMsgpack(
  { bytes, records, memberName, tags, receivedUnixNano }: TaggedBatch,
  index: number,
  edits: Edit[],
): void {
  const record = records[index]!;
  const tag = tags[index];
  if (record.kind === 'group') return;
  if (record.kind === 'map') {
    const event = logEventAt(bytes, record)!;
    const ofMap: Edit[] = hasEntryForm(bytes, event) ? edits : [];
    if (tag !== undefined) spliceRecord(bytes, record, memberName, tag, ofMap);
    if (ofMap !== edits) replaceBy(applyEdits(bytes, record.map, ofMap), event);
  } else {
    const isWhole = endOfValue(bytes, record.start, record.end) === record.end;
    const event = isWhole ? logEventAt(bytes, record) : undefined;
    const line = logLine(bytes, record, event?.body);
    const whole = { start: 0, end: line.length };
    const ofLine: Edit[] = [];
    if (tag !== undefined) spliceMember(line, whole, memberName, tag, ofLine);
    replaceBy(applyEdits(line, whole, ofLine), event);
  }

  function replaceBy(map: Uint8Array, event: LogEvent | undefined): void {
    const metadata = event?.metadata && bytes.subarray(event.metadata.start, event.metadata.end);
    const unixNano = (event && unixNanoOf(bytes, event)) ?? receivedUnixNano;
    edits.push({ start: record.start, end: record.end, insert: entryFrom(unixNano, metadata, map) });
  }
}

function logLine(bytes: Uint8Array, record: Span, body: Span | undefined): Uint8Array {
  const writer = createWriter(record.end - record.start + 16);
  writer.map(1);
  writer.string('log');
  if (body && headerAt(bytes, body.start, body.end)?.kind === 'str') writer.raw(bytes.subarray(body.start, body.end));
  else writer.bin(bytes.subarray(record.start, record.end));
  return writer.finish();
}
