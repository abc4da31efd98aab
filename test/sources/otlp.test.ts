import { gzipSync, zstdCompressSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { TaggedBatch } from '../../src/batch/tagged-batch.ts';
import { Problem } from '../../src/problem.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { anyValue, decodeOtlp, encodeOtlp, keyValues, mapOf } from '../otlp/proto.ts';
import { podEvent, type TestServer, testServer } from '../server/app.ts';

let server: TestServer;
afterEach(() => server.app.close());

const records = [
  { timeUnixNano: '1700000000123456789', body: anyValue(podEvent()) },
  { body: anyValue(JSON.stringify(podEvent({ hostPID: false }))) },
  { attributes: keyValues(podEvent()) },
  { body: anyValue('a text line') },
];
const request = { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] };
const body = encodeOtlp('ExportLogsServiceRequest', request);

const protobufType = 'application/x-protobuf';
function post(payload: Buffer | string, headers: Record<string, string> = {}, url = '/v1/logs') {
  return server.app.inject({ method: 'POST', url, headers: { 'content-type': protobufType, ...headers }, payload });
}

const batches: TaggedBatch[] = [];
const memory: Sink = {
  name: 'memory',
  async deliver(batch) {
    batches.push(batch);
    return { kind: 'acknowledged', records: batch.records.length };
  },
  async close() {},
};
afterEach(() => void batches.splice(0));

/** @see https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
const Status = protobuf.parse('syntax = "proto3"; message Status { int32 code = 1; string message = 2; }').root;

describe('records of OTLP', () => {
  test('are tagged, and their sender gets an ExportLogsServiceResponse in its encoding', async () => {
    server = testServer({}, { sinks: [memory] });
    const reply = await post(body, { 'user-agent': 'Fluent-Bit' });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toBe(protobufType);
    expect(reply.rawPayload).toHaveLength(0);
    const [{ fluentTag, tags }] = batches as [TaggedBatch];
    expect(fluentTag).toBe('v1_logs');
    expect(tags.map((tag) => tag?.verdict)).toEqual(['match', 'clear', 'match', 'not_audit']);
  });

  test('may be absent, which is a success in each encoding', async () => {
    server = testServer({}, { sinks: [memory] });
    const empty = [
      [Buffer.alloc(0), { 'content-type': protobufType }],
      [gzipSync(''), { 'content-type': protobufType, 'content-encoding': 'gzip' }],
      [' {\n} ', { 'content-type': 'application/json' }],
      ['{"resourceLogs":[]}', { 'content-type': 'application/json' }],
      ['{"resourceLogs": null}', { 'content-type': 'application/json' }],
    ] as const;
    for (const [payload, headers] of empty) {
      const reply = await post(payload, headers);
      const isJson = headers['content-type'] === 'application/json';
      expect([reply.statusCode, reply.headers['content-type'], reply.payload]).toEqual([
        200,
        headers['content-type'],
        isJson ? '{}' : '',
      ]);
    }
    expect((await post('{"kind":"Event"}', { 'content-type': 'application/json' })).statusCode).toBe(400);
  });

  test('may be compressed, and have the Fluent tag of the request', async () => {
    server = testServer({ reply: 'records' }, { sinks: [memory] });
    for (const [encoding, payload] of [
      ['gzip', gzipSync(body)],
      ['zstd', zstdCompressSync(body)],
    ] as const) {
      const reply = await post(payload, { 'content-encoding': encoding, 'x-fluent-tag': 'kube.audit' });
      expect([reply.statusCode, reply.rawPayload.length]).toEqual([200, 0]);
    }
    expect(batches.map(({ fluentTag, tags }) => [fluentTag, tags.length])).toEqual([
      ['kube.audit', 4],
      ['kube.audit', 4],
    ]);
  });

  test('are answered with their tags if the request asks for it', async () => {
    server = testServer();
    const reply = await post(body, { 'content-type': `${protobufType}; charset=utf-8` }, '/v1/logs?reply=records');
    expect(reply.headers['content-type']).toBe(protobufType);
    const decoded = decodeOtlp('ExportLogsServiceRequest', reply.rawPayload) as any;
    const tagged = decoded.resourceLogs[0].scopeLogs[0].logRecords;
    const verdicts = tagged.map(({ attributes }: any) => (mapOf(attributes) as any).tripline.verdict);
    expect(verdicts).toEqual(['match', 'clear', 'match', 'not_audit']);
    for (const record of tagged) record.attributes.pop();
    const matches = await post(body, {}, '/v1/logs?reply=matches');
    const found = decodeOtlp('ExportLogsServiceRequest', matches.rawPayload) as any;
    expect(found.resourceLogs[0].scopeLogs[0].logRecords).toHaveLength(2);
  });

  test('may be in JSON, and are then answered in JSON', async () => {
    server = testServer({}, { sinks: [memory] });
    const json = { 'content-type': 'application/json; charset=utf-8' };
    const text = JSON.stringify(request);
    const reply = await post(text, json);
    expect([reply.statusCode, reply.body, reply.headers['content-type']]).toEqual([
      200,
      '{}',
      expect.stringContaining('application/json'),
    ]);
    expect(batches[0]!.tags.map((tag) => tag?.verdict)).toEqual(['match', 'clear', 'match', 'not_audit']);
    const tagged = (await post(text, json, '/v1/logs?reply=records')).json();
    const added = tagged.resourceLogs[0].scopeLogs[0].logRecords.map((record: any) => record.attributes.pop());
    expect(added.map(({ key }: any) => key)).toEqual(['tripline', 'tripline', 'tripline', 'tripline']);
    const refused = await post('[]', json);
    expect([refused.statusCode, refused.json()]).toMatchObject([400, { code: 3, message: expect.any(String) }]);
  });

  test('that cannot be read are refused permanently, with a google.rpc.Status', async () => {
    server = testServer();
    const reply = await post('{"resourceLogs":[]}');
    expect([reply.statusCode, reply.headers['content-type']]).toEqual([400, protobufType]);
    expect(Status.lookupType('Status').decode(reply.rawPayload)).toMatchObject({
      code: 3,
      message: expect.stringContaining('No record can be found in the body: byte'),
    });
  });

  test('that a setting can fix, or a sink does not accept now, are refused so that the sender keeps them', async () => {
    const failing: Sink = { ...memory, deliver: () => Promise.reject(new Problem('sink.unavailable', 'down')) };
    server = testServer({ auth: { bearer: [{ name: 'a', token: 'b' }] } }, { sinks: [failing] });
    const unauthorized = await post(body);
    expect([unauthorized.statusCode, unauthorized.headers['retry-after']]).toEqual([503, '5']);
    const down = await post(body, { authorization: 'Bearer b' });
    expect(down.statusCode).toBe(503);
    expect(Status.lookupType('Status').decode(down.rawPayload)).toMatchObject({ code: 14 });
    expect(down.rawPayload.length).toBeLessThan(3500);
    const other = await post(body, { authorization: 'Bearer b', 'content-type': 'text/plain' });
    expect(other.statusCode).toBe(503);
  });
});
