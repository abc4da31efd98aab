/** A record of a MessagePack body as an entry of Fluent Forward, whose bytes go through. */
import { applyEdits } from '../../../batch/splice.ts';
import type { Edit } from '../../../codecs/codec.ts';
import { hasEntryForm, logEventAt, unixNanoOf } from '../../../codecs/fluent/log-event.ts';
import { spliceMember, spliceRecord } from '../../../codecs/splice/msgpack.ts';
import { endOfValue, headerAt } from '../../../msgpack/scan.ts';
import { createWriter } from '../../../msgpack/write.ts';
import type { LogRecord, Span, Tag } from '../../../record.ts';
import { type EntryOptions, entryFrom } from './entry.ts';

/** A log event whose time has Fluent Bit's own form goes through as it is; any other gets the time in that form. A record
 * of kind `other` becomes `{"log": <its text>}` where it is an event with a text for a body, and else, with a bin of all
 * its bytes. */
export function entryFromMsgpack(
  bytes: Uint8Array,
  record: LogRecord,
  memberName: string,
  tag: Tag | undefined,
  { receivedUnixNano }: EntryOptions,
): Uint8Array {
  const edits: Edit[] = [];
  switch (record.kind) {
    case 'group':
      return bytes.subarray(record.start, record.end);
    case 'map': {
      if (tag !== undefined) spliceRecord(bytes, record, memberName, tag, edits);
      const event = logEventAt(bytes, record)!;
      if (hasEntryForm(bytes, event)) return applyEdits(bytes, record, edits);
      const metadata = event.metadata && bytes.subarray(event.metadata.start, event.metadata.end);
      return entryFrom(unixNanoOf(bytes, event) ?? receivedUnixNano, metadata, applyEdits(bytes, record.map, edits));
    }
    case 'other': {
      const isWhole = endOfValue(bytes, record.start, record.end) === record.end;
      const event = isWhole ? logEventAt(bytes, record) : undefined;
      const line = logLine(bytes, record, event?.body);
      const whole = { start: 0, end: line.length };
      if (tag !== undefined) spliceMember(line, whole, memberName, tag, edits);
      const metadata = event?.metadata && bytes.subarray(event.metadata.start, event.metadata.end);
      const unixNano = (event && unixNanoOf(bytes, event)) ?? receivedUnixNano;
      return entryFrom(unixNano, metadata, applyEdits(line, whole, edits));
    }
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
