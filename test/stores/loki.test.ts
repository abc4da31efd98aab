/** examples/loki: a server with its limits accepts every record, and the page's queries count what it stores. LOKI names a
 * server with limits.yaml that may be written to, FLUENT_BIT the program for its output. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { json } from '../../src/codecs/json.ts';
import { fluentBit, startProcess } from '../e2e/processes.ts';
import { taggedBatch } from '../sinks/contract.ts';
import { openConfigured, openLetters } from '../sinks/request/posting.ts';
import { root, snippets } from './snippets.ts';
import { batchesOf, idsBy, type Tagged, tagged } from './tagged-records.ts';

const server = process.env.LOKI;
const queries = snippets('examples/loki/README.md', 'logql').map((text) => text.trim());
const [byLine, byRule, graveByUser, inShadow, undecided, reports] = queries as [string, ...string[]];
const output = parse(readFileSync(join(root, 'examples/loki/output.yaml'), 'utf8')).pipeline.outputs[0];

/** As the output makes them: a member that a record lacks is not a label. */
function labelsOf(tag: Tagged['tag'], job: string): Record<string, string> {
  const keys = [...String(output.labels).matchAll(/(\w+)=\$tripline\['\1'\]/g)].map(([, key]) => key as 'verdict');
  return Object.fromEntries([['job', job], ...keys.flatMap((key) => (tag[key] ? [[key, tag[key]] as const] : []))]);
}

/** Bytes of a push: below the 4 MB that gRPC accepts within a server by default. */
const PUSH_BYTES = 3_000_000;

async function push(all: readonly Tagged[], job: string, first: bigint): Promise<void> {
  let streams = new Map<string, { stream: object; values: [string, string][] }>();
  let bytes = 0;
  const send = async () => {
    const body = JSON.stringify({ streams: [...streams.values()] });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server}/loki/api/v1/push`, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    [streams, bytes] = [new Map(), 0];
  };
  for (const [index, { line, tag }] of all.entries()) {
    const stream = labelsOf(tag, job);
    const key = JSON.stringify(stream);
    if (!streams.has(key)) streams.set(key, { stream, values: [] });
    streams.get(key)!.values.push([String(first + BigInt(index)), line]);
    bytes += line.length;
    if (bytes > PUSH_BYTES) await send();
  }
  await send();
}

async function ask(path: string, asked: Record<string, string>): Promise<any[]> {
  const response = await fetch(`${server}/loki/api/v1/${path}?${new URLSearchParams(asked)}`);
  if (!response.ok) throw new Error(`${asked.query}: ${response.status}: ${await response.text()}`);
  return ((await response.json()) as any).data.result;
}

/** The result of a counting query for each value of a label. */
async function counts(query: string, label: string): Promise<Record<string, number>> {
  const result = await ask('query', { query });
  return Object.fromEntries(result.map(({ metric, value }) => [metric[label], Number(value[1])]).sort());
}

/** The lines that a query selects, with their labels, in order of time. Fewer than a page of them may have the same time. */
async function lines(query: string): Promise<{ labels: Record<string, string>; line: string }[]> {
  const found = new Map<string, { labels: Record<string, string>; line: string; time: bigint }>();
  for (let start = BigInt(Date.now() - 3_600_000) * 1_000_000n; ; ) {
    const page = (await ask('query_range', { query, start: String(start), limit: '1000', direction: 'forward' }))
      .flatMap(({ stream, values }) =>
        values.map(([time, line]: [string, string]) => ({ labels: stream, line, time: BigInt(time) })),
      )
      .sort((a, b) => (a.time < b.time ? -1 : 1));
    for (const one of page) found.set(`${one.time} ${JSON.stringify(one.labels)} ${one.line}`, one);
    if (page.length < 1000) return [...found.values()];
    start = page.at(-1)!.time;
  }
}

/** The same value with the members of each map sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

it('shows six queries of the job that the output sets, and the sink', () => {
  expect(queries).toHaveLength(6);
  expect(parse(snippets('examples/loki/README.md', 'yaml')[0]!).sinks[0].labels).toEqual({ job: 'kubernetes-audit' });
  for (const query of queries) expect(query).toContain('{job="kubernetes-audit"');
  expect(output.labels).toMatch(/^job=kubernetes-audit, /);
  expect(Object.keys(labelsOf({ verdict: 'match', level: 'low', platform: 'eks' } as Tagged['tag'], 'x'))).toHaveLength(
    4,
  );
});

describe.skipIf(server === undefined)(`Loki (LOKI is ${server ? 'set' : 'not set'})`, { timeout: 120_000 }, () => {
  // A separate job, since the server may have been used before.
  const job = `kubernetes-audit-${Date.now()}`;
  const ofRun = (query: string) => query.replaceAll('job="kubernetes-audit"', `job="${job}"`);
  let all: Tagged[];
  let tags: Tagged['tag'][];

  beforeAll(async () => {
    all = await tagged();
    tags = all.map(({ tag }) => tag);
    const first = BigInt(Date.now() - 60_000) * 1_000_000n;
    await push(all, job, first);
    // A retry with the same times, of which the server drops some, and one with other times: no query counts either.
    await push(all.slice(0, 3000), job, first);
    await push(all.slice(0, 3000), job, first + 10_000_000_000n);
  });

  it('has every record unchanged', async () => {
    const found = await lines(`{job="${job}"}`);
    expect(found.length).toBeLessThanOrEqual(all.length + 6000);
    expect(new Set(found.map(({ line }) => line))).toEqual(new Set(all.map(({ line }) => line)));
  });

  it('shows findings as they arrive', async () => {
    const found = await lines(ofRun(byLine));
    const expected = tags.flatMap(({ verdict, level, findings }) =>
      verdict === 'match' ? [`${level} ${findings![0]!.summary}`] : [],
    );
    expect(new Set(found.map(({ line }) => line))).toEqual(new Set(expected));
    expect(expected.length).toBeGreaterThan(1000);
  });

  it('counts findings by rule, each once', async () => {
    const first = tags.map(({ findings }) => findings?.slice(0, 1));
    expect(await counts(ofRun(byRule!), 'rule')).toEqual(idsBy(first, ({ rule }) => rule));
  });

  it('counts grave findings by user, each once', async () => {
    const grave = tags.filter(({ level = '' }) => /high|critical/.test(level));
    const users = new Map(
      grave.flatMap(({ event, findings }) => findings!.slice(0, 1).map(({ id }) => [id, event!.username])),
    );
    const expected = idsBy(
      grave.map(({ findings }) => findings!.slice(0, 1)),
      ({ id }) => users.get(id) ?? '',
    );
    const { undefined: nameless = 0, '': empty = nameless, ...found } = await counts(ofRun(graveByUser!), 'who');
    expect({ ...found, ...(empty > 0 && { '': empty }) }).toEqual(expected);
  });

  it('shows what rules in shadow mode find, what is undecided, and reports', async () => {
    const labelled = async (query: string, label: string) =>
      new Set((await lines(ofRun(query))).map(({ labels }) => labels[label]));
    expect(await labelled(inShadow!, 'shadow')).toEqual(
      new Set(tags.flatMap(({ shadow = [] }) => shadow.slice(0, 1).map(({ rule }) => rule))),
    );
    const open = tags.filter(({ verdict }) => verdict === 'indeterminate');
    expect(await labelled(undecided!, 'reason')).toEqual(new Set(open.map(({ undecided }) => undecided?.[0]?.reason)));
    const expected = new Set(
      tags.flatMap(({ reports = [] }) => reports.slice(0, 1).map(({ rule, summary }) => `${rule}: ${summary}`)),
    );
    expect(new Set((await lines(ofRun(reports!))).map(({ line }) => line))).toEqual(expected);
    expect(expected.size).toBeGreaterThan(0);
  });

  it.skipIf(fluentBit === undefined)(
    'accepts all of them from Fluent Bit, under the same labels (FLUENT_BIT)',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tripline-loki-'));
      const some = all.slice(0, 2000);
      writeFileSync(join(folder, 'records.ndjson'), some.map(({ line }) => `${line}\n`).join(''));
      const ofFluentBit = `${job}-fluent-bit`;
      const settings = readFileSync(join(root, 'examples/loki/output.yaml'), 'utf8');
      writeFileSync(join(folder, 'output.yaml'), settings.replace('job=kubernetes-audit', `job=${ofFluentBit}`));
      writeFileSync(
        join(folder, 'fluent-bit.yaml'),
        'includes:\n  - output.yaml\nservice:\n  flush: 1\nparsers:\n  - name: tagged\n    format: json\n' +
          'pipeline:\n  inputs:\n    - name: tail\n      tag: tripline.kube\n      read_from_head: on\n      parser: tagged\n' +
          `      path: ${folder}/records.ndjson\n      buffer_max_size: 8M\n`,
      );
      const { hostname, port } = new URL(server!);
      const environment = { ...process.env, LOKI_HOST: hostname, LOKI_PORT: port };
      const running = startProcess(
        fluentBit!,
        ['-c', join(folder, 'fluent-bit.yaml')],
        join(folder, 'log'),
        environment,
      );
      const query = `{job="${ofFluentBit}"}`;
      for (let waited = 0; waited < 60 && (await lines(query)).length < some.length; waited++) await sleep(500);
      await running.stop('SIGTERM');
      const found = await lines(query);
      expect(found).toHaveLength(some.length);
      // Members that are labels are not in the line.
      const whole = found.map(({ labels: { verdict, level, platform }, line }) => {
        const { tripline, ...record } = JSON.parse(line);
        return {
          ...record,
          tripline: { ...tripline, verdict, ...(level && { level }), ...(platform && { platform }) },
        };
      });
      const keyOf = (record: object) =>
        createHash('sha1')
          .update(JSON.stringify(sorted(record)))
          .digest('hex');
      expect(new Set(whole.map(keyOf))).toEqual(new Set(some.map(({ line }) => keyOf(JSON.parse(line)))));
      rmSync(folder, { recursive: true });
    },
  );
});

describe.skipIf(server === undefined)(
  `the loki sink (LOKI is ${server ? 'set' : 'not set'})`,
  { timeout: 120_000 },
  () => {
    const job = `kubernetes-audit-sink-${Date.now()}`;
    const shown = parse(snippets('examples/loki/README.md', 'yaml')[0]!).sinks[0];
    const settings = (labels: object) => ({ ...shown, url: server, labels });
    const now = BigInt(Date.now()) * 1_000_000n;

    it('pushes every record as a line, under its labels, and queries count its findings', async () => {
      const all = await tagged();
      for (const compression of ['none', 'gzip']) {
        // A new sink each time, as after a restart.
        const { sink } = await openConfigured({ ...settings({ job }), compression });
        for (const batch of batchesOf(all, now)) {
          expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: batch.records.length });
        }
      }
      const found = await lines(`{job="${job}"}`);
      expect(new Set(found.map(({ line }) => line))).toEqual(new Set(all.map(({ line }) => line)));
      const first = all.map(({ tag }) => tag.findings?.slice(0, 1));
      const query = byRule!.replaceAll('job="kubernetes-audit"', `job="${job}"`);
      expect(await counts(query, 'rule')).toEqual(idsBy(first, ({ rule }) => rule));
    });

    const seconds = Number(now / 1_000_000_000n);
    const [hour, day] = [3600, 86_400];

    it.each([
      ['too old or too new', [-60 * day, -60 * day + 0.5, day], [-10, -5]],
      ['too far behind the newest of its stream', [-5 * hour, -5 * hour + 1], [-10, -5]],
    ])('keeps records that are %s, and stores the others', async (what, bad, good) => {
      const letters = await openLetters();
      const { sink } = await openConfigured(settings({ job: `${job}-${what.length}` }), letters);
      const batch = (offsets: readonly number[]) =>
        taggedBatch(
          json,
          Buffer.from(JSON.stringify(offsets.map((offset, n) => ({ date: seconds + offset, n, offset })))),
        );
      await sink.deliver(batch([0]));
      const mixed = [bad[0]!, good[0]!, ...bad.slice(1), good[1]!];
      expect(await sink.deliver(batch(mixed))).toEqual({
        kind: 'acknowledged',
        records: good.length,
        setAside: bad.length,
      });
      const kept = letters.read().flatMap(({ body }) => JSON.parse(String(body)));
      expect(kept.map(({ offset }: { offset: number }) => offset)).toEqual(bad);
      const found = await lines(`{job="${job}-${what.length}"}`);
      expect(found.map(({ line }) => JSON.parse(line).offset)).toEqual([...good, 0]);
    });

    it('splits pushes that are larger than Loki passes on, and keeps a line that is too long', async () => {
      const letters = await openLetters();
      const own = `${job}-large`;
      const { sink } = await openConfigured({ ...settings({ job: own }), maxRequestBytes: 60_000_000 }, letters);
      const sizes = [1_000_000, 1_000_001, 1_000_002, 1_000_003, 1_000_004, 20_000_000];
      const records = sizes.map((size) => ({ size, pad: 'x'.repeat(size) }));
      const batch = taggedBatch(json, Buffer.from(JSON.stringify(records)), { receivedUnixNano: now });
      expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: 5, setAside: 1 });
      expect(await counts(`sum by (job) (count_over_time({job="${own}"}[1h]))`, 'job')).toEqual({ [own]: 5 });
    });
  },
);
