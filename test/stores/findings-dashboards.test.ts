/** charts/tripline/dashboards: the query of each panel of the three findings dashboards, in the form that Grafana sends it,
 * returns what is in the tags. LOKI, OPENSEARCH and CHDB name the stores to query, as in the other tests of stores. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Column, findingsRows, mayBeMissing, type Question, ROWS } from '../../scripts/dashboards/findings.ts';
import { openConfigured } from '../sinks/request/posting.ts';
import { root, snippets } from './snippets.ts';
import { batchesOf, type Tagged, tagged } from './tagged-records.ts';

const { LOKI, OPENSEARCH, CHDB } = process.env;

type Row = Record<string, any>;

interface PanelJson {
  title: string;
  type: string;
  targets: Row[];
  transformations?: { id: string; options: { renameByName: Record<string, string>; excludeByName: object } }[];
}

const questions = new Map(
  findingsRows.flatMap(({ panels }) => panels.map(({ title, question }) => [title, question] as const)),
);

/** Each panel of a dashboard, with its declared question. */
function panelsOf(store: string): { title: string; panel: PanelJson; question: Question }[] {
  const text = readFileSync(join(root, `charts/tripline/dashboards/findings-${store}.json`), 'utf8');
  const panels = (JSON.parse(text).panels as PanelJson[]).filter(({ type }) => type !== 'row');
  expect(panels.map(({ title }) => title)).toEqual([...questions.keys()]);
  return panels.map((panel) => ({ title: panel.title, panel, question: questions.get(panel.title)! }));
}

/** A row of an answer as a table shows it. */
function shown({ transformations = [] }: PanelJson, row: Row): Row {
  const organized = transformations.find(({ id }) => id === 'organize');
  if (organized === undefined) return row;
  const { renameByName, excludeByName } = organized.options;
  const entries = Object.entries(row).filter(([name]) => !(name in excludeByName));
  return Object.fromEntries(entries.map(([name, value]) => [renameByName[name] ?? `not renamed: ${name}`, value]));
}

/** What a store can see of a record, and what makes two entries without an id the same. */
interface Sight {
  isFirstOnly?: true;
  /** Over time, it shows only what has a time. */
  isTimed?: true;
  sameness(record: Tagged, place: number, entry: number): string;
}

const grave = /^(high|critical)$/;

/** The ids that each possible row of a question counts. */
function expected(all: readonly Tagged[], { of, by, as, isGrave }: Question, sight: Sight): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [place, record] of all.entries()) {
    const { event } = record.tag;
    const list = (record.tag[of] ?? []) as Row[];
    for (const [entry, one] of list.slice(0, sight.isFirstOnly && 1).entries()) {
      if (isGrave && !grave.test(one.level)) continue;
      if (as === 'over time' && sight.isTimed && Number.isNaN(Date.parse(one.time))) continue;
      const techniques: Row[] = (one.attack ?? []).slice(0, sight.isFirstOnly && 1);
      const values = by.map((column): string[] => {
        if (column === 'identity') return [event?.username ?? ''];
        if (column === 'namespace') return [event?.namespace ?? ''];
        if (column === 'technique') return techniques.map(({ technique }) => technique);
        return one[column] === undefined ? [] : [one[column]];
      });
      for (const key of combinations(values)) {
        if (!found.has(key)) found.set(key, new Set());
        found.get(key)!.add(one.id ?? sight.sameness(record, place, entry));
      }
    }
  }
  return found;
}

function combinations(values: readonly string[][]): string[] {
  const all = values.reduce<string[][]>(
    (heads, column) => heads.flatMap((head) => column.map((one) => [...head, one])),
    [[]],
  );
  return all.map((one) => JSON.stringify(one));
}

const keyOf = (row: Row, by: readonly Column[]) =>
  JSON.stringify(by.map((column) => row[column] ?? (mayBeMissing.has(column) ? '' : null)));

/** @param rows as the panel shows them; a series over time has the columns `number` and that of the question */
function check(question: Question, rows: readonly Row[], all: readonly Tagged[], sight: Sight): void {
  const by = question.by.filter((column) => column !== 'time');
  const wanted = expected(all, { ...question, by }, sight);
  expect(wanted.size).toBeGreaterThan(0);
  const columns = question.as === 'newest' ? question.by : [...question.by, 'number'];
  for (const row of rows) expect(Object.keys(row).toSorted()).toEqual(columns.toSorted());
  if (question.as === 'newest') {
    const ids = [...wanted.values()].reduce((sum, { size }) => sum + size, 0);
    expect(rows).toHaveLength(Math.min(ROWS, ids));
    expect(rows.filter((row) => !wanted.has(keyOf(row, by)))).toEqual([]);
    return;
  }
  const counted = new Map<string, number>();
  for (const row of rows) counted.set(keyOf(row, by), (counted.get(keyOf(row, by)) ?? 0) + Number(row.number));
  const numbers = new Map([...wanted].map(([key, ids]) => [key, ids.size]));
  for (const [key, number] of counted) expect(`${key}: ${number}`).toBe(`${key}: ${numbers.get(key)}`);
  const most = question.as === 'ranking' ? Math.min(ROWS, numbers.size) : numbers.size;
  expect(counted.size).toBeGreaterThanOrEqual(most);
}

let all: Tagged[] = [];
beforeAll(async () => {
  if (!LOKI && !OPENSEARCH && !CHDB) return;
  const folder = mkdtempSync(join(tmpdir(), 'tripline-exceptions-'));
  writeFileSync(
    join(folder, 'ann.yml'),
    'title: Debugging by ann\nid: 5f1c4f7e-5a0f-4a1c-9d0a-1d2f3b4c5d6e\nlogsource: { product: kubernetes, service: audit }\n' +
      'filter:\n  rules: [pod-host-pid]\n  ann: { username|cased: ann }\n  condition: not ann\n',
  );
  all = await tagged([folder]);
  rmSync(folder, { recursive: true });
}, 60_000);

describe.skipIf(!LOKI)(`Loki (LOKI is ${LOKI ? 'set' : 'not set'})`, { timeout: 120_000 }, () => {
  const job = `kubernetes-audit-dashboard-${Date.now()}`;
  // All within one step, including what is sent again.
  const step = 3600;
  const hour = Math.floor(Date.now() / 1000 / step) * step;
  const received = BigInt(hour - step + 600) * 1_000_000_000n;
  const [start, end] = [hour - 3 * step, hour];

  it('accepts the records', async () => {
    const settings = parse(snippets('examples/loki/README.md', 'yaml')[0]!).sinks[0];
    const { sink } = await openConfigured({ ...settings, url: LOKI, labels: { job } });
    for (const [records, time] of [
      [all, received],
      [all.slice(0, 3000), received + 10_000_000_000n],
    ] as const) {
      for (const batch of batchesOf(records, time)) {
        expect(await sink.deliver(batch)).toMatchObject({ kind: 'acknowledged' });
      }
    }
  });

  it.each(panelsOf('loki'))('$title', async ({ panel, question }) => {
    const [{ expr, queryType, legendFormat = '' }] = panel.targets as [Row];
    const isRange = queryType === 'range';
    const seconds = isRange ? step : end - start;
    const query = expr.replaceAll('$job', job).replaceAll('$__auto', `${seconds}s`);
    const times = isRange ? { start, end, step } : { time: end };
    const asked = new URLSearchParams(Object.entries({ query, ...times }).map(([name, value]) => [name, `${value}`]));
    const response = await fetch(`${LOKI}/loki/api/v1/${isRange ? 'query_range' : 'query'}?${asked}`);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    const result = JSON.parse(text).data.result as Row[];
    // As Grafana turns an instant vector into a table: a column for each label.
    const missing = Object.fromEntries(
      question.by.flatMap((column) => (mayBeMissing.has(column) ? [[column, '']] : [])),
    );
    const rows = result.flatMap(({ metric, value, values = [value] }) =>
      values.map(([, number]: [number, string]) =>
        isRange
          ? { [question.by[0]!]: metric[legendFormat.slice(2, -2)], number }
          : { ...missing, ...shown(panel, { Time: end, ...metric, 'Value #A': number }) },
      ),
    );
    if (question.as === 'total')
      check(
        question,
        result.map(({ value }) => ({ number: value[1] })),
        all,
        sight,
      );
    else check(question, rows, all, sight);
    if (question.as === 'newest') {
      for (const { time } of rows) expect(Math.floor(Number(time) / 1000)).toBeLessThan(end);
    }
  });

  const sight: Sight = { isFirstOnly: true, sameness: ({ tag }) => tag.event?.auditID ?? '' };
});

describe.skipIf(!OPENSEARCH)(`OpenSearch (OPENSEARCH is ${OPENSEARCH ? 'set' : 'not set'})`, () => {
  const from = Date.now() - 3_600_000;
  const index = 'kubernetes-audit-dashboard';
  const call = async (method: string, path: string, body: string | null = null) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${OPENSEARCH}/${path}`, { method, body, headers });
    return (await response.json()) as any;
  };

  afterAll(() => call('DELETE', index));

  it('accepts the records', async () => {
    await call('DELETE', 'kubernetes-audit-*');
    for (const command of snippets('examples/opensearch/README.md', 'sh')) {
      execFileSync('sh', ['-c', command], { cwd: root, env: process.env, stdio: 'pipe' });
    }
    const settings = parse(snippets('examples/opensearch/README.md', 'yaml')[0]!).sinks[0];
    const { sink } = await openConfigured({ ...settings, index, url: OPENSEARCH });
    for (const batch of [...batchesOf(all), ...batchesOf(all.slice(0, 3000)).slice(0, 3)]) {
      expect(await sink.deliver(batch)).toMatchObject({ kind: 'acknowledged' });
    }
    await call('POST', `${index}/_refresh`);
  });

  /** As the data source does: each bucket in the one before, the metric in the last one and in those that are sorted by it. */
  function request({ query, metrics, bucketAggs }: Row): object {
    const [metric] = metrics;
    const ofMetric =
      metric.type === 'count' ? {} : { [metric.id]: { [metric.type]: { field: metric.field, ...metric.settings } } };
    let aggs: object = ofMetric;
    for (const { id, type, field, settings } of bucketAggs.toReversed() as Row[]) {
      const { orderBy, order, size, min_doc_count, filters = [] } = settings;
      const body: Record<string, object> = {
        terms: { field, size: Number(size), min_doc_count: Number(min_doc_count), order: { [orderBy]: order } },
        nested: { path: field },
        filters: {
          filters: Object.fromEntries(
            filters.map(({ query, label }: Row) => [label, { query_string: { query, analyze_wildcard: true } }]),
          ),
        },
        date_histogram: {
          ...{ field, fixed_interval: '30d', min_doc_count: Number(min_doc_count), format: 'epoch_millis' },
          extended_bounds: { min: from, max: Date.now() },
        },
      };
      const within = { ...aggs, ...(orderBy === metric.id && ofMetric) };
      aggs = { [id]: { [type]: body[type], aggs: within } };
    }
    // Some records have a time of their own.
    const range = { range: { '@timestamp': { gte: 0, lte: Date.now() + 60_000, format: 'epoch_millis' } } };
    return { size: 0, query: { bool: { filter: [range, { query_string: { query, analyze_wildcard: true } }] } }, aggs };
  }

  /** One row for each innermost bucket. */
  function rowsIn({ metrics, bucketAggs }: Row, answer: Row, depth = 0): Row[] {
    const [{ id, type }] = metrics;
    const aggregation = bucketAggs[depth];
    if (aggregation === undefined) {
      if (type === 'count') return [{ Count: answer.doc_count }];
      return [{ [type === 'max' ? 'Max' : 'Unique Count']: answer[id].value }];
    }
    const found = answer[aggregation.id];
    if (aggregation.type === 'nested') return rowsIn({ metrics, bucketAggs }, found, depth + 1);
    const buckets: [string, Row][] = Array.isArray(found.buckets)
      ? found.buckets.map((bucket: Row) => [bucket.key, bucket])
      : Object.entries(found.buckets);
    const name = aggregation.type === 'terms' ? aggregation.field : aggregation.type;
    return buckets.flatMap(([key, bucket]) =>
      rowsIn({ metrics, bucketAggs }, bucket, depth + 1).map((row) => ({ [name]: key, ...row })),
    );
  }

  it.each(panelsOf('elasticsearch'))('$title', async ({ panel, question }) => {
    const [target] = panel.targets as [Row];
    const answer = await call('POST', `kubernetes-audit-*/_search`, JSON.stringify(request(target)));
    expect(answer.error).toBeUndefined();
    const found = rowsIn(target, answer.aggregations);
    const numberOf = (row: Row) => ({ number: row['Unique Count'] ?? row.Count });
    const sight: Sight = { isTimed: true, sameness: (_, place, entry) => `${place} ${entry}` };
    if (question.as === 'total') return check(question, found.map(numberOf), all, sight);
    if (question.as === 'over time') {
      const field = target.alias.slice(2, -2);
      const ofSeries = found.map((row) => ({ [question.by[0]!]: row[field], ...numberOf(row) }));
      expect(new Set(found.map(({ date_histogram }) => date_histogram)).size).toBeGreaterThan(3);
      return check(question, ofSeries, all, sight);
    }
    const rows = found.map((row) => shown(panel, row));
    check(question, rows, all, sight);
    if (question.as === 'newest') {
      const times = all.flatMap(({ tag }) => (tag[question.of] ?? []).map((one: Row) => Date.parse(one.time)));
      expect(rows[0]!.time).toBe(Math.max(...times.filter((time) => !Number.isNaN(time))));
    }
  });
});

describe.skipIf(!CHDB)(`ClickHouse (CHDB is ${CHDB ? 'set' : 'not set'})`, { timeout: 120_000 }, () => {
  const panels = CHDB ? panelsOf('clickhouse') : [];
  const answers = new Map<string, Row[]>();
  const to = 4_000_000_000;

  /** As the documentation of the data source describes. */
  const expand = (sql: string) =>
    sql
      .replace(/\$__timeFilter\((\w+)\)/g, `$1 >= toDateTime(0) AND $1 <= toDateTime(${to})`)
      .replace(/\$__timeInterval\((\w+)\)/g, `toStartOfInterval(toDateTime($1), INTERVAL ${30 * 86_400} second)`);

  beforeAll(() => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-dashboard-'));
    const lines = [...all, ...all.slice(0, 3000)].map(({ line }) => `${line}\n`);
    writeFileSync(join(folder, 'tagged.ndjson'), lines.join(''));
    const statements = [
      readFileSync(join(root, 'examples/clickhouse/tables.sql'), 'utf8').trimEnd(),
      `INSERT INTO audit (record) SELECT json FROM file('${folder}/tagged.ndjson', 'JSONAsString', 'json String');`,
      ...panels.map(({ panel }) => `${expand(panel.targets[0]!.rawSql)};`),
    ];
    const script = join(import.meta.dirname, 'run-sql.py');
    const input = statements.join('\n');
    const printed = execFileSync(CHDB!, [script, 'chdb'], { cwd: folder, input, maxBuffer: 2 ** 28 });
    const found = String(printed).trimEnd().split('\n');
    for (const [index, { title }] of panels.entries()) answers.set(title, JSON.parse(found[index]!));
    rmSync(folder, { recursive: true });
  }, 120_000);

  it.each(panels)('$title', ({ title, panel, question }) => {
    const sight: Sight = { sameness: ({ line }, _, entry) => `${line} ${entry}` };
    const found = answers.get(title)!;
    if (question.as !== 'over time')
      return check(
        question,
        found.map((row) => shown(panel, row)),
        all,
        sight,
      );
    expect(new Set(found.map(({ at }) => at)).size).toBeGreaterThan(3);
    check(
      question,
      found.map(({ at, ...row }) => row),
      all,
      sight,
    );
  });
});
