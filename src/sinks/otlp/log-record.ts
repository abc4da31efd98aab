/** Records as LogRecords of OTLP. */
import protobuf from 'protobufjs/minimal.js';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { logEventAt, unixNanoOf } from '../../codecs/fluent/log-event.ts';
import { pairIn } from '../../codecs/opentelemetry/any-value.ts';
import { LOG_RECORD, SCOPE_LOGS } from '../../codecs/opentelemetry/fields.ts';
import type { OtlpScopeLogs } from '../../codecs/opentelemetry/otlp-record.ts';
import { readValue } from '../../codecs/opentelemetry/read-value.ts';
import { isMap } from '../../json/map.ts';
import { decode } from '../../msgpack/decode.ts';
import { createWriter } from '../../msgpack/write.ts';
import { contentOf, eachField, LENGTH_DELIMITED } from '../../protobuf/scan.ts';
import { lengthDelimited } from '../../protobuf/write.ts';
import type { Level, Span } from '../../record.ts';
import type { Tag } from '../../tag.ts';
import { entryOf } from '../encode/log-event/index.ts';
import { fixed64Key, keyText, lengthDelimitedKey, varintKey, writeAttribute, writeMap } from './any-value.ts';
import { groupOf, type Surroundings } from './around.ts';
import { type Attributes, attributesOf, clusterAttributes, OWN_PREFIX, severityOf } from './attributes.ts';
import { lastIn } from './members.ts';
import { nothingSaid, type Said, writeMetadata } from './metadata.ts';

export interface LogRecord {
  /** As a field of a ScopeLogs. */
  bytes: Uint8Array;
  /** The same object for records of one scope and resource. */
  scopeLogs: OtlpScopeLogs;
}

const ATTRIBUTES = lengthDelimitedKey(LOG_RECORD.attributes);
const BODY = lengthDelimitedKey(LOG_RECORD.body);
const LOG_RECORDS = lengthDelimitedKey(SCOPE_LOGS.logRecords);
/** Levels of a tag that are read; it has fewer. */
const TAG_DEPTH = 16;

/** A record as a LogRecord. Its map without the tag is the body; time, metadata and group of a log event go where OTLP has a
 * place for them; the tag becomes attributes. A record that came as OTLP stays as it is, and gets the attributes of its tag and
 * whatever it lacks of severity, ids and times.
 * @param index of a record that is no group marker */
export function logRecordOf(batch: TaggedBatch, index: number, surroundings: Surroundings): LogRecord {
  if (batch.codec.notation !== 'otlp') return ofLogEvent(batch, index, surroundings);
  return batch.records[index]!.kind === 'map' ? ofOtlp(batch, index) : ofMalformed(batch, index, surroundings);
}

function ofLogEvent(batch: TaggedBatch, index: number, surroundings: Surroundings): LogRecord {
  const { memberName } = batch;
  const entry = Buffer.from(entryOf({ ...batch, tags: [] }, index));
  const event = logEventAt(entry, { start: 0, end: entry.length })!;
  const { body } = event;
  const tag = batch.tags[index] ?? tagFrom(lastIn(entry, body, memberName), entry);
  const isTag = (start: number, end: number) => keyText(entry, start, end) === memberName;

  const writer = protobuf.Writer.create().uint32(LOG_RECORDS).fork();
  const said = writeMetadata(writer, entry, event.metadata!, isOwn(memberName));
  writer.uint32(BODY).fork();
  writeMap(writer, entry, body.start, body.end, 0, isTag);
  writer.ldelim();
  if (!said.hasTime) writeTime(writer, LOG_RECORD.timeUnixNano, unixNanoOf(entry, event) ?? batch.receivedUnixNano);
  const group = groupOf(batch, index);
  writeRest(writer, batch, tag, said, group !== undefined);
  return { bytes: writer.ldelim().finish(), scopeLogs: group ?? surroundings.ofCluster(tag ?? {}) };
}

/** The tag that is already in a record, as in one from a spool. */
function tagFrom(value: Span | undefined, bytes: Uint8Array): Tag | undefined {
  return value && asTag(decode(bytes, value.start, value.end, { maxDepth: TAG_DEPTH }));
}

const asTag = (value: unknown) => (isMap(value) ? (value as Tag) : undefined);

function ofOtlp(batch: TaggedBatch, index: number): LogRecord {
  const { bytes, codec, memberName } = batch;
  const record = batch.records[index]!;
  const { logRecord, scopeLogs } = codec.otlpRecord!(bytes, record as typeof record & { kind: 'map' });
  const said = nothingSaid();
  const isLeftOut = isOwn(memberName);
  const kept: Uint8Array[] = [];
  let tag = batch.tags[index];
  eachField(logRecord, { start: 0, end: logRecord.length }, (field) => {
    const { number, wireType, start, valueStart, end } = field;
    if (number === LOG_RECORD.attributes && wireType === LENGTH_DELIMITED) {
      const pair = pairIn({ bytes: logRecord, ...contentOf(field) });
      const key = textOf(pair.key);
      if (key === memberName && pair.value) tag ??= asTag(readValue(pair.value, { maxDepth: TAG_DEPTH }));
      if (isLeftOut(key)) return;
      said.keys.add(key);
    }
    const isSet = logRecord.subarray(valueStart, end).some((byte) => byte > 0);
    if (number === LOG_RECORD.severityNumber || number === LOG_RECORD.severityText) said.hasSeverity ||= isSet;
    if (number === LOG_RECORD.traceId || number === LOG_RECORD.spanId) said.hasTrace ||= isSet;
    if (number === LOG_RECORD.observedTimeUnixNano) said.hasObservedTime ||= isSet;
    kept.push(logRecord.subarray(start, end));
  });
  const writer = protobuf.Writer.create();
  writeRest(writer, batch, tag, said, true);
  return { bytes: lengthDelimited(SCOPE_LOGS.logRecords, ...kept, writer.finish()), scopeLogs };
}

/** What is no LogRecord goes under `log`, where other sinks put the text of what is not a map; as bytes, if it is no text. */
function ofMalformed(batch: TaggedBatch, index: number, surroundings: Surroundings): LogRecord {
  const { start, end } = batch.records[index]!;
  const tag = batch.tags[index];
  const line = createWriter(end - start + 16);
  line.map(1);
  line.string('log');
  line.utf8(batch.bytes.subarray(start, end));
  const map = Buffer.from(line.finish());
  const writer = protobuf.Writer.create().uint32(LOG_RECORDS).fork().uint32(BODY).fork();
  writeMap(writer, map, 0, map.length);
  writer.ldelim();
  writeRest(writer, batch, tag, nothingSaid(), false);
  return { bytes: writer.ldelim().finish(), scopeLogs: surroundings.ofCluster(tag ?? {}) };
}

/** Writes what Tripline adds to a record, unless its maker has set it.
 * @param isElsewhere whether its resource is not Tripline's */
function writeRest(
  writer: protobuf.Writer,
  { memberName, fluentTag, receivedUnixNano }: TaggedBatch,
  tag: Tag | undefined,
  said: Said,
  isElsewhere: boolean,
): void {
  if (!said.hasObservedTime) writeTime(writer, LOG_RECORD.observedTimeUnixNano, receivedUnixNano);
  if (tag === undefined) return;
  if (!said.hasSeverity) writeSeverity(writer, tag.level);
  if (!said.hasTrace && tag.trace !== undefined) writeTrace(writer, tag.trace);
  const isMine = isOwn(memberName);
  const attributes: Attributes = [
    ...attributesOf(tag, memberName, fluentTag),
    ...(isElsewhere ? clusterAttributes(tag) : []),
  ];
  for (const [key, value] of attributes) {
    if (isMine(key) || !said.keys.has(key)) writeAttribute(writer, ATTRIBUTES, key, value);
  }
}

export function writeSeverity(writer: protobuf.Writer, level: Level | undefined): void {
  const severity = severityOf(level);
  if (severity === undefined) return;
  writer.uint32(varintKey(LOG_RECORD.severityNumber)).uint32(severity);
  writer.uint32(lengthDelimitedKey(LOG_RECORD.severityText)).string(level!);
}

export function writeTrace(writer: protobuf.Writer, { traceId, spanId }: NonNullable<Tag['trace']>): void {
  writer.uint32(lengthDelimitedKey(LOG_RECORD.traceId)).bytes(Buffer.from(traceId, 'hex'));
  writer.uint32(lengthDelimitedKey(LOG_RECORD.spanId)).bytes(Buffer.from(spanId, 'hex'));
}

export function writeTime(writer: protobuf.Writer, field: number, unixNano: bigint): void {
  writer.uint32(fixed64Key(field)).fixed64(String(unixNano));
}

/** Whether only Tripline sets an attribute: a sender's value for it is replaced. */
function isOwn(memberName: string): (key: string) => boolean {
  return (key) => key === memberName || key.startsWith(OWN_PREFIX);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
