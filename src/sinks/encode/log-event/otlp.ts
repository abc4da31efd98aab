/** An OTLP batch as a batch of Fluent log events, as Fluent Bit's own input for OTLP makes them. */
import { digestOf } from '../../../batch/digest.ts';
import type { TaggedBatch } from '../../../batch/tagged-batch.ts';
import { msgpack } from '../../../codecs/msgpack.ts';
import { LOG_RECORD, RESOURCE, RESOURCE_LOGS, SCOPE, SCOPE_LOGS } from '../../../codecs/opentelemetry/fields.ts';
import { messagesIn, pairsIn } from '../../../codecs/opentelemetry/log-record.ts';
import type { OtlpResourceLogs, OtlpScopeLogs } from '../../../codecs/opentelemetry/otlp-record.ts';
import { encode } from '../../../msgpack/encode.ts';
import { createWriter } from '../../../msgpack/write.ts';
import { eachField, FIXED32, FIXED64, int64At, VARINT } from '../../../protobuf/scan.ts';
import type { LogRecord, Span } from '../../../record.ts';
import { fitsEventTime } from '../../../time.ts';
import { entryFrom } from './entry.ts';
import { mapOf, type Pair, packedBody, packedBytes, packedPairs, packedText, pair } from './otlp-value.ts';

/** An OTLP batch as one of log events, in the groups of Fluent Bit's own input for OTLP: a group for each scope, opened by
 * a marker with the resource and the scope. A record has its time, or else the one at which it was observed; all of it except
 * the body is metadata under `otlp`; a body of pairs is the map, any other is its member `log`. A malformed record becomes
 * `{"log": <its bytes>}`. Any other batch is returned unchanged. */
export function asLogEvents(batch: TaggedBatch): TaggedBatch {
  if (batch.codec.notation !== 'otlp') return batch;
  const { fluentTag, memberName, dateKey, receivedUnixNano } = batch;
  const units: Uint8Array[] = [];
  const records: LogRecord[] = [];
  const tags: TaggedBatch['tags'][number][] = [];
  let length = 0;
  const add = (unit: Uint8Array, map: Uint8Array | undefined, tag: TaggedBatch['tags'][number]) => {
    const [start, end] = [length, length + unit.length];
    records.push(
      map ? { kind: 'map', start, end, map: { start: end - map.length, end } } : { kind: 'group', start, end },
    );
    units.push(unit);
    tags.push(tag);
    length = end;
  };

  let scope: OtlpScopeLogs | undefined;
  const ids = groupIds();
  for (const [index, record] of batch.records.entries()) {
    const found = record.kind === 'map' ? batch.codec.otlpRecord!(batch.bytes, record) : undefined;
    if (scope !== undefined && found?.scopeLogs !== scope) add(GROUP_END, undefined, undefined);
    if (found !== undefined && found.scopeLogs !== scope) add(groupStart(found.scopeLogs, ids), undefined, undefined);
    scope = found?.scopeLogs;
    const tag = batch.tags[index];
    const parts = found && partsOf(found.logRecord, memberName, tag === undefined);
    const { unixNano = receivedUnixNano, metadata, map } = parts ?? { map: logLine(batch.bytes, record) };
    add(entryFrom(unixNano, metadata, map), map, tag);
  }
  if (scope !== undefined) add(GROUP_END, undefined, undefined);
  const bytes = Buffer.concat(units, length);
  return {
    fluentTag,
    codec: msgpack,
    bytes,
    records,
    tags,
    memberName,
    dateKey,
    receivedUnixNano,
    partOf: digestOf(batch),
  };
}

/** `[[EventTime(-2), {}], {}]`. */
const GROUP_END = Buffer.from('9292d700fffffffe000000008080', 'hex');
const GROUP_START_TIME = Buffer.from('d700ffffffff00000000', 'hex');

/** Numbers the resources in a request, and the scopes in a resource. */
function groupIds(): (scopeLogs: OtlpScopeLogs) => { resource_id: number; scope_id: number } {
  let resource: OtlpResourceLogs | undefined;
  let resource_id = -1;
  let scope_id = -1;
  return ({ resourceLogs }) => {
    if (resourceLogs !== resource) {
      resource = resourceLogs;
      resource_id++;
      scope_id = -1;
    }
    return { resource_id, scope_id: ++scope_id };
  };
}

function groupStart(scopeLogs: OtlpScopeLogs, idsOf: ReturnType<typeof groupIds>): Uint8Array {
  const { message, resourceLogs } = scopeLogs;
  const writer = createWriter();
  writer.array(2);
  writer.array(2);
  writer.raw(GROUP_START_TIME);
  writer.raw(encode({ schema: 'otlp', ...idsOf(scopeLogs) }));
  const resource = lastIn(resourceLogs.message, RESOURCE_LOGS.resource);
  const scope = lastIn(message, SCOPE_LOGS.scope);
  writer.raw(
    mapOf([
      pair(
        'resource',
        mapOf([
          ...attributesIn(resource, RESOURCE.attributes),
          ...numberIn(resource, RESOURCE.droppedAttributesCount, 'dropped_attributes_count'),
          ...textIn(resourceLogs.message, RESOURCE_LOGS.schemaUrl, 'schema_url'),
        ]),
      ),
      pair(
        'scope',
        mapOf([
          ...textIn(message, SCOPE_LOGS.schemaUrl, 'schema_url'),
          ...textIn(scope, SCOPE.name, 'name'),
          ...textIn(scope, SCOPE.version, 'version'),
          ...attributesIn(scope, SCOPE.attributes),
          ...numberIn(scope, SCOPE.droppedAttributesCount, 'dropped_attributes_count'),
        ]),
      ),
    ]),
  );
  return writer.finish();
}

function logLine(bytes: Uint8Array, record: Span): Uint8Array {
  return mapOf([pair('log', packedBytes(bytes.subarray(record.start, record.end)))]);
}

interface Parts {
  /** Undefined if an EventTime cannot represent it. */
  unixNano: bigint | undefined;
  metadata: Uint8Array;
  map: Uint8Array;
}

/** Undefined if a value is malformed.
 * @param hasTag whether its tag is the attribute of that name, which then becomes a member of the map; else that is dropped */
function partsOf(logRecord: Uint8Array, memberName: string, hasTag: boolean): Parts | undefined {
  const attributes = packedPairs(pairsIn(logRecord, LOG_RECORD.attributes));
  const bodies = messagesIn(logRecord, LOG_RECORD.body);
  const body = bodies.length === 0 ? [] : bodies.length === 1 ? packedBody(bodies[0]!) : undefined;
  if (attributes === undefined || body === undefined) return undefined;
  const name = Buffer.from(memberName);
  const isTag = ({ key }: Pair) => name.equals(key);
  const own = attributes.filter((each) => !isTag(each));
  const tag = hasTag ? attributes.findLast(isTag) : undefined;
  const observed = integerIn(logRecord, LOG_RECORD.observedTimeUnixNano);
  const time = integerIn(logRecord, LOG_RECORD.timeUnixNano);
  const unixNano = time || observed;
  const otlp = [
    ...integer('observed_timestamp', observed),
    ...integer('timestamp', time),
    ...numberIn(logRecord, LOG_RECORD.severityNumber, 'severity_number'),
    ...textIn(logRecord, LOG_RECORD.severityText, 'severity_text'),
    ...(own.length > 0 ? [pair('attributes', mapOf(own))] : []),
    ...numberIn(logRecord, LOG_RECORD.droppedAttributesCount, 'dropped_attributes_count'),
    ...bytesIn(logRecord, LOG_RECORD.traceId, 'trace_id'),
    ...bytesIn(logRecord, LOG_RECORD.spanId, 'span_id'),
    ...numberIn(logRecord, LOG_RECORD.flags, 'trace_flags'),
    ...textIn(logRecord, LOG_RECORD.eventName, 'event_name'),
  ];
  return {
    unixNano: unixNano !== 0n && fitsEventTime(unixNano) ? unixNano : undefined,
    metadata: mapOf([pair('otlp', mapOf(otlp))]),
    map: mapOf([...body.filter((each) => !isTag(each)), ...(tag === undefined ? [] : [tag])]),
  };
}

/** A member for a value that is set, and none otherwise. */
function integer(key: string, value: bigint): Pair[] {
  return value === 0n ? [] : [pair(key, encode(value))];
}

function numberIn(message: Uint8Array, number: number, key: string): Pair[] {
  return integer(key, integerIn(message, number));
}

function textIn(message: Uint8Array, number: number, key: string): Pair[] {
  const text = lastIn(message, number);
  return text.length === 0 ? [] : [pair(key, packedText(text))];
}

function bytesIn(message: Uint8Array, number: number, key: string): Pair[] {
  const bytes = lastIn(message, number);
  return bytes.length === 0 ? [] : [pair(key, packedBytes(bytes))];
}

function attributesIn(message: Uint8Array, number: number): Pair[] {
  const pairs = packedPairs(pairsIn(message, number)) ?? [];
  return pairs.length === 0 ? [] : [pair('attributes', mapOf(pairs))];
}

/** The last text, bytes or message of a field; empty if there is none. */
function lastIn(message: Uint8Array, number: number): Uint8Array {
  const last = messagesIn(message, number).at(-1);
  return last === undefined ? nothing : message.subarray(last.start, last.end);
}

const nothing = new Uint8Array();

/** The last integer of a field, of any type but a signed one; 0 if there is none. */
function integerIn(message: Uint8Array, number: number): bigint {
  let found = 0n;
  eachField(message, { start: 0, end: message.length }, ({ number: other, wireType, valueStart, end }) => {
    if (other !== number) return;
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    if (wireType === FIXED64) found = view.getBigUint64(valueStart, true);
    if (wireType === FIXED32) found = BigInt(view.getUint32(valueStart, true));
    if (wireType === VARINT) found = int64At(message, valueStart, end);
  });
  return found;
}
