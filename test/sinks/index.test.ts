import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { codecNamed } from '../../src/codecs/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { Problem } from '../../src/problem.ts';
import { deliver, expectDelivery, openSink, sinkKinds } from '../../src/sinks/index.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { batchOf } from '../batch/batch-of.ts';
import { anyValue, encodeOtlp } from '../otlp/proto.ts';
import { numberedBatch, recorder } from './contract.ts';

const uncounted = () => {};

function memorySink(name: string, failure?: Error): Sink & { taken: number } {
  const sink = {
    name,
    taken: 0,
    async deliver() {
      sink.taken++;
      if (failure) throw failure;
      return { kind: 'acknowledged', records: 1 } as const;
    },
    async close() {},
  };
  return sink;
}

describe('deliver', () => {
  test('every sink gets the batch', async () => {
    const sinks = [memorySink('a'), memorySink('b')];
    await deliver(numberedBatch(1), sinks, uncounted);
    expect(sinks.map(({ taken }) => taken)).toEqual([1, 1]);
  });

  test('what became of the records is counted by sink', async () => {
    const counted: unknown[] = [];
    const sinks = [memorySink('a'), memorySink('b', new Problem('sink.unavailable', 'b is down'))];
    const count = (...args: unknown[]) => void counted.push(args);
    await expect(deliver(numberedBatch(1), sinks, count)).rejects.toThrow(Problem);
    expect(counted).toEqual([
      ['a', 'acknowledged', 1],
      ['b', 'failed', 1],
    ]);
  });

  test('does nothing without sinks', async () => {
    await deliver(numberedBatch(1), [], uncounted);
  });

  test('a sink that fails does not keep the batch from the others, and all that failed are named', async () => {
    const unavailable = (name: string) => memorySink(name, new Problem('sink.unavailable', `${name} is down`));
    const sinks = [unavailable('a'), memorySink('b'), unavailable('c')];
    await expect(deliver(numberedBatch(1), sinks, uncounted)).rejects.toMatchObject({
      code: 'sink.unavailable',
      message: 'a is down; c is down',
    });
    expect(sinks.map(({ taken }) => taken)).toEqual([1, 1, 1]);
  });

  test('a defect is not mistaken for a sink that is down', async () => {
    await expect(deliver(numberedBatch(1), [memorySink('a', new TypeError('x'))], uncounted)).rejects.toThrow(
      TypeError,
    );
  });
});

test('a refusal is known before the batch is evaluated', () => {
  const refusing = (name: string, reason?: string) => ({ ...memorySink(name), refusal: () => reason });
  expectDelivery(1, [memorySink('a'), refusing('b')]);
  const all = [refusing('a', 'a is down'), memorySink('b'), refusing('c', 'c is full')];
  expect(() => expectDelivery(1, all)).toThrow(new Problem('sink.unavailable', 'a is down; c is full'));
});

test('a sink gets records of OTLP as log events', async () => {
  const settings = { type: 'ndjson', path: mkdtempSync(join(tmpdir(), 'sinks-otlp-')) };
  const overrides = { sinks: [settings] };
  const config = loadConfig({ path: undefined, overrides: overrides as never, environment: {}, bundledRules: '.' });
  const sink = await openSink(config.sinks[0]!, recorder());
  const logRecords = [{ body: anyValue({ a: 1 }) }, { body: anyValue('line') }];
  const bytes = encodeOtlp('ExportLogsServiceRequest', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  const batch = batchOf(codecNamed('otlp')!, bytes, () => ({ v: 2, verdict: 'clear' }));
  expect(await sink.deliver(batch)).toMatchObject({ kind: 'acknowledged', records: 2 });
  await sink.close();
  const file = readdirSync(settings.path).find((name) => name.includes('ndjson'));
  const lines = readFileSync(join(settings.path, file!), 'utf8').trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { a: 1, tripline: { verdict: 'clear' } },
    { log: 'line', tripline: { verdict: 'clear' } },
  ]);
  rmSync(settings.path, { recursive: true });
});

describe('what every kind of sink can be asked for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sinks-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const configured = (settings: object) => {
    const overrides = { sinks: [{ type: 'forward', host: '127.0.0.1', port: 1, ...settings }] };
    const config = loadConfig({ path: undefined, overrides: overrides as never, environment: {}, bundledRules: '.' });
    return openSink(config.sinks[0]!, recorder());
  };

  test('a spool', async () => {
    const sink = await configured({ spool: { path: join(folder, 'a') } });
    expect(await sink.deliver(numberedBatch(2))).toEqual({ kind: 'spooled', records: 2 });
    const taken = configured({ spool: { path: join(folder, 'a') } });
    await expect(taken).rejects.toMatchObject({
      code: 'config.invalid',
      message: /^sink forward: spool.path: .*locked/,
    });
    await sink.close();
  });

  test('a folder that cannot be made is a fault of the configuration', async () => {
    writeFileSync(join(folder, 'file'), '');
    const sink = configured({ spool: { path: join(folder, 'file', 'b') } });
    await expect(sink).rejects.toMatchObject({ code: 'config.invalid', message: /spool\.path: .*ENOTDIR/ });
  });

  test('a folder that two sinks share is a fault of the configuration', () => {
    const sink = (name: string, path: string) => ({ type: 'forward', host: 'x', name, spool: { path } });
    const overrides = { sinks: [sink('a', '/spools/a'), sink('b', '/spools/b/../a')] };
    const load = () =>
      loadConfig({ path: undefined, overrides: overrides as never, environment: {}, bundledRules: '.' });
    expect(load).toThrow(
      "'/spools/b/../a' is the same as, inside or above sinks[0].spool.path, '/spools/a'; write a separate path",
    );
  });

  test('records, of which those alone that are chosen are on disk', async () => {
    const path = join(folder, 'chosen');
    const sink = await configured({ spool: { path }, records: { verdicts: ['match'] } });
    const batch = numberedBatch(3);
    const tags = batch.tags.map((tag, n) => (n === 1 ? { ...tag!, verdict: 'match' as const } : tag));
    expect(await sink.deliver({ ...batch, tags })).toEqual({ kind: 'spooled', records: 1 });
    expect(await sink.deliver({ ...batch, tags })).toEqual({ kind: 'repeated', records: 1 });
    expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: 0 });
    await sink.close();
    const files = readdirSync(path).filter((file) => file.endsWith('.spool'));
    const bytes = Buffer.concat(files.map((file) => readFileSync(join(path, file))));
    const single = (n: number) => numberedBatch(1, { first: n }).bytes.subarray(15);
    expect([0, 1, 2].map((n) => bytes.includes(single(n)))).toEqual([false, true, false]);
  });

  test('a sink that holds a batch more than once reports it, for the memory of all batches', async () => {
    const sink = await configured({ records: { verdicts: ['match'] }, redact: { secrets: true } });
    expect(sink.copies).toBe(3);
    await sink.close();
  });

  test('not to be required', async () => {
    const sink = await configured({ required: false });
    expect(await sink.deliver(numberedBatch(2))).toEqual({ kind: 'begun', records: 2 });
    await sink.close();
  });
});

test.each(sinkKinds)('$type: every setting is described', ({ schema }) => {
  const undescribed = Object.entries(schema.properties).filter(
    ([name, setting]) => name !== 'type' && !('description' in setting),
  );
  expect(undescribed).toEqual([]);
});

test('a sink opens with its minimal configuration', async () => {
  const overrides = { sinks: [{ type: 'forward', host: 'fluent-bit' }] };
  const config = loadConfig({ path: undefined, overrides: overrides as never, environment: {}, bundledRules: '.' });
  expect(config.sinks).toMatchObject([{ name: 'forward', port: 24224, tagPrefix: 'tripline.', ackTimeoutSeconds: 30 }]);
  expect((await openSink(config.sinks[0]!, recorder())).name).toBe('forward');
});

test('a setting that the kind of sink does not have is named', () => {
  const overrides = { sinks: [{ type: 'forward', host: 'fluent-bit', hots: 'x' }] };
  expect(() =>
    loadConfig({ path: undefined, overrides: overrides as never, environment: {}, bundledRules: '.' }),
  ).toThrow(/hots/);
});
