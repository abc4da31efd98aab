import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import { type NdjsonConfig, openNdjson } from '../../src/sinks/ndjson.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { numberedBatch, problemOf, recorder, sinkContract, taggedBatch } from './contract.ts';
import { type FaultyFiles, faultyFiles } from './disk/faulty-files.ts';
import { contentsIn, freshFolders, kinds, namesIn } from './disk/folder.ts';

const freshFolder = freshFolders();
const opened: Sink[] = [];
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close();
});

interface TestSink {
  path: string;
  sink: Sink;
  files: FaultyFiles;
  lines: ReturnType<typeof recorder>['lines'];
}

async function open(path = freshFolder(), config: Partial<NdjsonConfig> = {}): Promise<TestSink> {
  const files = faultyFiles();
  const dependencies = recorder();
  const settings = {
    type: 'ndjson',
    name: 'ndjson',
    path,
    maxFileBytes: 1e9,
    maxFileSeconds: 3600,
    rows: 'records',
  } as const;
  const sink = await openNdjson({ ...settings, ...config }, dependencies, files);
  opened.push(sink);
  return { path, sink, files, lines: dependencies.lines };
}

/** A copy as a killed process leaves it: nothing is closed, and what the system received stays. */
function killed(path: string): string {
  const copy = freshFolder();
  cpSync(path, copy, { recursive: true, filter: (from) => !from.endsWith('.lock') });
  return copy;
}

const numbersIn = (path: string) =>
  contentsIn(path).flatMap((content) =>
    content
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).n as number),
  );
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

sinkContract('ndjson', async () => {
  const { path, sink, files } = await open();
  return {
    sink,
    arrived: () => numbersIn(path),
    async stop() {
      files.fails = (call) => (/writev|open/.test(call) ? 'ENOSPC' : undefined);
    },
    address: path,
  };
});

describe('a folder of JSON lines', () => {
  test('has each record with its tag on a line, and is accessible to its owner alone', async () => {
    const { path, sink } = await open();
    await sink.deliver(taggedBatch(json, Buffer.from('[{"n":1,\n"big":18446744073709551615},7]')));
    await sink.deliver(numberedBatch(1));
    expect(kinds(path)).toEqual(['.ndjson.open']);
    await sink.close();
    expect(kinds(path)).toEqual(['.ndjson']);
    expect(contentsIn(path).join('')).toBe(
      '{"n":1, "big":18446744073709551615,"tripline":{"v":2,"verdict":"clear"}}\n' +
        '{"log":"7","tripline":{"v":2,"verdict":"clear"}}\n' +
        '{"date":1700000000.123456789,"n":0,"pad":"","tripline":{"v":2,"verdict":"clear"}}\n',
    );
    const modeOf = (name: string) => (statSync(name).mode & 0o777).toString(8);
    expect([modeOf(path), ...namesIn(path).map((name) => modeOf(join(path, name)))]).toEqual(['700', '600']);
  });

  test('makes batches that arrive at the same time durable by one call', async () => {
    const { sink, files } = await open();
    await sink.deliver(numberedBatch(1));
    files.calls.length = 0;
    await Promise.all(range(0, 20).map((first) => sink.deliver(numberedBatch(1, { first }))));
    expect(files.calls.filter((call) => call === 'datasync').length).toBeLessThanOrEqual(2);
  });

  test('begins another file when one is large enough, and keeps the order', async () => {
    const { path, sink } = await open(freshFolder(), { maxFileBytes: 2000 });
    for (const n of range(0, 9)) await sink.deliver(numberedBatch(1, { first: n, padBytes: 600 }));
    await sink.close();
    expect(kinds(path)).toEqual(['.ndjson', '.ndjson', '.ndjson']);
    expect(numbersIn(path)).toEqual(range(0, 9));
  });

  test('closes a file that is old enough even if nothing more arrives', async () => {
    const { path, sink } = await open(freshFolder(), { maxFileSeconds: 0.05 });
    await sink.deliver(numberedBatch(1));
    await expect.poll(() => kinds(path)).toEqual(['.ndjson']);
    await sink.deliver(numberedBatch(1, { first: 1 }));
    expect(numbersIn(path)).toEqual([0, 1]);
  });

  test('has no files if nothing was delivered', async () => {
    const { path, sink } = await open();
    await sink.close();
    expect(namesIn(path)).toEqual([]);
  });

  test('belongs to one process', async () => {
    const { path } = await open();
    await expect(open(path)).rejects.toMatchObject({
      code: 'config.invalid',
      message: /^sink ndjson: path: .*is locked/,
    });
  });

  test('that cannot be made is a fault of the configuration', async () => {
    const file = freshFolder();
    writeFileSync(file, '');
    await expect(open(join(file, 'b'))).rejects.toMatchObject({ code: 'config.invalid', message: /path: .*ENOTDIR/ });
  });
});

describe('after a kill', () => {
  test('what was acknowledged is still there, and a torn line is cut off at the next start', async () => {
    const { path, sink } = await open();
    await sink.deliver(numberedBatch(3));
    const copy = killed(path);
    const [name] = namesIn(copy);
    writeFileSync(join(copy, name!), `${'{"n":9,"pad":"'.padEnd(100_000, 'x')}`, { flag: 'a' });
    const { sink: next, lines } = await open(copy);
    expect(kinds(copy)).toEqual(['.ndjson']);
    expect(lines).toMatchObject([{ level: 'warn', fields: { bytes: 100_000 }, message: /was being written/ }]);
    await next.deliver(numberedBatch(1, { first: 3 }));
    expect(numbersIn(copy)).toEqual(range(0, 4));
  });

  test('a file without a complete line is removed', async () => {
    const path = freshFolder();
    mkdirSync(path);
    writeFileSync(join(path, 'tripline-20260102T030405678Z.ndjson.open'), '{"n":');
    writeFileSync(join(path, 'notes.txt'), 'not ours');
    await open(path);
    expect(namesIn(path)).toEqual(['notes.txt']);
  });

  test('the next file sorts after the existing ones, whatever the clock says', async () => {
    const path = freshFolder();
    mkdirSync(path);
    writeFileSync(join(path, 'tripline-29991231T235959999Z.ndjson'), '{"n":0}\n');
    const { sink } = await open(path);
    await sink.deliver(numberedBatch(1, { first: 1 }));
    expect(namesIn(path)[1]).toBe('tripline-30000101T000000000Z.ndjson.open');
  });
});

describe('while the disk is full', () => {
  test('nothing is acknowledged, nothing half written stays, and the sink continues afterwards', async () => {
    const { path, sink, files } = await open();
    await sink.deliver(numberedBatch(2));
    files.fails = (call) => (call === 'writev' ? 'ENOSPC' : undefined);
    const problem = await problemOf(sink.deliver(numberedBatch(5, { first: 2 })));
    expect(problem.message).toMatch(/^sink ndjson: .* cannot be written: ENOSPC/);
    expect(numbersIn(path)).toEqual([0, 1]);
    // The first attempt after a failure is made at once; later ones wait.
    await problemOf(sink.deliver(numberedBatch(5, { first: 2 })));
    expect(sink.refusal?.(1)).toMatch(/^sink ndjson: .* cannot be written: ENOSPC/);
    files.fails = () => undefined;
    await expect.poll(() => sink.refusal?.(1)).toBeUndefined();
    await sink.deliver(numberedBatch(1, { first: 2 }));
    expect(numbersIn(path)).toEqual([0, 1, 2]);
    expect(kinds(path)).toEqual(['.ndjson', '.ndjson.open']);
  });

  test('a file from which the system may have dropped data is not written to again', async () => {
    const { path, sink, files } = await open();
    await sink.deliver(numberedBatch(1));
    files.fails = (call) => (call === 'datasync' ? 'EIO' : undefined);
    await problemOf(sink.deliver(numberedBatch(1, { first: 1 })));
    files.fails = () => undefined;
    await sink.deliver(numberedBatch(1, { first: 1 }));
    expect(numbersIn(path)).toEqual([0, 1]);
    expect(kinds(path)).toEqual(['.ndjson', '.ndjson.open']);
  });

  test('a file that cannot be truncated is left to the next start', async () => {
    const { path, sink, files, lines } = await open();
    await sink.deliver(numberedBatch(1));
    files.fails = (call) => (/writev|truncate/.test(call) ? 'EIO' : undefined);
    await problemOf(sink.deliver(numberedBatch(1, { first: 1 })));
    files.fails = () => undefined;
    await sink.deliver(numberedBatch(1, { first: 2 }));
    expect(kinds(path)).toEqual(['.ndjson.open', '.ndjson.open']);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringMatching(/cannot be closed/) }),
    );
    const copy = killed(path);
    await open(copy);
    expect(numbersIn(copy)).toEqual([0, 2]);
  });
});

describe('compression', () => {
  test.each([
    ['gzip', '.gz', gunzipSync],
    ['zstd', '.zst', zstdDecompressSync],
  ] as const)('by %s applies to files that are closed', async (compression, suffix, decompress) => {
    const { path, sink } = await open(freshFolder(), { compression, maxFileBytes: 1 });
    await sink.deliver(numberedBatch(3));
    await expect.poll(() => kinds(path)).toEqual([`.ndjson${suffix}`]);
    const [content] = contentsIn(path);
    expect(decompress(content!).toString().split('\n').length).toBe(4);
    expect(statSync(join(path, namesIn(path)[0]!)).mode & 0o777).toBe(0o600);
  });

  test('that was interrupted by a kill is done again', async () => {
    const { path, sink } = await open(freshFolder(), { maxFileBytes: 1 });
    await sink.deliver(numberedBatch(3));
    const copy = killed(path);
    const [name] = namesIn(copy);
    const whole = readFileSync(join(copy, name!));
    writeFileSync(join(copy, `${name}.gz`), 'old');
    await open(copy, { compression: 'gzip' });
    await expect.poll(() => kinds(copy)).toEqual(['.ndjson.gz']);
    expect(gunzipSync(contentsIn(copy)[0]!)).toEqual(whole);
  });
});
