import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/batch/digest.ts';
import type { TaggedBatch } from '../../../src/batch/tagged-batch.ts';
import { ndjson } from '../../../src/codecs/ndjson.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { openSink } from '../../../src/sinks/index.ts';
import { redact } from '../../../src/sinks/redact/redact.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { ofSecrets } from '../../redaction/acts.ts';
import { recorder, taggedBatch } from '../contract.ts';

const batchWith = (value: string) => {
  const events = ['one is read', 'one is made'].map((act) => JSON.stringify(ofSecrets[act]!(value)));
  return taggedBatch(ndjson, Buffer.from([...events, '{"a":1}', ''].join('\n')));
};

/** A sink that keeps what it gets. */
function keeping(more: Partial<Sink> = {}) {
  const got: TaggedBatch[] = [];
  const sink: Sink = {
    name: 'place',
    async deliver(batch) {
      got.push(batch);
      return { kind: 'acknowledged', records: batch.records.length };
    },
    async close() {},
    ...more,
  };
  return { sink, got };
}

test('a sink gets the batch masked, which stays unchanged for all others', async () => {
  const { sink, got } = keeping();
  const batch = batchWith('hunter22');
  const before = Buffer.from(batch.bytes);
  expect(await redact(sink, { secrets: true }, recorder()).deliver(batch)).toEqual({
    kind: 'acknowledged',
    records: 3,
  });
  expect(Buffer.from(got[0]!.bytes).toString()).toBe(Buffer.from(batchWith('[redacted]').bytes).toString());
  expect(got[0]!.tags.map((tag) => tag?.redacted)).toEqual([
    ['responseObject.data'],
    ['requestObject.stringData', 'responseObject.data'],
    undefined,
  ]);
  expect(batch.bytes).toEqual(before);
  expect(batch.tags.every((tag) => tag?.redacted === undefined)).toBe(true);
});

test('the digest is the same when a batch comes again, differs by what is masked, and cannot be made by guessing that', async () => {
  const { sink, got } = keeping();
  const masking = redact(sink, { secrets: true }, recorder());
  for (const value of ['hunter22', 'hunter22', 'hunter23']) await masking.deliver(batchWith(value));
  const [first, again, other] = got.map(digestOf);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  const { partOf, ...rest } = got[0]!;
  expect(partOf).not.toBe(digestOf(batchWith('hunter22')));
  expect(digestOf({ ...rest, bytes: Buffer.from(rest.bytes), partOf: digestOf(batchWith('hunter22')) })).not.toBe(
    first,
  );
});

test('the sink decides whether a batch would be refused', () => {
  expect(redact(keeping().sink, { secrets: true }, recorder()).refusal).toBeUndefined();
  const refusal = (bytes: number) => `no ${bytes}`;
  expect(redact(keeping({ refusal }).sink, { secrets: true }, recorder()).refusal?.(3)).toBe('no 3');
});

test('a defect is logged, and the record is passed on masked as a whole', async () => {
  const { sink, got } = keeping();
  const recorded = recorder();
  const batch = batchWith('hunter22');
  let asked = 0;
  const tag = {
    v: 2,
    verdict: 'clear',
    get findings() {
      if (asked++ === 0) throw new Error('a defect');
      return [];
    },
  } as never;
  await redact(sink, { secrets: true }, recorded).deliver({ ...batch, tags: [tag, ...batch.tags.slice(1)] });
  expect(Buffer.from(got[0]!.bytes).toString()).toMatch(/^\{"log":"\[redacted\]"\}\n/);
  expect(recorded.lines).toMatchObject([{ level: 'error', fields: { sink: 'place', err: new Error('a defect') } }]);
});

describe('as a setting', () => {
  const folder = mkdtempSync(join(tmpdir(), 'redact-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const load = (settings: object) =>
    loadConfig({
      ...{ path: undefined, environment: {}, bundledRules: '.' },
      overrides: { sinks: [{ type: 'forward', host: '127.0.0.1', port: 1, ...settings }] } as never,
    });

  test('nothing of what is masked is in a spool', async () => {
    const path = join(folder, 'spool');
    const config = load({ spool: { path }, redact: { secrets: true }, records: { verdicts: ['clear'] } });
    const sink = await openSink(config.sinks[0]!, recorder());
    expect(await sink.deliver(batchWith('hunter22'))).toEqual({ kind: 'spooled', records: 3 });
    expect(await sink.deliver(batchWith('hunter22'))).toEqual({ kind: 'repeated', records: 3 });
    await sink.close();
    const written = readdirSync(path, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const bytes = Buffer.concat(written.map(({ parentPath, name }) => readFileSync(join(parentPath, name))));
    expect(bytes.includes('responseObject')).toBe(true);
    expect(bytes.includes('hunter22')).toBe(false);
  });

  test.each<[object, RegExp]>([
    [{}, /redact is empty/],
    [{ paths: [] }, /redact\.paths is empty/],
    [{ paths: ['user..extra'] }, /redact\.paths: "user\.\.extra" does not name a member; write names separated/],
    [{ secret: true }, /secret is not a setting; did you mean/],
  ])('%j is refused', (redact, message) => expect(() => load({ redact })).toThrow(message));
});
