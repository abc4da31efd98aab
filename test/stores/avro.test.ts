/** What the avro sink writes, read by libraries other than the one that writes it. FASTAVRO and CHDB name a Python that has
 * the package of that name: an independent reader (fastavro[zstandard]), and the engine of ClickHouse, which has Apache's
 * C++ library. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { loadConfig } from '../../src/config/index.ts';
import { eventReader } from '../../src/pipeline-dependencies.ts';
import { openAvro } from '../../src/sinks/avro.ts';
import { readRows } from '../avro/read.ts';
import { recorder, taggedBatch } from '../sinks/contract.ts';
import { root, snippets } from './snippets.ts';
import { type Tagged, tagged } from './tagged-records.ts';

const { FASTAVRO, CHDB } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'tripline-avro-'));
afterAll(() => rmSync(folder, { recursive: true }));

const codecs = ['null', 'deflate', 'zstandard'] as const;
const kinds = ['records', 'findings'] as const;
const combinations = kinds.flatMap((rows) => codecs.map((codec) => ({ rows, codec })));
const pathOf = (rows: string, codec: string) => join(folder, `${rows}-${codec}`);
let all: Tagged[] = [];

beforeAll(async () => {
  if (!FASTAVRO && !CHDB) return;
  all = await tagged();
  const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules: '.' });
  const dependencies = { ...recorder(), eventsOf: eventReader(config) };
  for (const { rows, codec } of combinations) {
    const settings = {
      type: 'avro',
      name: 'avro',
      path: pathOf(rows, codec),
      maxFileBytes: 1e6,
      maxFileSeconds: 3600,
    } as const;
    const sink = await openAvro({ ...settings, rows, codec }, dependencies);
    for (let at = 0; at < all.length; at += 500) {
      const some = all.slice(at, at + 500);
      const bytes = Buffer.from(some.map(({ line }) => line).join('\n'));
      await sink.deliver(taggedBatch(ndjson, bytes, { tags: some.map(({ tag }) => tag) }));
    }
    await sink.close();
  }
}, 300_000);

const filesIn = (path: string) =>
  readdirSync(path)
    .filter((name) => name.endsWith('.avro'))
    .sort();

/** The rows of a folder, read by the library that writes them, in JSON as Python writes it. */
async function rowsIn(path: string): Promise<unknown[]> {
  const rows = await Promise.all(filesIn(path).map((name) => readRows(readFileSync(join(path, name)))));
  return JSON.parse(
    JSON.stringify(rows.flat(), (_, value) => {
      if (typeof value === 'bigint') return String(value);
      return value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value;
    }),
  );
}

describe.skipIf(!FASTAVRO)(`fastavro (FASTAVRO is ${FASTAVRO ? 'set' : 'not set'})`, () => {
  function read(path: string, ...schema: string[]): unknown[] {
    const script = join(import.meta.dirname, 'read-avro.py');
    const printed = String(execFileSync(FASTAVRO!, [script, path, ...schema], { maxBuffer: 2 ** 28 }));
    const lines = printed.trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line.replace(/"receivedUnixNano": (\d+)/, '"receivedUnixNano": "$1"')));
  }

  it.each(combinations)('reads $rows in blocks of $codec, several files of them', async ({ rows, codec }) => {
    const path = pathOf(rows, codec);
    const found = read(path);
    const count = rows === 'records' ? all.length : all.flatMap(({ tag }) => tag.findings ?? []).length;
    expect(found.length).toBe(count);
    expect(filesIn(path).length).toBeGreaterThan(codec === 'null' ? 1 : 0);
    expect(found).toEqual(await rowsIn(path));
  });

  it.each(readdirSync(join(root, 'schemas/released')))('reads them with the schemas of %s', async (version) => {
    for (const [rows, name] of [
      ['records', 'tagged-record'],
      ['findings', 'finding'],
    ] as const) {
      const path = pathOf(rows, 'deflate');
      expect(read(path, join(root, 'schemas/released', version, `${name}.avsc`)).length).toBe(read(path).length);
    }
  });
});

describe.skipIf(!CHDB)(`ClickHouse (CHDB is ${CHDB ? 'set' : 'not set'})`, () => {
  it.each(codecs)('reads records in blocks of %s', (codec) => {
    const sql = `SELECT count() AS records, sum(length(record)) AS bytes, countIf(verdict = 'match') AS matches,
      sum(length(findings.rule)) AS findings FROM file('${pathOf('records', codec)}/*.avro', 'Avro');`;
    const script = join(import.meta.dirname, 'run-sql.py');
    const [row] = JSON.parse(String(execFileSync(CHDB!, [script, 'chdb'], { cwd: folder, input: sql })));
    expect(row).toEqual({
      records: all.length,
      bytes: all.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0),
      matches: all.filter(({ tag }) => tag.verdict === 'match').length,
      findings: all.flatMap(({ tag }) => tag.findings ?? []).length,
    });
  });

  it('recognizes the days of a sink that puts files into object storage', () => {
    const days = join(folder, 'days');
    for (const [index, file] of filesIn(pathOf('records', 'deflate')).entries()) {
      const day = join(days, `date=2026-01-0${1 + index}`);
      mkdirSync(day, { recursive: true });
      cpSync(join(pathOf('records', 'deflate'), file), join(day, file));
    }
    const [query] = snippets('docs/sinks.md', 'sql');
    const sql = query!.replace(/s3\('https:.*?\/prod\//, `file('${days}/`);
    const script = join(import.meta.dirname, 'run-sql.py');
    const rows = JSON.parse(String(execFileSync(CHDB!, [script, 'chdb'], { cwd: folder, input: sql })));
    expect(rows.flat().some(({ date }: { date: string }) => date.startsWith('2026-01-01'))).toBe(true);
    expect(rows.flat().reduce((sum: number, { records }: { records: number }) => sum + records, 0)).toBe(all.length);
  });
});
