import { encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import type { TaggedBatch } from '../../../src/batch/tagged-batch.ts';
import { json } from '../../../src/codecs/json.ts';
import { msgpack } from '../../../src/codecs/msgpack.ts';
import { ndjson } from '../../../src/codecs/ndjson.ts';
import { otlp } from '../../../src/codecs/otlp.ts';
import { otlpJson } from '../../../src/codecs/otlp-json.ts';
import { batchFrom, entryFrom } from '../../../src/sinks/spool/entry.ts';
import type { Tag } from '../../../src/tag.ts';
import { decodeOtlp, encodeOtlp, keyValues, mapOf, valueIn } from '../../otlp/proto.ts';
import { logEvent, numberedBatch, sinkContract, taggedBatch } from '../contract.ts';
import { numbersOf, open, recordsIn } from './receiver.ts';

/** The records of a batch that arrive. */
async function arrivedOf(batch: TaggedBatch, settings?: object): Promise<any[]> {
  const { peer, sink } = await open(undefined, settings);
  await sink.deliver(batch);
  return peer.posted.flatMap(recordsIn);
}

for (const compression of ['none', 'gzip']) {
  sinkContract(`otlp, ${compression}`, async () => {
    const { peer, sink } = await open(undefined, { compression });
    return { sink, arrived: () => numbersOf(peer.posted), stop: () => peer.stop(), address: `${peer.url}/v1/logs` };
  });
}

const match = {
  v: 2,
  verdict: 'match',
  level: 'high',
  rules: ['pod-host-pid'],
  attack: ['T1611'],
  routeLevel: 'critical',
  platform: 'eks',
  cluster: 'prod',
  event: {
    auditID: 'a1',
    verb: 'create',
    resource: 'pods',
    subresource: '',
    namespace: 'shop',
    name: 'web',
    username: 'ann',
    impersonatedUser: null,
    sourceIPs: ['198.51.100.9'],
    userAgent: 'kubectl',
    responseStatus: { code: 201 },
  },
  findings: [],
  ruleset: 'abc',
  trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
} as unknown as Tag;

describe('a record', () => {
  test('has its fields, and the tag as attributes', async () => {
    const batch = taggedBatch(msgpack, logEvent({ a: 1, tripline: 'old' }), { tags: [match] });
    const [record] = await arrivedOf(batch);
    expect(record).toMatchObject({
      timeUnixNano: '1700000000123456789',
      observedTimeUnixNano: '1700000000123456789',
      severityNumber: 17,
      severityText: 'high',
      traceId: Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex'),
      spanId: Buffer.from('b7ad6b7169203331', 'hex'),
      resource: {
        'service.name': 'tripline',
        'k8s.cluster.name': 'prod',
        'cloud.provider': 'aws',
        'cloud.platform': 'aws_eks',
      },
      scope: { name: 'tripline', version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    });
    expect(valueIn(record.body)).toEqual({ a: 1 });
    expect(record.attributes).toEqual({
      'tripline.verdict': 'match',
      'tripline.level': 'high',
      'tripline.rules': ['pod-host-pid'],
      'tripline.attack': ['T1611'],
      'tripline.routeLevel': 'critical',
      'tripline.platform': 'eks',
      'tripline.ruleset': 'abc',
      'tripline.fluent.tag': 'kube.audit',
      'tripline.audit.id': 'a1',
      'tripline.audit.verb': 'create',
      'tripline.audit.resource': 'pods',
      'tripline.audit.name': 'web',
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': 'web',
      'user.name': 'ann',
      'user_agent.original': 'kubectl',
      'client.address': '198.51.100.9',
      tripline: match,
    });
  });

  test('without findings has no severity and no trace', async () => {
    const [record] = await arrivedOf(taggedBatch(json, Buffer.from('[{"date":1700000000.5,"a":1}]')));
    expect(record).toMatchObject({ timeUnixNano: '1700000000500000000', resource: { 'service.name': 'tripline' } });
    expect(record).not.toHaveProperty('severityNumber');
    expect(record).not.toHaveProperty('traceId');
    expect(valueIn(record.body)).toEqual({ a: 1 });
  });

  test('that is not a map is text under log', async () => {
    const [, record] = await arrivedOf(taggedBatch(ndjson, Buffer.from('{"a":1}\nno JSON\n')));
    expect(valueIn(record.body)).toEqual({ log: 'no JSON' });
    expect(record.attributes).toMatchObject({ 'tripline.verdict': 'clear' });
  });

  test('from a spool has its tag as attributes all the same', async () => {
    const batch = taggedBatch(json, Buffer.from('[{"a":1},"text"]'), { tags: [match, match] });
    const records = await arrivedOf(spooled(batch));
    expect(records.map(({ body }) => valueIn(body))).toEqual([{ a: 1 }, { log: '"text"' }]);
    for (const { attributes, traceId } of records) {
      expect(attributes).toMatchObject({ 'tripline.level': 'high', tripline: match });
      expect(traceId).toHaveLength(16);
    }
  });

  test('is grouped under one resource per cluster', async () => {
    const clusters = ['a', 'b', 'a', undefined];
    const tags = clusters.map((cluster) => ({ v: 2, verdict: 'clear', ...(cluster && { cluster }) })) as Tag[];
    const { peer, sink } = await open(undefined, { resource: { 'service.name': 'audit' } });
    await sink.deliver(numberedBatch(4, { tags }));
    const { resourceLogs } = decodeOtlp('ExportLogsServiceRequest', peer.posted[0]!.body) as any;
    expect(resourceLogs.map(({ resource }: any) => mapOf(resource.attributes))).toEqual([
      { 'service.name': 'audit', 'k8s.cluster.name': 'a' },
      { 'service.name': 'audit', 'k8s.cluster.name': 'b' },
      { 'service.name': 'audit' },
    ]);
    expect(numbersOf(peer.posted)).toEqual([0, 2, 1, 3]);
  });
});

describe('the OpenTelemetry fields of a log event', () => {
  const groupStart = (body: object) =>
    Buffer.concat([Buffer.from('9292d700ffffffff00000000', 'hex'), encode({ schema: 'otlp' }), encode(body)]);
  const groupEnd = Buffer.from('9292d700fffffffe000000008080', 'hex');
  const event = (metadata: object, record: object) =>
    Buffer.concat([Buffer.from('9292d7006553f100075bcd15', 'hex'), encode(metadata), encode(record)]);

  test('are restored', async () => {
    const otlpMetadata = {
      observed_timestamp: 1_700_000_001,
      severity_number: 5,
      severity_text: 'debug',
      attributes: { 'user.name': 'bob', 'tripline.verdict': 'forged', a: [1] },
      trace_id: Buffer.alloc(16, 1),
      span_id: '0202020202020202',
      trace_flags: 1,
    };
    const bytes = Buffer.concat([
      groupStart({
        resource: { attributes: { 'service.name': 'api' }, schema_url: 'http://r' },
        scope: { name: 'lib', version: '2', attributes: { s: 1 } },
      }),
      event({ otlp: otlpMetadata, other: true }, { m: 1 }),
      groupEnd,
      logEvent({ m: 2 }),
    ]);
    const tag = { ...match };
    const [first, second] = await arrivedOf(taggedBatch(msgpack, bytes, { tags: [undefined, tag, undefined, tag] }));
    expect(first).toMatchObject({
      observedTimeUnixNano: '1700000001',
      severityNumber: 5,
      severityText: 'debug',
      traceId: Buffer.alloc(16, 1),
      spanId: Buffer.alloc(8, 2),
      flags: 1,
      resource: { 'service.name': 'api' },
      resourceSchema: 'http://r',
      scope: { name: 'lib', version: '2', attributes: { s: 1 } },
      attributes: {
        'user.name': 'bob',
        'tripline.verdict': 'match',
        'k8s.cluster.name': 'prod',
        a: [1],
        other: true,
      },
    });
    expect(second).toMatchObject({ severityNumber: 17, resource: { 'service.name': 'tripline' } });
  });
});

describe('a record received as OTLP', () => {
  const resource = { attributes: keyValues({ 'service.name': 'api' }), droppedAttributesCount: 2 };
  const scope = { name: 'lib', attributes: keyValues({ s: 1 }) };
  const sent = (logRecord: object) =>
    encodeOtlp('ExportLogsServiceRequest', {
      resourceLogs: [{ resource, schemaUrl: 'http://r', scopeLogs: [{ scope, logRecords: [logRecord] }] }],
    });

  test('keeps its fields, and gets the attributes', async () => {
    const own = {
      timeUnixNano: '5',
      observedTimeUnixNano: '6',
      severityNumber: 5,
      traceId: Buffer.alloc(16, 1),
      body: { stringValue: 'text' },
      attributes: keyValues({ a: 1, 'user.name': 'bob', 'tripline.verdict': 'forged', tripline: 'forged' }),
    };
    const [record] = await arrivedOf(taggedBatch(otlp, sent(own), { tags: [match] }));
    const { attributes, ...rest } = own;
    expect(record).toMatchObject({
      ...rest,
      resource: { 'service.name': 'api' },
      resourceSchema: 'http://r',
      scope: { name: 'lib', attributes: { s: 1 } },
      attributes: { a: 1, 'user.name': 'bob', 'tripline.verdict': 'match', tripline: match },
    });
    expect(record).not.toHaveProperty('spanId');
    expect(record).not.toHaveProperty('severityText');
  });

  test('gets severity, ids and the time of its arrival if it has none', async () => {
    const batch = taggedBatch(otlp, sent({ body: { stringValue: 'text' } }), { tags: [match] });
    for (const each of [batch, spooled(batch)]) {
      const [record] = await arrivedOf(each);
      expect(record).toMatchObject({ severityNumber: 17, observedTimeUnixNano: '1700000000123456789' });
      expect(record.traceId).toHaveLength(16);
      expect(record.attributes).toMatchObject({ 'tripline.level': 'high', tripline: match });
    }
  });

  test('in JSON is sent as Protobuf', async () => {
    const logRecord = { timeUnixNano: '5', severityText: 'x', body: { intValue: '9223372036854775807' } };
    const sentAs = { resourceLogs: [{ resource: { attributes: [] }, scopeLogs: [{ logRecords: [logRecord, 5] }] }] };
    const batch = taggedBatch(otlpJson, Buffer.from(JSON.stringify(sentAs)), { tags: [match, match] });
    const [record, malformed] = await arrivedOf(batch);
    expect(record).toMatchObject({ ...logRecord, attributes: { tripline: match } });
    expect(record).not.toHaveProperty('severityNumber');
    expect(valueIn(malformed.body)).toEqual({ log: '5' });
  });

  test('that cannot be read is sent as its bytes under log', async () => {
    const cut = sent({ body: { stringValue: 'text' } }).subarray(0, -3);
    const batch = taggedBatch(otlp, cut);
    const records = await arrivedOf(batch);
    expect(records).toHaveLength(batch.records.filter(({ kind }) => kind !== 'group').length);
    expect(valueIn(records.at(-1).body)).toHaveProperty('log');
  });
});

/** A batch as it comes out of a spool. */
function spooled(batch: TaggedBatch): TaggedBatch {
  const { head, rest } = entryFrom(batch, 0);
  return batchFrom(JSON.parse(Buffer.from(head).toString()), Buffer.concat(rest));
}
