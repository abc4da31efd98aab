/** `tripline replay`: what was kept is delivered again, and none of it is lost on the way. */

import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeContainer } from '../../../src/avro/container.ts';
import { taggedBody } from '../../../src/batch/splice.ts';
import { codecFor } from '../../../src/codecs/index.ts';
import { sender } from '../../../src/commands/replay/send.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { openDeadLetters } from '../../../src/dead-letters/index.ts';
import { noContext } from '../../../src/findings/context.ts';
import { processBatch } from '../../../src/pipeline.ts';
import { partsOf } from '../../../src/pipeline-dependencies.ts';
import { Problem } from '../../../src/problem.ts';
import { openSink } from '../../../src/sinks/index.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import { bundledRules, limits, podEvent, testServer } from '../../server/app.ts';
import { type ForwardReceiver, startReceiver } from '../../sinks/forward/receiver.ts';
import { fluentMsgpack, rulesetOf } from '../../tagged.ts';
import { lines } from '../files.ts';
import { type Ran, run, workFolder } from '../run.ts';

const ruleset = rulesetOf('pod-host-pid');

const rule = new URL('../../../rules/kubernetes/pod-host-pid.yml', import.meta.url).pathname;

let receiver: ForwardReceiver;
let folder: string;
let settings: string;
beforeEach(async () => {
  receiver = await startReceiver();
  folder = workFolder();
  settings = file('tripline.yaml', `sinks: [{ type: forward, host: 127.0.0.1, port: ${receiver.port} }]\n`);
});
afterEach(() => receiver.close());

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const replay = (...args: string[]): Promise<Ran> => run(['replay', ...args, '--config', settings, '--rules', rule]);

/** What arrived: tag, audit ID, and the ids of findings. */
const arrived = () =>
  receiver.frames.flatMap(({ fluentTag, entries }) =>
    entries.map(([, record]) => {
      const { findings = [] } = record.tripline as { findings?: { id: string }[] };
      return { fluentTag, auditID: record.auditID ?? record.log, findings: findings.map(({ id }) => id) };
    }),
  );

/** A dead letter as the server writes it for a body that it refuses. */
async function refused(
  body: Uint8Array,
  headers: Record<string, string>,
  other = {},
  url = '/v1/records',
): Promise<string> {
  const letters = join(folder, 'letters');
  const server = testServer({ limits: { ...limits, ...other } }, { deadLetters: await openDeadLetters(letters, 1e9) });
  const reply = await server.app.inject({ method: 'POST', url, headers, payload: Buffer.from(body) });
  expect(reply.statusCode).toBeGreaterThanOrEqual(400);
  await server.app.close();
  return letters;
}

const match = podEvent({ auditID: 'm-1' });
const many = Buffer.concat([match, podEvent({ auditID: 'm-2' })].map((record) => fluentMsgpack(record)));
const fluentBit = { 'content-type': 'application/msgpack', 'x-fluent-tag': 'kube.audit' };

describe('dead letters', () => {
  test('are read as by the source that they were sent to', async () => {
    const items = [match, podEvent({ auditID: 'm-2' })];
    const body = Buffer.from(JSON.stringify({ kind: 'EventList', items }));
    const json = { 'content-type': 'application/json' };
    const letters = await refused(body, json, { maxRecords: 1 }, '/v1/audit?timeout=30s');
    expect((await replay(letters)).stderr).toBe('1 of 1 letters and files delivered, 2 records\n');
    expect(arrived().map(({ auditID, findings }) => [auditID, findings.length])).toEqual([
      ['m-1', 1],
      ['m-2', 1],
    ]);
  });

  test('are delivered as their headers say once the cause of the refusal is gone', async () => {
    const letters = await refused(gzipSync(many), { ...fluentBit, 'content-encoding': 'gzip' }, { maxRecords: 1 });
    const [head] = readdirSync(letters).filter((name) => name.endsWith('.json'));
    const { time, code, detail } = JSON.parse(readFileSync(join(letters, head!), 'utf8'));
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000);
    expect({ code, detail }).toMatchObject({ code: 'body.too_many_records', detail: expect.stringContaining('1') });

    const ran = await replay(letters);
    expect(ran).toMatchObject({ status: 0, stdout: '' });
    expect(ran.stderr).toBe('1 of 1 letters and files delivered, 2 records\n');
    expect(arrived().map(({ fluentTag, auditID }) => [fluentTag, auditID])).toEqual([
      ['tripline.kube.audit', 'm-1'],
      ['tripline.kube.audit', 'm-2'],
    ]);
    expect(readdirSync(letters)).toEqual(['delivered']);
    expect(readdirSync(join(letters, 'delivered'))).toHaveLength(2);
  });

  test('that cannot be read stay as they are, and the others are delivered', async () => {
    const letters = await refused(Buffer.from('nothing'), { ...fluentBit, 'content-type': 'application/json' });
    await refused(many, fluentBit, { maxRecords: 1 });
    const before = readdirSync(letters);
    const ran = await replay(letters);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toMatch(/\.body: .*byte 0/);
    expect(ran.stderr).toContain('1 of 2 letters and files delivered, 2 records');
    const left = readdirSync(letters).filter((name) => name !== 'delivered');
    expect(left).toHaveLength(2);
    expect(before).toEqual(expect.arrayContaining(left));
  });

  test('can be repaired by editing their head', async () => {
    const letters = await refused(Buffer.from(lines(match)), { ...fluentBit });
    const [head] = readdirSync(letters).filter((name) => name.endsWith('.json'));
    const path = join(letters, head!);
    writeFileSync(path, readFileSync(path, 'utf8').replace('application/msgpack', 'application/x-ndjson'));
    expect((await replay(path)).status).toBe(0);
    expect(arrived().map(({ auditID }) => auditID)).toEqual(['m-1']);
  });

  test('for one sink go to that sink alone', async () => {
    const letters = join(folder, 'letters');
    const deadLetters = await openDeadLetters(letters, 1e9);
    const other = await startReceiver();
    const keep = (sink: string) =>
      deadLetters.keep(many, { problem: new Problem('sink.refused', 'no'), headers: fluentBit, sink });
    settings = file(
      'two.yaml',
      `sinks: [{ type: forward, host: 127.0.0.1, port: ${other.port}, name: other }, ` +
        `{ type: forward, host: 127.0.0.1, port: ${receiver.port} }]\n`,
    );
    await keep('forward');
    expect((await replay(letters)).status).toBe(0);
    expect([arrived().length, other.frames.length]).toEqual([2, 0]);
    await keep('gone');
    expect(await replay(letters)).toMatchObject({ status: 1, stderr: /it is for sink gone, of which .* has none/ });
    await other.close();
  });

  test('are removed on request', async () => {
    const letters = await refused(many, fluentBit, { maxRecords: 1 });
    expect((await replay(letters, '--remove')).status).toBe(0);
    expect(readdirSync(letters)).toEqual([]);
  });

  test('are not sent again, wherever a replay was interrupted', async () => {
    const letters = await refused(many, fluentBit, { maxRecords: 1 });
    const [body] = readdirSync(letters).filter((name) => name.endsWith('.body'));
    mkdirSync(join(letters, 'delivered'));
    renameSync(join(letters, body!), join(letters, 'delivered', body!));
    expect((await replay(letters)).status).toBe(0);
    expect(arrived()).toEqual([]);
    expect(readdirSync(letters)).toEqual(['delivered']);
    expect(readdirSync(join(letters, 'delivered'))).toHaveLength(2);
  });

  test('without a head are named, and stay', async () => {
    const letters = join(folder, 'letters');
    mkdirSync(letters);
    file('letters/0a.body', '{}');
    file('letters/0b.json.3f1c7a50-0000-4000-8000-000000000001.part', '{"ti');
    const ran = await replay(letters);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('0a.json must say how to read it');
    expect(ran.stderr).not.toContain('.part');
    expect(readdirSync(letters)).toHaveLength(2);
  });
});

describe('archives', () => {
  const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
  const parts = partsOf(config, () => ruleset, []);
  const processed = (bytes: Uint8Array, mediaType: string, fluentTag?: string) =>
    processBatch({ fluentTag, codec: codecFor(mediaType)!, bytes, receivedUnixNano: 1n }, parts);

  test('of tagged records get one tag, with the same findings as before', async () => {
    const batch = await processed(Buffer.from(lines(match)), 'application/x-ndjson');
    const archive = file('archive.log.gz', gzipSync(taggedBody(batch)));
    expect(await replay(archive, '--tag', 'old')).toMatchObject({ status: 0 });
    const [tag] = batch.tags;
    expect(arrived()).toEqual([
      { fluentTag: 'tripline.old', auditID: 'm-1', findings: tag!.findings!.map(({ id }) => id) },
    ]);
    expect((await replay(archive, '--tag', 'old')).status).toBe(0);
    expect(arrived()[1]).toEqual(arrived()[0]);
  });

  test('in Avro have their own Fluent tags', async () => {
    const batch = await processed(many, 'application/msgpack', 'kube.audit');
    expect((await replay(file('archive.avro', await encodeContainer(batch, () => true)), '--tag', 'old')).status).toBe(
      0,
    );
    expect(arrived().map(({ fluentTag, auditID }) => [fluentTag, auditID])).toEqual([
      ['tripline.kube.audit', 'm-1'],
      ['tripline.kube.audit', 'm-2'],
    ]);
  });

  test('that would cause a loop are not delivered, which is a failure', async () => {
    const ran = await replay(file('archive.log', lines(match)), '--tag', 'tripline.kube.audit');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('forward does not accept it: the tag');
    expect(arrived()).toEqual([]);
  });

  test('may come from a pipe', async () => {
    const ran = await run(['replay', '-', '--config', settings, '--rules', rule], { input: lines(match) });
    expect(ran.status).toBe(0);
    expect(arrived().map(({ fluentTag }) => fluentTag)).toEqual(['tripline.untagged']);
  });

  test('that are cut are delivered up to the cut, and named', async () => {
    const cut = file('cut.gz', gzipSync(lines(match)).subarray(0, -8));
    const ran = await replay(cut);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('after record 1: gzip');
    expect(arrived()).toHaveLength(1);
  });
});

test('what was not sent of the spool of a lost machine is delivered', async () => {
  const path = join(folder, 'spool');
  const before = file(
    'before.yaml',
    `sinks: [{ type: forward, host: 127.0.0.1, port: 1, spool: { path: ${path} } }]\n`,
  );
  const config = loadConfig({ path: before, overrides: {}, environment: {}, bundledRules });
  const ignore = () => {};
  const logger = { info: ignore, warn: ignore, error: ignore };
  const dependencies = {
    logger,
    eventsOf: () => [],
    contextOf: noContext,
    onRetry: ignore,
    onDown: ignore,
    onSettled: ignore,
    onSpool: ignore,
  };
  const sinks = await Promise.all(config.sinks.map((sink) => openSink(sink, dependencies)));
  const parts = partsOf(config, () => ruleset, sinks);
  const codec = codecFor('application/msgpack')!;
  await processBatch({ fluentTag: 'kube.audit', codec, bytes: many, receivedUnixNano: 1n }, parts);
  await sinks[0]!.close();
  expect(readdirSync(path)).toContain('cursor');

  const ran = await replay(path);
  expect(ran.stderr).toBe('1 of 1 letters and files delivered, 2 records\n');
  expect(arrived().map(({ fluentTag, auditID }) => [fluentTag, auditID])).toEqual([
    ['tripline.kube.audit', 'm-1'],
    ['tripline.kube.audit', 'm-2'],
  ]);
});

test('without a sink, or with a path that does not exist, nothing is done', async () => {
  const none = await run(['replay', file('a.log', lines(match)), '--rules', rule]);
  expect(none.status).toBe(2);
  expect(none.stderr).toContain('sinks: there is none to deliver to');
  expect((await replay(join(folder, 'none'))).status).toBe(2);
});

test('a sink that cannot be reached is waited for, and then ends the replay', async () => {
  const config = loadConfig({ path: undefined, overrides: {}, environment: {}, bundledRules });
  let failures = 3;
  const sink: Sink = {
    name: 'flaky',
    async deliver({ records }) {
      if (failures-- > 0) throw new Problem('sink.unavailable', 'flaky is down');
      return { kind: 'acknowledged', records: records.length };
    },
    async close() {},
  };
  const waited: number[] = [];
  const send = sender(
    partsOf(config, () => ruleset, [sink]),
    async (seconds) => void waited.push(seconds),
  );
  const codec = codecFor('application/x-ndjson')!;
  const body = { codec, bytes: Buffer.from(lines(match)), fluentTag: undefined, receivedUnixNano: 1n };
  expect(await send(body)).toEqual({ kind: 'delivered', records: 1 });
  expect(waited).toEqual([1, 2, 4]);
  failures = 9;
  expect(await send(body)).toEqual({ kind: 'unavailable', reason: 'flaky is down' });
});
