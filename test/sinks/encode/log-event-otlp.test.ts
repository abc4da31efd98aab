/** Batches of OTLP as log events. */
import { decodeMulti, encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import { taggedBody } from '../../../src/batch/splice.ts';
import type { TaggedBatch } from '../../../src/batch/tagged-batch.ts';
import { codecNamed } from '../../../src/codecs/index.ts';
import { jsonOf } from '../../../src/sinks/encode/json.ts';
import { asLogEvents } from '../../../src/sinks/encode/log-event/otlp.ts';
import { batchOf } from '../../batch/batch-of.ts';
import { anyValue, encodeOtlp, keyValues } from '../../otlp/proto.ts';

const otlp = codecNamed('otlp')!;
const TAG = { v: 2, verdict: 'clear' } as const;

const scope = { name: 's', version: '1', attributes: keyValues({ b: 1 }), droppedAttributesCount: 2 };
const resource = { attributes: keyValues({ 'k8s.cluster.name': 'prod' }), droppedAttributesCount: 1 };
const request = (logRecords: object[], around: object = {}) =>
  encodeOtlp('ExportLogsServiceRequest', {
    resourceLogs: [{ resource, schemaUrl: 'r', scopeLogs: [{ scope, schemaUrl: 'u', logRecords, ...around }] }],
  });

const EVENT_TIME = 'd7006553f100075bcd15';
const group = (seconds: string) => `d700${seconds}00000000`;

/** What another reader finds, with times and bytes in hex. */
function events(batch: TaggedBatch): unknown[] {
  const asHex = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    if (Array.isArray(value)) return value.map(asHex);
    if (value === null || typeof value !== 'object') return value;
    const { type, data } = value as { type?: number; data?: Uint8Array };
    if (type === 0 && data instanceof Uint8Array) return `d700${Buffer.from(data).toString('hex')}`;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asHex(each)]));
  };
  return [...decodeMulti(batch.bytes, { useBigInt64: true })].map(asHex);
}

const converted = (bytes: Uint8Array, tag: typeof TAG | undefined = TAG) =>
  asLogEvents(batchOf(otlp, bytes, () => tag));

const full = {
  timeUnixNano: '1700000000123456789',
  observedTimeUnixNano: '1700000001000000000',
  severityNumber: 9,
  severityText: 'Info',
  body: anyValue({ id: 9007199254740993n, list: [1, 'x', null, 0.5], bytes: Buffer.from([1, 255]), deep: { a: true } }),
  attributes: keyValues({ a: 'b', tripline: { v: 1 } }),
  droppedAttributesCount: 3,
  flags: 1,
  traceId: Buffer.alloc(16, 0xab),
  spanId: Buffer.alloc(8, 0xcd),
  eventName: 'e',
};

describe('a batch of OTLP as log events', () => {
  test('has groups for scopes, metadata for what is not the body, and exact values', () => {
    expect(events(converted(request([full])))).toEqual([
      [
        [group('ffffffff'), { schema: 'otlp', resource_id: 0, scope_id: 0 }],
        {
          resource: { attributes: { 'k8s.cluster.name': 'prod' }, dropped_attributes_count: 1, schema_url: 'r' },
          scope: { schema_url: 'u', name: 's', version: '1', attributes: { b: 1 }, dropped_attributes_count: 2 },
        },
      ],
      [
        [
          EVENT_TIME,
          {
            otlp: {
              observed_timestamp: 1700000001000000000n,
              timestamp: 1700000000123456789n,
              severity_number: 9,
              severity_text: 'Info',
              attributes: { a: 'b' },
              dropped_attributes_count: 3,
              trace_id: 'ab'.repeat(16),
              span_id: 'cd'.repeat(8),
              trace_flags: 1,
              event_name: 'e',
            },
          },
        ],
        { id: 9007199254740993n, list: [1, 'x', null, 0.5], bytes: '01ff', deep: { a: true } },
      ],
      [[group('fffffffe'), {}], {}],
    ]);
  });

  test.each<[string, object, object, string]>([
    ['a text', { body: anyValue('line'), observedTimeUnixNano: '1700000000123456789' }, { log: 'line' }, EVENT_TIME],
    ['a list', { body: anyValue([1]), timeUnixNano: '1700000000123456789' }, { log: [1] }, EVENT_TIME],
    ['nothing, and no time', {}, {}, 'd7006b49d20000000001'],
    ['a time that no EventTime can say', { timeUnixNano: '18446744073709551615' }, {}, 'd7006b49d20000000001'],
  ])('with %s', (_, record, map, time) => {
    const [, event] = events(converted(request([record]))) as [unknown, [[string, object], object]];
    expect([event[0][0], event[1]]).toEqual([time, map]);
  });

  test.each([
    [
      'a record',
      '0a0a 12 08 12 02 08ff 12 02 2a00',
      [{ log: '120208ff' }, { resource: {}, scope: {} }, { log: null }, {}],
    ],
    ['an attribute', '0a0a 12 08 12 06 3204 0a05 6161', [{ resource: {}, scope: {} }, { log: '120632040a056161' }, {}]],
  ])('keeps the bytes of %s that is malformed', (_, bytes, maps) => {
    const batch = converted(Buffer.from(bytes.replaceAll(' ', ''), 'hex'));
    expect(events(batch).map((event: any) => event[1])).toEqual(maps);
    expect(batch.tags.filter((tag) => tag !== undefined)).toHaveLength(batch.records.length - 2);
  });

  test('has the tag in the map, whether it is beside the batch or in its bytes', () => {
    const batch = batchOf(otlp, request([full, { body: anyValue({ a: 1, tripline: 5 }) }]), () => TAG);
    const tagged = (of: TaggedBatch) => events({ ...of, bytes: taggedBody(of) }).map((event: any) => event[1].tripline);
    expect(tagged(asLogEvents(batch))).toEqual([undefined, TAG, TAG, undefined]);
    const restored = batchOf(otlp, taggedBody(batch), () => undefined);
    expect(tagged(asLogEvents(restored))).toEqual([undefined, TAG, TAG, undefined]);
  });

  test('is JSON with its group', () => {
    const batch = converted(request([full]));
    const json = JSON.parse(Buffer.from(jsonOf(batch, 1)).toString());
    expect(json).toMatchObject({
      date: 1700000000.1234567,
      __internal__: {
        group_attributes: { scope: { name: 's' }, resource: { attributes: { 'k8s.cluster.name': 'prod' } } },
        log_metadata: { otlp: { severity_text: 'Info', attributes: { a: 'b' } } },
      },
      list: [1, 'x', null, 0.5],
      tripline: TAG,
    });
  });

  test('is the batch itself if it has another layout', () => {
    const batch = batchOf(codecNamed('msgpack')!, encode([5, { a: 1 }]), () => TAG);
    expect(asLogEvents(batch)).toBe(batch);
  });
});
