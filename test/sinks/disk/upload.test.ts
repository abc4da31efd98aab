/** Files of the sink `avro` that go to object storage, whatever happens to the storage and the process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decode } from '@msgpack/msgpack';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openSink, type SinkConfig, sinkFaults } from '../../../src/sinks/index.ts';
import { readRows } from '../../avro/read.ts';
import { openFakeS3, refuse } from '../../storage/fake-s3.ts';
import { numberedBatch, recorder } from '../contract.ts';
import { freshFolders } from './folder.ts';

const freshFolder = freshFolders();
const program = fileURLToPath(new URL('killed.ts', import.meta.url));
const upload = 's3://audit/tagged';
const settings = (path: string, more: object = {}) =>
  ({
    ...{ type: 'avro', name: 'avro', path, upload, required: true, rows: 'records', codec: 'null' },
    ...{ maxFileBytes: 1e6, maxFileSeconds: 3600, ...more },
  }) as unknown as SinkConfig;

const KEY = /^tagged\/date=\d{4}-\d\d-\d\d\/tripline-\d{8}T\d{9}Z-[0-9a-f]{16}\.avro$/;
const avroIn = (path: string) => readdirSync(path).filter((name) => name.includes('.avro'));
const numbersIn = async (content: Buffer) =>
  (await readRows(content)).map(({ record }) => ((decode(record) as unknown[])[1] as { n: number }).n);

async function numbersOf(objects: Map<string, Buffer>): Promise<number[]> {
  const numbers: number[] = [];
  for (const [key, content] of objects) {
    expect(key).toMatch(KEY);
    numbers.push(...(await numbersIn(content)));
  }
  return numbers.sort((a, b) => a - b);
}

test('closed files become objects and are removed, and files still written to stay', async () => {
  const s3 = await openFakeS3();
  const path = freshFolder();
  const dependencies = { ...recorder(), environment: s3.environment };
  const sink = await openSink(settings(path, { maxFileBytes: 1 }), dependencies);
  for (let n = 0; n < 3; n++) await sink.deliver(numberedBatch(1, { first: n }));
  await expect.poll(() => avroIn(path)).toEqual([]);
  expect(await numbersOf(s3.objects)).toEqual([0, 1, 2]);
  const open = await openSink(settings(freshFolder()), dependencies);
  await open.deliver(numberedBatch(1, { first: 3 }));
  expect(s3.objects.size).toBe(3);
  await open.close();
  expect(await numbersOf(s3.objects)).toEqual([0, 1, 2, 3]);
  await sink.close();
});

test('a new day begins a new file, and so a new partition', async () => {
  const s3 = await openFakeS3();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 31, 23, 59, 59, 900) });
  onTestFinished(() => void vi.useRealTimers());
  const sink = await openSink(settings(freshFolder()), { ...recorder(), environment: s3.environment });
  await sink.deliver(numberedBatch(1, { first: 1 }));
  await sink.deliver(numberedBatch(1, { first: 2 }));
  vi.setSystemTime(Date.UTC(2026, 1, 1));
  await sink.deliver(numberedBatch(1, { first: 3 }));
  vi.useRealTimers();
  await sink.close();
  const days = new Map<string, number[]>();
  for (const [key, content] of s3.objects) days.set(key.slice(7, 22), await numbersIn(content));
  expect(Object.fromEntries(days)).toEqual({ 'date=2026-01-31': [1, 2], 'date=2026-02-01': [3] });
});

test('acknowledgements do not wait for a storage that is down, and records go there when it is up', async () => {
  const s3 = await openFakeS3();
  let isDown = true;
  s3.before = (_, response, request) => {
    request.resume();
    return isDown && refuse(response, 403, 'AccessDenied');
  };
  const path = freshFolder();
  const dependencies = { ...recorder(), environment: s3.environment };
  const sink = await openSink(settings(path, { maxFileBytes: 1 }), dependencies);
  for (let n = 0; n < 2; n++) expect((await sink.deliver(numberedBatch(1, { first: n }))).kind).toBe('acknowledged');
  await expect.poll(() => dependencies.lines.length).toBeGreaterThan(0);
  const { fields, message } = dependencies.lines[0]! as { fields: { err?: Error }; message: string };
  expect(message).toContain('was not uploaded to object storage');
  expect(fields.err!.message).toMatch(/^s3:\/\/audit\/tagged\/date=.*s3:PutObject/);
  expect(avroIn(path)).toHaveLength(2);
  isDown = false;
  await sink.close();
  expect(avroIn(path)).toEqual([]);
  expect(await numbersOf(s3.objects)).toEqual([0, 1]);
});

test('an object that was stored without an answer is put again under the same key', async () => {
  const s3 = await openFakeS3();
  let puts = 0;
  s3.before = (key, response, request) => {
    if (request.method !== 'PUT' || puts++ > 0) return false;
    const parts: Buffer[] = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      s3.objects.set(key!, Buffer.concat(parts));
      response.destroy();
    });
    return true;
  };
  const dependencies = { ...recorder(), environment: s3.environment };
  const sink = await openSink(settings(freshFolder(), { maxFileBytes: 1 }), dependencies);
  await sink.deliver(numberedBatch(5));
  await expect.poll(() => puts, { timeout: 10_000 }).toBe(2);
  await sink.close();
  expect(await numbersOf(s3.objects)).toEqual([0, 1, 2, 3, 4]);
});

test('records acknowledged before kills are in the storage in the end, once', { timeout: 120_000 }, async () => {
  const s3 = await openFakeS3();
  const path = freshFolder();
  const acknowledged: number[] = [];
  const env = { ...process.env, ...s3.environment };
  for (let kill = 0; kill < Number(process.env.FILE_KILLS ?? 2); kill++) {
    const first = Math.max(-100, ...acknowledged) + 100;
    const child = spawn(process.execPath, [program, 'avro', path, String(first), upload], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env,
    });
    const ended = once(child, 'close');
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
    });
    await Promise.race([once(child.stdout, 'data'), ended]);
    await sleep(100 + Math.random() * 300);
    child.kill('SIGKILL');
    await ended;
    acknowledged.push(...text.split('\n').slice(0, -1).map(Number));
  }
  const before = s3.objects.size;
  const sink = await openSink(settings(path), { ...recorder(), environment: s3.environment });
  await sink.close();
  expect(avroIn(path)).toEqual([]);
  const there = await numbersOf(s3.objects);
  expect(before).toBeGreaterThan(0);
  expect(acknowledged.filter((n) => !there.includes(n))).toEqual([]);
  expect(new Set(there).size).toBe(there.length);
});

test.each<[object, string]>([
  [{ upload: 's4://audit' }, 'is not the address of objects; write s3://BUCKET/PREFIX'],
  [{ upload: 'az://account' }, 'write az://ACCOUNT/CONTAINER/PREFIX'],
  [{ maxFileBytes: 5e9 }, 'maxFileBytes: an object is uploaded in one request'],
  [{ spool: {} }, 'accepts no batches from a spool'],
])('%j is a fault of the settings', (given, words) => {
  expect(sinkFaults(settings('folder', given)).map(({ message }) => message)).toEqual([expect.stringContaining(words)]);
});
