/** examples/opensearch: the template accepts every record, and the page's queries count what is stored. OPENSEARCH names a
 * server that may be written to, FLUENT_BIT the program for its output. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { json } from '../../src/codecs/json.ts';
import { fluentBit, startProcess } from '../e2e/processes.ts';
import { taggedBatch } from '../sinks/contract.ts';
import { openConfigured, openLetters } from '../sinks/request/posting.ts';
import { root, snippets } from './snippets.ts';
import { batchesOf, idsBy, type Tagged, tagged } from './tagged-records.ts';

const server = process.env.OPENSEARCH;
const page = 'examples/opensearch/README.md';
const index = 'kubernetes-audit-test';
/** Records of a bulk request: far below the 100 MB that a server accepts. */
const BULK_RECORDS = 1000;

async function call(method: string, path: string, body?: string, type = 'application/json') {
  const response = await fetch(`${server}/${path}`, { method, body: body ?? null, headers: { 'content-type': type } });
  const answer = (await response.json()) as any;
  if (!response.ok && method !== 'DELETE') throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** The reasons for which documents were refused. */
async function bulk(lines: readonly string[]): Promise<string[]> {
  const refused: string[] = [];
  for (let first = 0; first < lines.length; first += BULK_RECORDS) {
    const some = lines.slice(first, first + BULK_RECORDS);
    const { items } = await call(
      'POST',
      `${index}/_bulk`,
      some.map((line) => `{"index":{}}\n${line}\n`).join(''),
      'application/x-ndjson',
    );
    for (const { index } of items) if (index.error) refused.push(JSON.stringify(index.error));
  }
  await call('POST', `${index}/_refresh`);
  return refused;
}

const queries = snippets(page, 'http').map((text) => {
  const [line, ...body] = text.split('\n');
  const [method, path] = line!.split(' ');
  return { method: method!, path: path!, body: body.join('\n') };
});
const ask = ({ method, path, body }: (typeof queries)[number]) => call(method, path, body);
const counts = (buckets: { key: string }[], of: (bucket: any) => number = ({ doc_count }) => doc_count) =>
  Object.fromEntries(buckets.map((bucket) => [bucket.key, of(bucket)]).sort());

it('shows queries that are JSON', () => {
  for (const { body } of queries) expect(() => JSON.parse(body)).not.toThrow();
  expect(queries).toHaveLength(6);
});

describe.skipIf(server === undefined)(`OpenSearch (OPENSEARCH is ${server ? 'set' : 'not set'})`, () => {
  let all: Tagged[];
  let tags: Tagged['tag'][];

  beforeAll(async () => {
    all = await tagged();
    tags = all.map(({ tag }) => tag);
    await call('DELETE', 'kubernetes-audit-*');
    for (const command of snippets(page, 'sh')) {
      execFileSync('sh', ['-c', command], { cwd: root, env: { ...process.env, OPENSEARCH: server }, stdio: 'pipe' });
    }
    expect(await bulk(all.map(({ line }) => line))).toEqual([]);
    // A retry under other ids, the worst that a sender can do: no query counts it.
    expect(await bulk(all.slice(0, 3000).map(({ line }) => line))).toEqual([]);
  });
  afterAll(() => call('DELETE', 'kubernetes-audit-*'));

  it('counts findings by rule, each once', async () => {
    const { aggregations } = await ask(queries[0]!);
    const expected = idsBy(
      tags.map(({ findings }) => findings),
      ({ rule }) => rule,
    );
    expect(counts(aggregations.each.rule.buckets, ({ findings }) => findings.value)).toEqual(expected);
  });

  it('shows grave findings with their records', async () => {
    const { aggregations } = await ask(queries[1]!);
    const grave = tags.flatMap(({ findings = [] }) => findings.filter(({ level }) => /high|critical/.test(level)));
    const { finding } = aggregations.each.grave;
    expect(finding.buckets.length + finding.sum_other_doc_count).toBeGreaterThan(100);
    const ids = new Set(grave.map(({ id }) => id));
    for (const { key, one, of } of finding.buckets) {
      expect(ids).toContain(key);
      expect(one.hits.hits[0]._source.id).toBe(key);
      const { tripline } = of.record.hits.hits[0]._source;
      expect(tripline.findings.map(({ id }: { id: string }) => id)).toContain(key);
    }
    expect(grave.length).toBeGreaterThan(100);
  });

  it('finds what one user did', async () => {
    const { hits } = await ask({ ...queries[2]!, body: queries[2]!.body.replace('"ann"', '"eve"') });
    const ofEve = tags.filter(({ verdict, event }) => verdict === 'match' && event?.username === 'eve');
    expect(hits.total.value).toBeGreaterThanOrEqual(ofEve.length);
    for (const { _source } of hits.hits) expect(_source.tripline.event.username).toBe('eve');
    expect(ofEve).not.toEqual([]);
  });

  it('shows reports, each once', async () => {
    const { aggregations } = await ask(queries[3]!);
    const expected = new Set(tags.flatMap(({ reports = [] }) => reports.map(({ id }) => id)));
    expect(new Set(aggregations.each.report.buckets.map(({ key }: { key: string }) => key))).toEqual(expected);
    expect(expected.size).toBeGreaterThan(0);
  });

  it('reports what is undecided', async () => {
    const { aggregations } = await ask(queries[4]!);
    const reasons = new Set(tags.flatMap(({ undecided = [] }) => undecided.map(({ reason }) => reason)));
    expect(new Set(Object.keys(counts(aggregations.undecided.reason.buckets)))).toEqual(reasons);
  });

  it('accepts records that no cluster writes', async () => {
    const { tag } = all[0]!;
    const deep = `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`;
    const odd = [
      { user: 'bob', requestObject: [1, 'a', { b: 2 }], tripline: tag },
      { user: { username: { a: 1 } }, objectRef: null, annotations: 7, tripline: tag },
      { requestObject: Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`field-${n}`, n])), tripline: tag },
      { requestObject: JSON.parse(deep), tripline: tag },
      { requestObject: { long: 'x'.repeat(40_000), '': 1, '.': 2, 'a..b': 3 }, tripline: tag },
      { tripline: { ...tag, event: { ...tag.event, time: 'yesterday', username: '\u{10FFFF}'.repeat(8191) } } },
    ];
    expect(await bulk(odd.map((record) => JSON.stringify(record)))).toEqual([]);
  });

  it.skipIf(fluentBit === undefined)('accepts all of them from Fluent Bit, and a retry once (FLUENT_BIT)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-opensearch-'));
    await call('DELETE', 'kubernetes-audit-*');
    // A record without its own time gets its time of arrival, which is another one when the file is read again.
    const ofOwnTime = all.filter(({ line }) => /^\d{4}/.test(JSON.parse(line).stageTimestamp));
    const lines = [...new Set(ofOwnTime.map(({ line }) => line))].slice(0, 2000);
    writeFileSync(join(folder, 'records.ndjson'), `${lines.join('\n')}\n`);
    const time = "time_key: stageTimestamp\n    time_format: '%Y-%m-%dT%H:%M:%S.%L%z'\n    time_keep: on";
    writeFileSync(
      join(folder, 'fluent-bit.yaml'),
      `includes:\n  - ${join(root, 'examples/opensearch/output.yaml')}\n` +
        `service:\n  flush: 1\nparsers:\n  - name: tagged\n    format: json\n    ${time}\n` +
        'pipeline:\n  inputs:\n    - name: tail\n      tag: tripline.kube\n      read_from_head: on\n      parser: tagged\n' +
        `      path: ${folder}/records.ndjson\n      buffer_max_size: 8M\n      exit_on_eof: off\n`,
    );
    const { hostname, port } = new URL(server!);
    const environment = { ...process.env, OPENSEARCH_HOST: hostname, OPENSEARCH_PORT: port };
    const arrived = async () => {
      await call('POST', 'kubernetes-audit-*/_refresh');
      return (await call('GET', 'kubernetes-audit-*/_count')).count as number;
    };
    for (const attempt of ['first', 'again']) {
      const log = join(folder, `${attempt}.log`);
      const running = startProcess(fluentBit!, ['-c', join(folder, 'fluent-bit.yaml')], log, environment);
      const replaced = async () => {
        const { hits } = await call('POST', `kubernetes-audit-*/_search?version=true&size=${lines.length}`, '{}');
        return hits.hits.filter(({ _version }: { _version: number }) => _version > 1).length as number;
      };
      const isDone = async () =>
        (await arrived()) >= lines.length && (attempt === 'first' || (await replaced()) >= lines.length);
      for (let waited = 0; waited < 100 && !(await isDone()); waited++) await sleep(200);
      await running.stop('SIGTERM');
      expect(await arrived(), attempt).toBe(lines.length);
    }
    rmSync(folder, { recursive: true });
  });
});

describe.skipIf(server === undefined)(`the elasticsearch sink (OPENSEARCH is ${server ? 'set' : 'not set'})`, () => {
  let all: Tagged[];
  const count = async (name: string) => {
    await call('POST', `${name}/_refresh`);
    return (await call('GET', `${name}/_count`)).count as number;
  };
  const settings = { ...parse(snippets(page, 'yaml')[0]!).sinks[0], url: server };

  beforeAll(async () => {
    all = await tagged();
    await call('DELETE', 'kubernetes-audit-*');
    for (const command of snippets(page, 'sh')) {
      execFileSync('sh', ['-c', command], { cwd: root, env: { ...process.env, OPENSEARCH: server }, stdio: 'pipe' });
    }
  });
  afterAll(async () => {
    await call('DELETE', '_data_stream/streamed-audit');
    await call('DELETE', '_index_template/streamed-audit');
    await call('DELETE', 'kubernetes-audit-*');
  });

  it('writes every record, a repeated batch once, and queries count its findings', async () => {
    for (const compression of ['none', 'gzip']) {
      // A sink each, as after a restart.
      const { sink } = await openConfigured({ ...settings, compression });
      for (const batch of batchesOf(all)) {
        expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: batch.records.length });
      }
    }
    expect(await count(settings.index)).toBe(all.length);
    const { aggregations } = await ask(queries[0]!);
    const expected = idsBy(
      all.map(({ tag }) => tag.findings),
      ({ rule }) => rule,
    );
    expect(counts(aggregations.each.rule.buckets, ({ findings }) => findings.value)).toEqual(expected);
  });

  it('keeps the documents that are refused, and writes the others', async () => {
    const letters = await openLetters();
    const { sink } = await openConfigured(settings, letters);
    const before = await count(settings.index);
    const twice = '{"n":3,"a":{"b":1,"b":2}}';
    const bad = ['{"n":1,"@timestamp":"yesterday"}', twice, '{"n":5,"a":}', '{"n":6,"tripline":{"v":"two"}}'];
    const body = `[{"n":0},${bad.join()},{"n":7}]`;
    const batch = taggedBatch(json, Buffer.from(body), { tags: [] });
    expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: 2, setAside: 4 });
    expect(letters.read().map(({ body }) => String(body))).toEqual([`[${bad.join()}]`]);
    expect(await count(settings.index)).toBe(before + 2);
  });

  it('writes to a data stream', async () => {
    const template = { index_patterns: ['streamed-audit'], data_stream: {}, priority: 600 };
    await call('PUT', '_index_template/streamed-audit', JSON.stringify(template));
    const { sink } = await openConfigured({ ...settings, index: 'streamed-audit' });
    const batch = () => taggedBatch(json, Buffer.from('[{"date":1700000000.5,"a":1},{"a":2}]'));
    for (const _ of [1, 2]) expect(await sink.deliver(batch())).toEqual({ kind: 'acknowledged', records: 2 });
    expect(await count('streamed-audit')).toBe(2);
  });

  it('keeps nothing if a setting is to blame', async () => {
    const letters = await openLetters();
    await call('PUT', 'kubernetes-audit-closed', JSON.stringify({ settings: { 'index.blocks.write': true } }));
    const { sink } = await openConfigured(
      { ...settings, index: 'kubernetes-audit-closed', timeoutSeconds: 1 },
      letters,
    );
    await expect(sink.deliver(batchesOf(all)[0]!)).rejects.toMatchObject({
      code: 'sink.unavailable',
      message: /answered 403 for a record: "cluster_block_exception/,
    });
    expect(letters.read()).toEqual([]);
  });
});

describe.skipIf(server === undefined)(`findings in ECS (OPENSEARCH is ${server ? 'set' : 'not set'})`, () => {
  const settings = { ...parse(snippets(page, 'yaml')[1]!).sinks[0], url: server };
  beforeAll(() => call('DELETE', settings.index));
  afterAll(() => call('DELETE', settings.index));

  it('are one document each, whatever is repeated', async () => {
    const all = await tagged();
    for (const command of snippets(page, 'sh')) {
      execFileSync('sh', ['-c', command], { cwd: root, env: { ...process.env, OPENSEARCH: server }, stdio: 'pipe' });
    }
    // A sink each, as after a restart.
    for (const _ of ['first', 'again']) {
      const { sink, letters } = await openConfigured(settings, await openLetters());
      for (const batch of batchesOf(all)) await sink.deliver(batch);
      expect(letters()).toEqual([]);
    }
    await call('POST', `${settings.index}/_refresh`);
    const found = all.flatMap(({ tag: { findings = [], reports = [] } }) => [...findings, ...reports]);
    const ids = new Map(found.map((one) => [one.id, one]));
    expect((await call('GET', `${settings.index}/_count`)).count).toBe(ids.size);

    const { aggregations } = await ask(queries[5]!);
    const ofAnn = aggregations.user.buckets.find(({ key }: { key: string }) => key === 'ann');
    expect(ofAnn.rule.buckets.length).toBeGreaterThan(10);
    const { hits } = await call('POST', `${settings.index}/_search`, '{"query":{"exists":{"field":"source.ip"}}}');
    const [{ _id, _source }] = hits.hits;
    expect(_source.event).toMatchObject({ kind: 'alert', id: _id });
  });

  it('have only fields of the template', async () => {
    const { [settings.index]: mapped } = await call('GET', `${settings.index}/_mapping`);
    const { hits } = await call('POST', `${settings.index}/_search?size=2000`, '{}');
    const unknown = new Set<string>();
    const visit = (value: unknown, mapping: any, path: string): void => {
      if (mapping === undefined) return void unknown.add(path);
      if (Array.isArray(value)) for (const one of value) visit(one, mapping, path);
      else if (typeof value === 'object' && value !== null)
        for (const [key, member] of Object.entries(value)) visit(member, mapping.properties?.[key], `${path}.${key}`);
    };
    for (const { _source } of hits.hits) visit(_source, mapped.mappings, '');
    expect([...unknown]).toEqual([]);
  });
});
