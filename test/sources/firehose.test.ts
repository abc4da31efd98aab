/** Requests as the documentation of Firehose shows them; the service itself cannot be run locally. */
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { Problem } from '../../src/problem.ts';
import { podEvent, type TestServer } from '../server/app.ts';
import { base64, dataMessage, keepingServer } from './sent.ts';

let server: TestServer | undefined;
afterEach(() => server?.app.close());

const id = 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f';
const headers = {
  'content-type': 'application/json',
  'user-agent': 'Amazon Kinesis Data Firehose Agent/1.0',
  'x-amz-firehose-protocol-version': '1.0',
  'x-amz-firehose-request-id': id,
  'x-amz-firehose-source-arn': 'arn:aws:firehose:eu-west-1:111122223333:deliverystream/audit',
  'x-amz-firehose-access-key': 'firehose-key',
  'x-amz-firehose-common-attributes': '{"commonAttributes":{"env":"prod"}}',
};
const bodyOf = (...data: string[]) =>
  JSON.stringify({ requestId: id, timestamp: 1767323045010, records: data.map((each) => ({ data: each })) });
const post = (app: TestServer['app'], body: string | Buffer, more: Record<string, string | undefined> = {}) => {
  const sent = Object.entries({ ...headers, ...more }).filter(([, value]) => value !== undefined);
  return app.inject({ method: 'POST', url: '/v1/firehose', headers: Object.fromEntries(sent) as never, body });
};
const match = expect.objectContaining({ verdict: 'match', rules: ['pod-host-pid'] });
const acknowledged = { requestId: id, timestamp: expect.any(Number) };

test('each record has its own verdict, whatever CloudWatch or a producer has put into it', async () => {
  const kept = keepingServer({ auth: { bearer: [{ token: 'firehose-key' }] } });
  server = kept;
  const control = { messageType: 'CONTROL_MESSAGE', logEvents: [{ id: '', message: 'CWL CONTROL MESSAGE' }] };
  const plain = podEvent({ hostPID: false });
  const body = bodyOf(
    base64(dataMessage([plain, podEvent()])),
    base64(JSON.stringify(podEvent())),
    base64(`${JSON.stringify(plain)}\n${JSON.stringify(podEvent())}\n`),
    base64(gzipSync(JSON.stringify(control))),
    base64(JSON.stringify(plain)),
    'no base64!',
  );
  const response = await post(kept.app, gzipSync(body), { 'content-encoding': 'gzip' });
  expect([response.statusCode, response.headers['content-type'], response.json()]).toEqual([
    200,
    'application/json',
    acknowledged,
  ]);
  expect(kept.delivered.map(({ record }) => record.tripline)).toEqual([
    expect.objectContaining({ verdict: 'match', platform: 'eks', cluster: 'prod' }),
    match,
    match,
    expect.objectContaining({ verdict: 'not_audit' }),
    expect.objectContaining({ verdict: 'clear' }),
    expect.objectContaining({ verdict: 'not_audit' }),
  ]);
  expect(kept.delivered[1]!.record.data).toBe(base64(JSON.stringify(podEvent())));
});

test('a refusal is in the format that Firehose reads, without the key in answer or log', async () => {
  const kept = keepingServer({ auth: { bearer: [{ token: 'another-key' }] } });
  server = kept;
  const response = await post(kept.app, bodyOf('e30='));
  expect([response.statusCode, response.headers['content-type'], response.json()]).toEqual([
    401,
    'application/json',
    { ...acknowledged, errorMessage: expect.stringContaining('The credentials are missing or wrong') },
  ]);
  expect(JSON.stringify([kept.log, response.headers, response.payload])).not.toMatch(/firehose-key|another-key/);
});

test('a failing sink prevents the acknowledgement', async () => {
  const kept = keepingServer({}, { fails: new Problem('sink.unavailable', 'it is away') });
  server = kept;
  const response = await post(kept.app, bodyOf('e30='));
  expect([response.statusCode, response.json()]).toEqual([
    503,
    { ...acknowledged, errorMessage: expect.stringContaining('it is away') },
  ]);
});

test('an unreadable body is kept with its path, and without the key', async () => {
  const letters: { headers: object; path?: string | undefined }[] = [];
  const deadLetters = { keep: async (_: Uint8Array, about: (typeof letters)[number]) => `${letters.push(about)}` };
  const kept = keepingServer({ auth: { bearer: [{ token: 'firehose-key' }] } }, { deadLetters });
  server = kept;
  expect((await post(kept.app, '{"records":[')).statusCode).toBe(400);
  expect(letters).toMatchObject([{ path: '/v1/firehose', headers: { 'content-type': 'application/json' } }]);
  expect(JSON.stringify(letters)).not.toContain('firehose-key');
});
