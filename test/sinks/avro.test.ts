import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '@msgpack/msgpack';
import { afterEach, describe, expect, test } from 'vitest';
import { readContainer } from '../../src/avro/read-container.ts';
import { json } from '../../src/codecs/json.ts';
import { loadConfig } from '../../src/config/index.ts';
import { eventReader } from '../../src/pipeline-dependencies.ts';
import { type AvroConfig, openAvro } from '../../src/sinks/avro.ts';
import { openSink, type SinkConfig } from '../../src/sinks/index.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import type { Tag } from '../../src/tag.ts';
import { readRows } from '../avro/read.ts';
import fc from '../properties.ts';
import { podEvent } from '../server/app.ts';
import { numberedBatch, problemOf, recorder, sinkContract, taggedBatch } from './contract.ts';
import { type FaultyFiles, faultyFiles } from './disk/faulty-files.ts';
import { contentsIn, freshFolders, kinds, namesIn } from './disk/folder.ts';

const freshFolder = freshFolders();
const opened: Sink[] = [];
afterEach(async () => {
  for (const sink of opened.splice(0)) await sink.close();
});
const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules: '.' });

interface TestSink {
  path: string;
  sink: Sink;
  files: FaultyFiles;
  lines: ReturnType<typeof recorder>['lines'];
}

async function open(path = freshFolder(), given: Partial<AvroConfig> = {}): Promise<TestSink> {
  const files = faultyFiles();
  const dependencies = { ...recorder(), eventsOf: eventReader(config) };
  const settings = { type: 'avro', name: 'avro', path, rows: 'records', codec: 'deflate' } as const;
  const sink = await openAvro({ ...settings, maxFileBytes: 1e9, maxFileSeconds: 3600, ...given }, dependencies, files);
  opened.push(sink);
  return { path, sink, files, lines: dependencies.lines };
}

/** The records in the files of a folder, even if one is torn at its end. */
async function recordsIn(path: string): Promise<Uint8Array[]> {
  const records: Uint8Array[] = [];
  for (const content of contentsIn(path)) {
    const chunks = (async function* () {
      yield content;
    })();
    for await (const block of readContainer(chunks, 1e9)) records.push(...block.map(({ record }) => record));
  }
  return records;
}

const numbersIn = async (path: string) =>
  (await recordsIn(path)).map((record) => ((decode(record) as unknown[])[1] as { n: number }).n);

sinkContract('avro', async () => {
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

const finding = (id: string) => ({
  ...{ id, rule: 'r', title: 't', level: 'high', summary: 's', attack: [], matched: [], context: [], event: 0 },
});
const match = (...ids: string[]) =>
  ({ v: 2, verdict: 'match', ruleset: 'h', findings: ids.map(finding) }) as unknown as Tag;
const rowsIn = async (path: string) => (await Promise.all(contentsIn(path).map((content) => readRows(content)))).flat();

describe('a folder of containers', () => {
  test('has each record as it came, with its events and findings', async () => {
    const { path, sink } = await open();
    const text = JSON.stringify(podEvent());
    const batch = taggedBatch(json, Buffer.from(`[ ${text} ,7]`), {
      tags: [match('f'), { v: 2, verdict: 'not_audit' }],
    });
    await sink.deliver(batch);
    expect(kinds(path)).toEqual(['.avro.open']);
    await sink.close();
    expect(kinds(path)).toEqual(['.avro']);
    const [pod, other] = await rowsIn(path);
    expect(pod).toMatchObject({
      ...{ mediaType: 'application/json', fluentTag: 'kube.audit', verdict: 'match', ruleset: 'h' },
      receivedUnixNano: 1_700_000_000_123_456_789n,
      events: [{ verb: 'create', user: { username: 'ann' } }],
      findings: [{ id: 'f', level: 'high' }],
    });
    expect(pod.record.toString()).toBe(text);
    expect(other).toMatchObject({ verdict: 'not_audit', events: [], findings: [] });
    expect(other.record.toString()).toBe('7');
  });

  test('has each finding', async () => {
    const { path, sink } = await open(freshFolder(), { rows: 'findings' });
    await sink.deliver(numberedBatch(1));
    expect(namesIn(path)).toEqual([]);
    await sink.deliver(numberedBatch(3, { tags: [match('a', 'b'), { v: 2, verdict: 'clear' }, match('c')] }));
    expect((await rowsIn(path)).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  test.each(['null', 'deflate', 'zstandard'] as const)('has blocks compressed by %s', async (codec) => {
    const { path, sink } = await open(freshFolder(), { codec });
    await sink.deliver(numberedBatch(3, { padBytes: 10_000 }));
    await sink.deliver(numberedBatch(1, { first: 3 }));
    expect(contentsIn(path)[0]!.length < 30_000).toBe(codec !== 'null');
    expect(await rowsIn(path)).toHaveLength(4);
    expect(await numbersIn(path)).toEqual([0, 1, 2, 3]);
  });

  test('begins another file when one is large enough', async () => {
    const { path, sink } = await open(freshFolder(), { maxFileBytes: 20_000, codec: 'null' });
    for (const n of [0, 1, 2, 3]) await sink.deliver(numberedBatch(1, { first: n, padBytes: 6_000 }));
    expect(kinds(path)).toEqual(['.avro', '.avro']);
    expect(await numbersIn(path)).toEqual([0, 1, 2, 3]);
  });

  test('has nothing of what is masked for it, and names the masked paths', async () => {
    const path = freshFolder();
    const settings = { type: 'avro', name: 'avro', path, rows: 'records', codec: 'null', required: true };
    const redact = { secrets: true, tokens: false, paths: ['user.username'] };
    const limits = { maxFileBytes: 1e9, maxFileSeconds: 3600 };
    const dependencies = { ...recorder(), eventsOf: eventReader(config) };
    const sink = await openSink({ ...settings, ...limits, redact } as SinkConfig, dependencies);
    opened.push(sink);
    const event = {
      ...podEvent(),
      ...{ objectRef: { resource: 'secrets', namespace: 'a', name: 'b', apiVersion: 'v1' } },
      requestObject: { kind: 'Secret', apiVersion: 'v1', data: { password: 'aHVudGVyMg==' } },
    };
    await sink.deliver(taggedBatch(json, Buffer.from(JSON.stringify(event))));
    const [content] = contentsIn(path);
    expect(content!.includes('aHVudGVyMg==') || content!.includes('"ann"')).toBe(false);
    const [row] = await rowsIn(path);
    expect(row.events[0]).toMatchObject({ verb: 'create', requestObject: expect.stringContaining('password') });
    expect(row.redacted).toEqual(expect.arrayContaining(['requestObject.data', 'user.username']));
  });

  test('accepts any record', async () => {
    const { path, sink } = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), async (values) => {
        const event = {
          ...podEvent(),
          requestObject: values,
          annotations: values,
          user: values[0],
          objectRef: values[0],
        };
        await sink.deliver(taggedBatch(json, Buffer.from(JSON.stringify([event, ...values]))));
      }),
      { numRuns: 30 },
    );
    expect((await rowsIn(path)).length).toBeGreaterThan(30);
  });
});

describe('after a kill', () => {
  test('wherever the last block is torn, the file can be read up to it, and the next start cuts it off', async () => {
    const { path, sink } = await open();
    await sink.deliver(numberedBatch(2));
    const [name] = namesIn(path);
    const before = statSync(join(path, name!)).size;
    await sink.deliver(numberedBatch(2, { first: 2 }));
    const after = statSync(join(path, name!)).size;
    for (const length of [before, before + 1, before + 2, after - 17, after - 16, after - 1, after]) {
      const copy = freshFolder();
      cpSync(path, copy, { recursive: true, filter: (from) => !from.endsWith('.lock') });
      truncateSync(join(copy, name!), length);
      const next = await open(copy);
      expect(kinds(copy)).toEqual(['.avro']);
      expect(await rowsIn(copy)).toHaveLength(length === after ? 4 : 2);
      const torn = length === before || length === after ? [] : [{ level: 'warn', fields: { bytes: length - before } }];
      expect(next.lines).toMatchObject(torn);
    }
  });

  test('a file with no more than a header is removed', async () => {
    const { path, sink } = await open();
    await sink.deliver(numberedBatch(1));
    const [name] = namesIn(path);
    const head = readFileSync(join(path, name!)).indexOf('avro.schema');
    for (const length of [0, 3, head, head + 2000]) {
      const copy = freshFolder();
      cpSync(path, copy, { recursive: true, filter: (from) => !from.endsWith('.lock') });
      truncateSync(join(copy, name!), length);
      await open(copy);
      expect(namesIn(copy)).toEqual([]);
    }
  });

  test('a file that is not a container is left alone', async () => {
    const { path } = await open();
    await opened.pop()!.close();
    writeFileSync(join(path, 'other.avro.open'), 'not ours');
    await open(path);
    expect(namesIn(path)).toEqual(['other.avro.open']);
  });
});

test('nothing half written stays when the disk is full', async () => {
  const { path, sink, files } = await open();
  await sink.deliver(numberedBatch(1));
  files.fails = (call) => (call === 'writev' ? 'ENOSPC' : undefined);
  const problem = await problemOf(sink.deliver(numberedBatch(1, { first: 1 })));
  expect(problem.message).toMatch(/^sink avro: .* cannot be written: ENOSPC/);
  files.fails = () => undefined;
  await sink.deliver(numberedBatch(1, { first: 1 }));
  await sink.close();
  expect(kinds(path)).toEqual(['.avro', '.avro']);
  expect(await rowsIn(path)).toHaveLength(2);
});

test('a spool for this sink is a fault of the configuration', () => {
  const sinks = [{ type: 'avro', path: '/records', spool: { path: '/spool' } }];
  const load = () => loadConfig({ path: undefined, overrides: { sinks } as never, environment: {}, bundledRules: '.' });
  expect(load).toThrow('spool: this sink writes to the disk itself');
});

test.each([
  ['the same folder', '/records/../records'],
  ['a folder in the other', '/records/more'],
])('%s for two sinks is a fault of the configuration', (_, path) => {
  const sinks = [
    { type: 'ndjson', path: '/records' },
    { type: 'avro', path },
  ];
  const load = () => loadConfig({ path: undefined, overrides: { sinks } as never, environment: {}, bundledRules: '.' });
  expect(load).toThrow(/is the same as, inside or above sinks\[0\]\.path, '\/records'; write a separate path/);
});
