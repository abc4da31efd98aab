import { readFileSync } from 'node:fs';
import avro from 'avsc';
import { afterEach, describe, expect, test } from 'vitest';
import { encode } from '../../src/msgpack/encode.ts';
import { podEvent, type TestServer, testServer } from '../server/app.ts';
import { readRows } from './read.ts';

let server: TestServer;
afterEach(() => server?.app.close());

async function containerOf(payload: string | Buffer, contentType: string, query = ''): Promise<Buffer> {
  server = testServer();
  const reply = await server.app.inject({
    method: 'POST',
    url: `/v1/records${query}`,
    headers: { 'content-type': contentType, accept: 'application/vnd.apache.avro', 'x-fluent-tag': 'kube.audit' },
    payload,
  });
  expect(reply.headers['content-type']).toBe('application/vnd.apache.avro');
  return reply.rawPayload;
}

test('a reply has the events of a batch even if it is too large to keep them', async () => {
  const notes = Array.from({ length: 10 }, (_, index) => ({
    ...podEvent(),
    annotations: { note: `${index}`.repeat(1e6) },
  }));
  const records = await readRows(await containerOf(JSON.stringify(notes), 'application/json', '?reply=records'));
  expect(records.map(({ events }) => events[0].annotations.note.slice(0, 2))).toEqual(
    notes.map((_, index) => `${index}${index}`),
  );
});

describe('a reply in Avro', () => {
  const runAsUser = '9007199254740993';
  const text = JSON.stringify(podEvent()).replace(
    '"hostPID":true',
    `"hostPID":true,"securityContext":{"runAsUser":${runAsUser}}`,
  );

  test('holds the bytes, the verdict, the event and the findings of each record', async () => {
    const [matched, plain] = await readRows(await containerOf(`[ ${text} , {"log":"x"}]`, 'application/json'));
    expect(matched.record.toString()).toBe(text);
    expect(matched).toMatchObject({
      mediaType: 'application/json',
      fluentTag: 'kube.audit',
      verdict: 'match',
      problem: null,
    });
    expect(matched.events[0]).toMatchObject({
      platform: 'kubernetes',
      verb: 'create',
      user: { username: 'ann', groups: ['dev'] },
    });
    expect(matched.findings[0]).toMatchObject({
      rule: 'pod-host-pid',
      matched: [{ field: 'hostPID', values: ['true'] }],
      time: '2026-01-02T03:04:05.000001Z',
    });
    expect(matched.reports).toBeNull();
    expect(plain).toMatchObject({ verdict: 'not_audit', events: [], findings: [] });
  });

  test('keeps 64-bit integers exact, in the time and in the bodies', async () => {
    const [{ receivedUnixNano, events }] = await readRows(await containerOf(text, 'application/json'));
    expect(receivedUnixNano).toBeGreaterThan(1_700_000_000_000_000_000n);
    expect(events[0].requestObject).toContain(`"runAsUser":${runAsUser}`);
  });

  test('accepts MessagePack too', async () => {
    const event = Buffer.from(encode([[1767323045, {}], podEvent()]));
    const [matched] = await readRows(await containerOf(event, 'application/msgpack'));
    expect(matched).toMatchObject({ mediaType: 'application/msgpack', verdict: 'match' });
    expect(matched.record.equals(event)).toBe(true);
  });

  test('holds only the matches if these are requested', async () => {
    const body = JSON.stringify([podEvent({ hostPID: false }), podEvent(), { log: 'x' }]);
    const values = await readRows(await containerOf(body, 'application/json', '?reply=matches'));
    expect(values.map(({ verdict }) => verdict)).toEqual(['match']);
  });

  test('of no records is a container that can be read', async () => {
    expect(await readRows(await containerOf('[]', 'application/json'))).toEqual([]);
  });
});

describe('the schemas', () => {
  test.each(['audit-event', 'finding', 'tagged-record'])('%s.avsc can be read by an Avro library', (name) => {
    const schema = JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8'));
    expect(avro.Type.forSchema(schema).isValid({})).toBe(false);
  });
});
