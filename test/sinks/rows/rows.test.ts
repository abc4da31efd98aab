/** Sinks that write findings instead of records. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { codecNamed } from '../../../src/codecs/index.ts';
import { ndjson } from '../../../src/codecs/ndjson.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { asLogEvents } from '../../../src/sinks/encode/log-event/otlp.ts';
import { sinkTarget } from '../../../src/sinks/index.ts';
import type { Tag } from '../../../src/tag.ts';
import { finding, report } from '../../findings/forms/samples.ts';
import { decodeOtlp, encodeOtlp, mapOf } from '../../otlp/proto.ts';
import { recorder, taggedBatch } from '../contract.ts';
import { openPeer, type Posted, type Responder } from '../request/peer.ts';
import { openConfigured, openLetters } from '../request/posting.ts';

const found = (id: string, level: Tag['level'] = 'high', rule = 'pod-host-pid') => ({
  ...finding.finding,
  ...{ id, rule, level: level! },
});
const clear: Tag = { v: 2, verdict: 'clear' };
const matched = (findings: Tag['findings'], more: Partial<Tag> = {}): Tag => ({
  ...{ v: 2, verdict: 'match', level: 'high', routeLevel: 'high', platform: 'eks', cluster: 'orchid' },
  ...{ rules: findings!.map(({ rule }) => rule), event: finding.event!, findings: findings! },
  ...more,
});

const tags: Tag[] = [
  clear,
  matched([found('a'), found('b', 'low', 'secret-read')], { trace: finding.trace! }),
  matched([found('c')], { shadow: [found('hidden')] }),
  { ...clear, routeLevel: 'high', platform: 'eks', reports: [{ ...report.finding, id: 'r' }] },
  { ...clear, shadow: [found('hidden')] },
];
const batchOf = (some = tags) =>
  taggedBatch(ndjson, Buffer.from(some.map((_, n) => `{"n":${n}}\n`).join('')), { tags: some });

const linesIn = ({ body }: Posted) =>
  String(body)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const forms = {
  findings: (row: any) => row.id,
  ocsf: (row: any) => row.finding_info.uid,
  ecs: (row: any) => row.event.id,
};

test.each(Object.entries(forms))(
  'http: a row of %s for each finding and report, none of shadow mode',
  async (rows, idOf) => {
    const peer = await openPeer();
    const { sink, settled } = await openConfigured({ type: 'http', url: peer.url, rows });
    expect(await sink.deliver(batchOf())).toEqual({ kind: 'acknowledged', records: 3 });
    expect(peer.posted.flatMap(linesIn).map(idOf)).toEqual(['a', 'b', 'c', 'r']);
    expect(settled).toEqual([['not_chosen', 2]]);
  },
);

test('a batch without findings sends nothing', async () => {
  const peer = await openPeer();
  const { sink } = await openConfigured({ type: 'http', url: peer.url, rows: 'ecs' });
  expect(await sink.deliver(batchOf([clear, clear]))).toEqual({ kind: 'acknowledged', records: 0 });
  expect(peer.posted).toEqual([]);
});

test('level and rules choose among the findings of a record', async () => {
  const peer = await openPeer();
  const choose = async (records: object) => {
    peer.posted.length = 0;
    const { sink } = await openConfigured({ type: 'http', url: peer.url, rows: 'findings', records });
    await sink.deliver(batchOf());
    return peer.posted.flatMap(linesIn).map(({ id }) => id);
  };
  expect(await choose({ level: 'high' })).toEqual(['a', 'c', 'r']);
  expect(await choose({ rules: ['secret-r*'] })).toEqual(['b']);
  expect(await choose({ verdicts: ['match'] })).toEqual(['a', 'b', 'c']);
});

test('context beyond the tag is in the row', async () => {
  const peer = await openPeer();
  const contextOf = () => ({ rule: undefined, novelty: { times: 3, since: null }, owner: { name: 'shop team' } });
  const recorded = { ...recorder(), contextOf };
  const { sink } = await openConfigured({ type: 'http', url: peer.url, rows: 'findings' }, undefined, recorded);
  await sink.deliver(batchOf());
  expect(linesIn(peer.posted[0]!)[0]).toMatchObject({ novelty: { times: 3 }, owner: { name: 'shop team' } });
});

test('only records can be MessagePack', () => {
  const sinks = [{ type: 'http', url: 'http://a', format: 'msgpack', rows: 'ecs' }];
  const load = () => loadConfig({ path: undefined, overrides: { sinks } as never, environment: {}, bundledRules: '.' });
  expect(load).toThrow('rows: ecs are JSON; set format to ndjson or json');
});

test('the target of a sink shows the form of its rows', () => {
  const sinks = [
    { type: 'stdout', rows: 'ocsf' },
    { type: 'ndjson', path: '/a' },
  ];
  const config = loadConfig({ path: undefined, overrides: { sinks } as never, environment: {}, bundledRules: '.' });
  expect(config.sinks.map(sinkTarget)).toEqual(['stdout (ocsf)', '/a']);
});

describe('from the bytes of records, as from a spool,', () => {
  const ofOtlp = () => {
    const body = encodeOtlp('ExportLogsServiceRequest', {
      resourceLogs: [{ scopeLogs: [{ logRecords: tags.map((_, n) => ({ body: { intValue: n } })) }] }],
    });
    const otlp = taggedBatch(codecNamed('otlp')!, body, { tags });
    return { otlp, logEvents: asLogEvents(otlp) };
  };
  const batches = {
    json: batchOf(),
    otlp: ofOtlp().otlp,
    'log events': ofOtlp().logEvents,
  };

  test.each(Object.entries(batches))('rows are the same: %s', async (_, batch) => {
    const peer = await openPeer();
    const path = mkdtempSync(join(tmpdir(), 'tripline-rows-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    const { sink } = await openConfigured({ type: 'http', url: peer.url, rows: 'findings' });
    const spool = { path, maxBytes: 67_108_864 };
    const { sink: spooled } = await openConfigured({ type: 'http', url: peer.url, rows: 'findings', spool });
    await sink.deliver(batch);
    expect(await spooled.deliver(batch)).toEqual({ kind: 'spooled', records: 3 });
    await expect.poll(() => peer.posted.length).toBe(2);
    const [direct, later] = peer.posted.map(linesIn);
    expect(later).toEqual(direct);
    expect(direct!.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'r']);
  });
});

describe('elasticsearch', () => {
  const bulk = (documents: Map<string, any>, refuse: (id: string) => boolean = () => false): Responder => {
    return ({ body }, response) => {
      const lines = String(body).trimEnd().split('\n');
      const items = lines.flatMap((line, at) => {
        if (at % 2 === 1) return [];
        const { _id: id } = JSON.parse(line).create;
        if (refuse(id)) return [{ create: { status: 400, error: { type: 'a', reason: 'b' } } }];
        const status = documents.has(id) ? 409 : 201;
        documents.set(id, JSON.parse(lines[at + 1]!));
        return [{ create: { status } }];
      });
      response.writeHead(200).end(JSON.stringify({ errors: false, items }));
    };
  };

  test.each(Object.keys(forms))(
    '%s: the id is that of the finding, and a retry makes no second document',
    async (rows) => {
      const documents = new Map<string, any>();
      const peer = await openPeer(bulk(documents));
      const { sink } = await openConfigured({ type: 'elasticsearch', url: peer.url, index: 'findings', rows });
      await sink.deliver(batchOf());
      await sink.deliver(batchOf([...tags, clear]));
      expect([...documents.keys()]).toEqual(['a', 'b', 'c', 'r']);
      expect(Date.parse(documents.get('a')['@timestamp'])).toBe(Date.parse('2026-01-15T10:20:30.123Z'));
    },
  );

  test('a record with a refused finding becomes a dead letter, and the others are stored', async () => {
    const documents = new Map<string, any>();
    const peer = await openPeer(bulk(documents, (id) => id === 'b'));
    const letters = await openLetters();
    const settings = { type: 'elasticsearch', url: peer.url, index: 'findings', rows: 'ecs' };
    const { sink } = await openConfigured(settings, letters);
    expect(await sink.deliver(batchOf())).toEqual({ kind: 'acknowledged', records: 2, setAside: 1 });
    expect([...documents.keys()]).toEqual(['a', 'c', 'r']);
    expect(letters.read().map(({ body }) => String(body))).toEqual(['{"n":1}\n']);
  });
});

test('a record is done when all of its findings are', async () => {
  const pad = 'x'.repeat(1500);
  const many = Array.from({ length: 200 }, (_, n) => ({ ...found(`f${n}`), summary: pad }));
  const peer = await openPeer((_, response, index) => void response.writeHead(index === 1 ? 503 : 200).end());
  const { sink } = await openConfigured({ type: 'http', url: peer.url, rows: 'findings', maxRequestBytes: 65_536 });
  const batch = () => batchOf([matched([found('first')]), matched(many)]);
  await expect(sink.deliver(batch())).rejects.toThrow('not acknowledged');
  peer.posted.length = 0;
  peer.respond = (_, response) => void response.end();
  expect(await sink.deliver(batch())).toEqual({ kind: 'acknowledged', records: 2 });
  // The first record is known to have arrived; some findings of the second are not.
  expect(peer.posted.flatMap(linesIn).map(({ id }) => id)).toEqual(many.map(({ id }) => id));
  expect(peer.posted.length).toBeGreaterThan(2);
});

test('clickhouse: each block has a token of its own', async () => {
  const many = Array.from({ length: 100 }, (_, n) => ({ ...found(`f${n}`), summary: 'x'.repeat(2000) }));
  const peer = await openPeer();
  const { sink } = await openConfigured({ type: 'clickhouse', url: peer.url, rows: 'ocsf', maxRequestBytes: 65_536 });
  await sink.deliver(batchOf([matched(many)]));
  const tokens = peer.posted.map(({ url }) => new URL(url, 'http://a').searchParams.get('insert_deduplication_token'));
  expect(tokens.length).toBeGreaterThan(2);
  expect(new Set(tokens).size).toBe(tokens.length);
});

test('loki: level and platform are labels, the time is that of the finding', async () => {
  const peer = await openPeer((_, response) => void response.writeHead(204).end());
  const { sink } = await openConfigured({ type: 'loki', url: peer.url, rows: 'ecs' });
  await sink.deliver(batchOf());
  const { streams } = JSON.parse(String(peer.posted[0]!.body));
  expect(streams.map(({ stream, values }: any) => [stream.level, stream.platform, values.length])).toEqual([
    ['high', 'eks', 3],
    ['low', 'eks', 1],
  ]);
  expect(streams[1].values[0][0]).toBe('1768472430123456000');
});

test('ndjson: one line per row', async () => {
  const path = mkdtempSync(join(tmpdir(), 'tripline-rows-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  const { sink } = await openConfigured({ type: 'ndjson', path, rows: 'ocsf' });
  await sink.deliver(batchOf());
  await sink.deliver(batchOf([{ ...clear, routeLevel: 'high', omitted: 5 }]));
  await sink.close();
  const name = readdirSync(path).find((file) => file.endsWith('.ndjson'));
  const lines = readFileSync(join(path, name!), 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).finding_info.uid)).toEqual(['a', 'b', 'c', 'r']);
});

test('redact: what was masked in the tag is masked in the row', async () => {
  const peer = await openPeer();
  const settings = { type: 'http', url: peer.url, rows: 'findings', redact: { paths: ['n'], tokens: true } };
  const { sink } = await openConfigured(settings);
  const secret = 'Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaa';
  await sink.deliver(batchOf([matched([{ ...found('a'), summary: secret }])]));
  expect(String(peer.posted[0]!.body)).not.toContain(secret);
});

test('otlp: one event per row, with severity, trace and the names of the conventions', async () => {
  const peer = await openPeer();
  const { sink } = await openConfigured({ type: 'otlp', url: `${peer.url}/v1/logs`, rows: 'findings' });
  await sink.deliver(batchOf());
  const { resourceLogs } = decodeOtlp('ExportLogsServiceRequest', peer.posted[0]!.body) as any;
  const records = resourceLogs.flatMap(({ scopeLogs }: any) => scopeLogs.flatMap(({ logRecords }: any) => logRecords));
  expect(records.map(({ eventName }: any) => eventName)).toEqual([
    ...Array(3).fill('tripline.finding'),
    'tripline.report',
  ]);
  const [first] = records;
  expect(first).toMatchObject({
    severityNumber: 17,
    severityText: 'high',
    body: { stringValue: finding.finding.summary },
  });
  expect(Buffer.from(first.traceId, 'base64').toString('hex')).toBe(finding.trace!.traceId);
  expect(mapOf(first.attributes)).toMatchObject({
    'security_rule.name': 'pod-host-pid',
    'tripline.finding.id': 'a',
    'user.name': 'ann',
    'k8s.pod.name': 'web',
    'tripline.finding': { kind: 'finding', id: 'a' },
  });
});
