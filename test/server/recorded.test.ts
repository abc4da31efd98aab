/** Requests as a real Fluent Bit sent them: whatever format and compression it used, the same records come out. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '@msgpack/msgpack';
import { afterEach, describe, expect, test } from 'vitest';
import type { TaggedBatch } from '../../src/batch/tagged-batch.ts';
import { entryOf } from '../../src/sinks/encode/log-event/index.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { jsonTime } from '../e2e/compare.ts';
import { valuesIn } from '../e2e/msgpack-spans.ts';
import type { RecordedRequest } from '../fixtures/requests/record.ts';
import { type TestServer, testServer } from './app.ts';

const folder = join(import.meta.dirname, '../fixtures/requests');
const requests: RecordedRequest[] = JSON.parse(readFileSync(join(folder, 'requests.json'), 'utf8'));
const lines = readFileSync(join(folder, 'audit.log'), 'utf8').trimEnd().split('\n');

let server: TestServer;
afterEach(() => server.app.close());

/** Sends a recorded request to a server, and returns what its sink is given. */
async function replay({ name, method, path, headers }: RecordedRequest, password = 'pass:wörd') {
  const batches: TaggedBatch[] = [];
  const sink: Sink = {
    name: 'memory',
    async deliver(batch) {
      // The memory of the batch is freed when the sender is answered.
      batches.push({ ...batch, bytes: Buffer.from(batch.bytes) });
      return { kind: 'acknowledged', records: batch.records.length };
    },
    async close() {},
  };
  const auth = headers.authorization && { auth: { basic: { username: 'fluent', password } } };
  server = testServer({ ...auth }, { sinks: [sink] });
  const payload = readFileSync(join(folder, `${name}.body`));
  const reply = await server.app.inject({ method: method as 'POST', url: path, headers, payload });
  return { status: reply.statusCode, code: reply.body && reply.json().code, batch: batches[0] };
}

/** A record as a Forward receiver gets it, every value as text. */
interface Entry {
  /** Hexadecimal seconds and nanoseconds. */
  eventTime: string;
  metadata: string;
  /** Without the tag. */
  body: string;
}

async function entriesOf(request: RecordedRequest): Promise<Entry[]> {
  const { status, batch } = await replay(request);
  expect(status).toBe(204);
  expect(batch.fluentTag).toBe('kube.audit');
  return batch.records.map((_, index) => {
    const [head, body] = valuesIn(Buffer.from(entryOf(batch, index)), 0);
    const [time, metadata] = valuesIn(head, 0);
    const members = membersOf(body).filter(([key]) => key !== '"tripline"');
    return { eventTime: time.subarray(2).toString('hex'), metadata: textOf(metadata), body: mapText(members) };
  });
}

const recordsOf = async (request: RecordedRequest) =>
  (await entriesOf(request)).filter(({ eventTime }) => !eventTime.startsWith('ffffff'));

function membersOf(map: Buffer): [string, string][] {
  const texts = valuesIn(map, 0).map(textOf);
  return Array.from({ length: texts.length / 2 }, (_, index) => [texts[2 * index], texts[2 * index + 1]]);
}

const mapText = (members: [string, string][]) => `{${members.map(([key, value]) => `${key}:${value}`)}}`;

/** MessagePack as JSON text, in which a float has a point, and the width of a value makes no difference. */
function textOf(value: Buffer): string {
  const first = value[0];
  if ((first >= 0x80 && first < 0x90) || first === 0xde || first === 0xdf) return mapText(membersOf(value));
  if ((first >= 0x90 && first < 0xa0) || first === 0xdc || first === 0xdd) return `[${valuesIn(value, 0).map(textOf)}]`;
  const decoded = decode(value, { useBigInt64: true });
  if (typeof decoded === 'bigint') return String(decoded);
  const isFloat = first === 0xca || first === 0xcb;
  return isFloat ? floatText(decoded as number) : JSON.stringify(decoded);
}

const floatText = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** What Fluent Bit makes of a line: its members except for a tag, each number as written, or the line as text. */
function lineText(line: string): string {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  const spelled = (key: string, value: unknown, context?: { source: string }) => {
    if (key === 'tripline') return undefined;
    return typeof value === 'number' ? rawJSON(context!.source) : value;
  };
  try {
    return JSON.stringify(JSON.parse(line, spelled));
  } catch {
    return JSON.stringify({ log: line });
  }
}

/** JSON has no group markers: Fluent Bit repeats the group in each record, where it stays a member. */
const jsonGroup =
  '{"__internal__":{"group_attributes":{"resource":{"attributes":{"k8s.cluster.name":"prod"}},"scope":{}}},';

const named = (name: string) => requests.find((request) => request.name === name)!;

test('MessagePack holds what is in the file', async () => {
  const entries = await entriesOf(named('msgpack-none'));
  expect(entries.map(({ body }) => body)).toEqual(lines.map(lineText));
});

describe.each(requests)('$name', (request) => {
  test('comes with its compression', () => {
    expect(request.headers['content-encoding'] ?? 'none').toBe(request.compress);
  });

  test('holds the same records as MessagePack, at the same times', async () => {
    const records = await recordsOf(request);
    await server.app.close();
    const expected = await recordsOf(named(request.input === 'plain' ? 'msgpack-none' : 'grouped-msgpack'));
    const timeOf = request.format === 'msgpack' ? (eventTime: string) => eventTime : jsonTime;
    expect(records).toEqual(
      expected.map(({ eventTime, metadata, body }) => ({
        eventTime: timeOf(eventTime),
        metadata,
        body: request.input === 'grouped' && request.format !== 'msgpack' ? body.replace('{', jsonGroup) : body,
      })),
    );
  });
});

test('a group in MessagePack keeps its markers and the metadata of its records', async () => {
  const entries = await entriesOf(named('grouped-msgpack'));
  expect(entries[0]).toMatchObject({
    eventTime: 'ffffffff00000000',
    body: '{"resource":{"attributes":{"k8s.cluster.name":"prod"}},"scope":{}}',
  });
  expect(entries.at(-1)).toMatchObject({ eventTime: 'fffffffe00000000', body: '{}' });
  expect(entries).toHaveLength(lines.length + 2);
  expect(new Set(entries.slice(1, -1).map(({ metadata }) => metadata))).toEqual(new Set(['{"source":"audit.log"}']));
});

test('a wrong password is refused in a way that makes Fluent Bit retry', async () => {
  expect(await replay(named('basic-auth'), 'pass')).toMatchObject({ status: 503, code: 'request.unauthorized' });
});
