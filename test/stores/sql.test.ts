/** examples/clickhouse and examples/duckdb: every record is inserted, and each query of the pages counts what is stored. CHDB
 * and DUCKDB name a Python that has the package of that name: the engine of ClickHouse, and DuckDB. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ndjson } from '../../src/codecs/ndjson.ts';
import { taggedBatch } from '../sinks/contract.ts';
import { openConfigured, openLetters } from '../sinks/request/posting.ts';
import { root, snippets } from './snippets.ts';
import { batchesOf, idsBy, type Tagged, tagged } from './tagged-records.ts';

const { CHDB, DUCKDB } = process.env;
const folder = mkdtempSync(join(tmpdir(), 'tripline-stores-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Row = Record<string, any>;

/** The rows of each SELECT among the statements. */
function run(engine: 'chdb' | 'duckdb', python: string, statements: readonly string[]): Row[][] {
  const script = join(import.meta.dirname, 'run-sql.py');
  const input = statements.map((statement) => statement.trimEnd()).join('\n');
  const printed = execFileSync(python, [script, engine], { cwd: folder, input, maxBuffer: 2 ** 28 });
  return String(printed)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const statementsOf = (path: string) => [readFileSync(join(root, path), 'utf8')];
/** The sum of one column for each value of another: a rule can have findings of several levels. */
function numbers(rows: readonly Row[], key: string, value: string): Record<string, number> {
  const byKey = Map.groupBy(rows, (row) => row[key]);
  return Object.fromEntries(
    [...byKey].map(([of, some]) => [of, some.reduce((sum, row) => sum + row[value], 0)]).sort(),
  );
}
const findingsOf = (all: readonly Tagged[]) => all.map(({ tag }) => tag.findings);
const reportsOf = (all: readonly Tagged[]) => all.flatMap(({ tag }) => tag.reports ?? []);
const distinct = (all: readonly Tagged[], is: (tagged: Tagged) => boolean) =>
  new Set(all.filter(is).map(({ line }) => line)).size;

let all: Tagged[] = [];
beforeAll(async () => {
  if (!CHDB && !DUCKDB) return;
  all = await tagged();
  // A retry repeats some of them.
  const lines = [...all, ...all.slice(0, 3000)].map(({ line }) => `${line}\n`);
  writeFileSync(join(folder, 'tagged.ndjson'), lines.join(''));
});

describe.skipIf(!CHDB)(`ClickHouse (CHDB is ${CHDB ? 'set' : 'not set'})`, () => {
  let rows: Row[][];
  beforeAll(() => {
    const { command, insert } = insertOf('examples/clickhouse/README.md');
    expect(command).toContain('clickhouse client');
    rows = run('chdb', CHDB!, [
      ...statementsOf('examples/clickhouse/tables.sql'),
      `${insert} SELECT json FROM file('${folder}/tagged.ndjson', 'JSONAsString', 'json String');`,
      'SELECT uniqExact(record) AS records, count() AS rows FROM audit;',
      ...snippets('examples/clickhouse/README.md', 'sql'),
    ]);
  });

  it('has every record unchanged', () => {
    expect(rows[0]).toEqual([{ records: distinct(all, () => true), rows: all.length + 3000 }]);
  });

  it('counts findings in a time range by rule, each once', () => {
    const inTime = findingsOf(all).map((findings) => findings?.filter(({ time = '2026' }) => time.startsWith('2026')));
    expect(numbers(rows[1]!, 'rule', 'findings')).toEqual(idsBy(inTime, ({ rule }) => rule));
  });

  it('groups the findings of a workload', () => {
    const withWorkload = findingsOf(all).map((findings) => findings?.filter(({ workload }) => workload));
    expect(numbers(rows[2]!, 'workload', 'findings')).toEqual(idsBy(withWorkload, ({ workload }) => workload!));
  });

  it('shows reports, each once', () => {
    expect(rows[3]!.map(({ summary }) => summary).sort()).toEqual(
      [...new Set(reportsOf(all).map(({ summary }) => summary))].sort(),
    );
  });

  it('counts records of users, each once', () => {
    expect(rows[4]!.length).toBe(100);
    const { username, verb, resource, records } = rows[4]![0]!;
    const isOne = ({ tag: { verdict, event } }: Tagged) =>
      /match|indeterminate/.test(verdict) &&
      event?.username === username &&
      event?.verb === verb &&
      event?.resource === resource;
    expect(records).toBe(distinct(all, isOne));
  });

  it('reports what is undecided', () => {
    const undecided = all.flatMap(({ tag }) => tag.undecided ?? []);
    expect(new Set(rows[5]!.map(({ reason, field }) => `${reason} ${field}`))).toEqual(
      new Set(undecided.map(({ reason, field }) => `${reason} ${field}`)),
    );
  });
});

/** The INSERT statement in the page's command. */
function insertOf(page: string): { command: string; insert: string } {
  const command = snippets(page, 'sh').join('');
  const insert = /INSERT INTO audit \(record\)(?= FORMAT JSONAsString)/.exec(command)![0];
  return { command, insert };
}

describe.skipIf(!CHDB)(`the clickhouse sink (CHDB is ${CHDB ? 'set' : 'not set'})`, () => {
  const shown = parse(snippets('examples/clickhouse/README.md', 'yaml')[0]!).sinks[0];
  let server: ChildProcess;
  let url: string;
  const ask = async (query: string): Promise<Row[]> => {
    const response = await fetch(url, { method: 'POST', body: query });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text === '' ? [] : JSON.parse(text).data;
  };
  const numbersIn = async (query: string) => Object.values((await ask(query))[0] ?? {}).map(Number);

  beforeAll(async () => {
    server = spawn(CHDB!, [join(import.meta.dirname, 'serve-clickhouse.py')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(server.stdout!, 'data');
    url = `http://127.0.0.1:${Number(port)}`;
    for (const statement of statementsOf('examples/clickhouse/tables.sql')[0]!.split(';\n')) {
      if (statement.trim() !== '') await ask(statement);
    }
  });
  afterAll(() => server.kill());

  it('inserts every record unchanged, a repeated batch once, and findings are counted', async () => {
    for (const _ of [1, 2]) {
      // A new sink each time, as after a restart.
      const { sink } = await openConfigured({ ...shown, url, maxRequestBytes: 1_000_000 });
      for (const batch of batchesOf(all)) {
        expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: batch.records.length });
      }
    }
    expect(await numbersIn('SELECT count(), uniqExact(record) FROM audit')).toEqual([
      all.length,
      distinct(all, () => true),
    ]);
    const [{ lines }] = (await ask('SELECT groupUniqArray(record) AS lines FROM audit')) as [Row];
    expect(new Set(lines)).toEqual(new Set(all.map(({ line }) => line)));
    const byRule = snippets('examples/clickhouse/README.md', 'sql')[0]!.replace(/;\s*$/, '');
    const inTime = findingsOf(all).map((findings) => findings?.filter(({ time = '2026' }) => time.startsWith('2026')));
    const counted = (await ask(byRule)).map((row) => ({ ...row, findings: Number(row.findings) }));
    expect(numbers(counted, 'rule', 'findings')).toEqual(idsBy(inTime, ({ rule }) => rule));
  });

  it('keeps records that the table refuses, and names the setting to change', async () => {
    await ask(
      "CREATE TABLE strict (record String, n UInt8 MATERIALIZED toUInt8(JSONExtractRaw(record, 'n'))) ENGINE = MergeTree ORDER BY ()",
    );
    const letters = await openLetters();
    const { sink } = await openConfigured({ type: 'clickhouse', url, table: 'strict' }, letters);
    const batch = taggedBatch(ndjson, Buffer.from('{"n":1}\n{"n":"x"}\n{"n":3}\n{}\n'));
    expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: 2, setAside: 2 });
    expect(letters.read().map(({ body }) => String(body))).toEqual(['{"n":"x"}\n{}\n']);
    expect(await numbersIn('SELECT count(), sum(n) FROM strict')).toEqual([2, 4]);
    for (const [settings, message] of [
      [{ table: 'nothing' }, /set table to one that exists/],
      [{ table: 'strict', column: 'nothing' }, /set column to a column of the table/],
    ] as const) {
      const { sink } = await openConfigured({ type: 'clickhouse', url, ...settings }, letters);
      await expect(sink.deliver(batch)).rejects.toMatchObject({ code: 'sink.unavailable', message });
    }
  });
});

describe.skipIf(!DUCKDB)(`DuckDB (DUCKDB is ${DUCKDB ? 'set' : 'not set'})`, () => {
  let rows: Row[][];
  beforeAll(() => {
    rows = run('duckdb', DUCKDB!, [
      ...statementsOf('examples/duckdb/parquet.sql'),
      "SELECT record AS record FROM 'audit.parquet';",
      ...snippets('examples/duckdb/README.md', 'sql'),
    ]);
  });

  it('has every record unchanged', () => {
    expect(rows[0]!.map(({ record }) => record)).toEqual([...all, ...all.slice(0, 3000)].map(({ line }) => line));
  });

  it('counts findings by rule, each once', () => {
    expect(numbers(rows[1]!, 'rule', 'findings')).toEqual(idsBy(findingsOf(all), ({ rule }) => rule));
  });

  it('shows grave findings', () => {
    const grave = findingsOf(all).flatMap((findings) =>
      (findings ?? []).filter(({ level }) => /high|critical/.test(level)),
    );
    expect(new Set(rows[2]!.map(({ id }) => id))).toEqual(new Set(grave.map(({ id }) => id)));
    expect(rows[2]!.length).toBe(new Set(grave.map(({ id }) => id)).size);
  });

  it('shows reports, each once', () => {
    expect(rows[3]!.map(({ id }) => id).sort()).toEqual([...new Set(reportsOf(all).map(({ id }) => id))].sort());
  });

  it('reads the rest of a record', () => {
    const isPod = ({ line, tag }: Tagged) => tag.verdict === 'match' && JSON.parse(line).requestObject?.kind === 'Pod';
    expect(numbers(rows[4]!, 'kind', 'records').Pod).toBe(distinct(all, isPod));
  });
});

describe.skipIf(!CHDB)(`findings as rows (CHDB is ${CHDB ? 'set' : 'not set'})`, () => {
  it('are stored once, however often they were sent', async () => {
    const path = join(folder, 'finding-rows');
    const { sink } = await openConfigured({ type: 'ndjson', path, rows: 'findings' });
    for (const _ of ['first', 'again']) for (const batch of batchesOf(all)) await sink.deliver(batch);
    await sink.close();
    const insert = `INSERT INTO finding_rows (record) SELECT json FROM file('${path}/*.ndjson', 'JSONAsString', 'json String');`;
    const [[counted], rules] = run('chdb', CHDB!, [
      ...statementsOf('examples/clickhouse/finding-rows.sql'),
      insert,
      'SELECT count() AS findings, uniqExact(id) AS ids FROM finding_rows FINAL;',
      "SELECT rule, count() AS findings FROM finding_rows FINAL WHERE kind = 'finding' GROUP BY rule ORDER BY rule;",
    ]) as [Row[], Row[]];
    const ofReports = new Set(reportsOf(all).map(({ id }) => id)).size;
    const ofFindings = idsBy(findingsOf(all), ({ rule }) => rule);
    expect(numbers(rules, 'rule', 'findings')).toEqual(ofFindings);
    const total = Object.values(ofFindings).reduce((sum, count) => sum + count, 0) + ofReports;
    expect(counted).toEqual({ findings: total, ids: total });
  });
});
