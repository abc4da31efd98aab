/** Batches that another thread processes, as in the sidecar. */
import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { codecFor } from '../src/codecs/index.ts';
import { loadConfig } from '../src/config/index.ts';
import { countLetters, openDeadLetters } from '../src/dead-letters/index.ts';
import type { Batch } from '../src/pipeline.ts';
import { partsOf } from '../src/pipeline-dependencies.ts';
import { Problem } from '../src/problem.ts';
import { type Processing, startProcessing } from '../src/processing/start.ts';
import { loadRules } from '../src/rules/index.ts';
import { buildServer } from '../src/server/http.ts';
import { processHere } from '../src/server/process-here.ts';
import { processThere } from '../src/server/process-there.ts';
import type { Process, Wanted } from '../src/server/processor.ts';
import { serveOrders } from '../src/server/thread-orders.ts';
import { bundledRules, hostPidRules, podEvent } from './server/app.ts';
import { startReceiver } from './sinks/forward/receiver.ts';
import { openPeer } from './sinks/request/peer.ts';
import { stepsOf } from './steps.ts';

const config = loadConfig({ path: undefined, overrides: { rules: hostPidRules }, environment: {}, bundledRules });
const logger = pino({ level: 'silent' });
const here = new AbortController().signal;
const records: Wanted = { reply: 'records', layout: 'same' };
const pause = async () => {};

let processing: Processing;
let there: Process;
beforeAll(async () => {
  processing = await startProcessing(config, {}, logger);
  there = processThere(processing.port);
});
afterAll(() => processing.close());

function batch(records: unknown, mediaType = 'application/json'): Batch {
  const bytes = Buffer.from(typeof records === 'string' ? records : JSON.stringify(records));
  return { fluentTag: 'kube.audit', codec: codecFor(mediaType)!, bytes, receivedUnixNano: 1_767_323_045_000_000_000n };
}

const listOf = (count: number) => [
  { kind: 'EventList', items: Array.from({ length: count }, (_, i) => podEvent({ auditID: `e-${i}` })) },
];

describe('a thread that processes', () => {
  test('answers with the same bytes as the pipeline', async () => {
    const { ruleset } = loadRules({ rules: hostPidRules });
    const inThisThread = processHere(partsOf(config, () => ruleset, []));
    const events = [podEvent(), { other: 1 }, podEvent({ hostPID: false, auditID: 'b' })];
    const expected = await inThisThread(batch(events), records, here, pause).answered;
    const answer = await there(batch(events), records, here, pause).answered;
    expect(Buffer.from(answer.reply!.body).toString()).toBe(Buffer.from(expected.reply!.body).toString());
    expect(answer).toEqual({ ...expected, reply: { ...expected.reply, body: expect.any(Uint8Array) } });
  });

  test('frees the memory of a batch when it is answered, but not when it has failed', async () => {
    const { port1, port2 } = new MessageChannel();
    let fails = false;
    const given: Uint8Array<ArrayBuffer>[] = [];
    const reply = { mediaType: 'application/json', body: Buffer.from('[]') };
    serveOrders(
      port2,
      ({ bytes }) => {
        given.push(bytes as Uint8Array<ArrayBuffer>);
        const answered = fails
          ? Promise.reject(new Problem('sink.unavailable', 'x'))
          : Promise.resolve({ records: 1, reply, defect: undefined });
        return { tagged: Promise.resolve(0), answered };
      },
      () => {},
    );
    const ask = processThere(port1);
    await ask(batch([podEvent()]), records, here, pause).answered;
    fails = true;
    const failing = batch([podEvent()]);
    await expect(ask(failing, records, here, pause).answered).rejects.toThrow('x');
    expect(given[0]!.buffer.byteLength).toBe(0);
    expect(Buffer.from(failing.bytes).toString()).toBe(JSON.stringify([podEvent()]));
    port1.close();
  });

  test('costs the asking thread as many steps for one event as for thousands', async () => {
    const ask = (count: number) => {
      const asked = batch(listOf(count));
      return stepsOf(async () => {
        await there(asked, { reply: 'none', layout: 'same' }, here, pause).answered;
        // Measurements arrive after the answer, before the next one.
        await there(batch([{}]), { reply: 'none', layout: 'same' }, here, pause).answered;
      });
    };
    await ask(1);
    // Measurements also arrive in between, more of them the longer it takes; a step for each event would be 3000 more.
    expect(await ask(3000)).toBeLessThan((await ask(1)) + 1000);
  });

  test('answers each of many concurrent batches', async () => {
    const events = Array.from({ length: 20 }, (_, i) => podEvent({ auditID: `many-${i}` }));
    const answers = await Promise.all(events.map((event) => there(batch([event]), records, here, pause).answered));
    const ids = answers.map(({ reply }) => JSON.parse(Buffer.from(reply!.body).toString())[0].auditID);
    expect(ids).toEqual(events.map(({ auditID }) => auditID));
  });

  test('returns the bytes together with the problem', async () => {
    const unreadable = batch('this is no JSON');
    const { tagged, answered } = there(unreadable, records, here, pause);
    const problem = await tagged.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ code: 'body.unreadable', message: expect.stringContaining('byte 0') });
    await expect(answered).rejects.toBe(problem);
    expect(Buffer.from(unreadable.bytes).toString()).toBe('this is no JSON');
  });

  test('abandons a batch whose sender has gone', async () => {
    const leaving = new AbortController();
    const { tagged } = there(batch(Array.from({ length: 5000 }, () => podEvent())), records, leaving.signal, pause);
    leaving.abort(new Problem('request.abandoned', 'gone'));
    await expect(tagged).rejects.toMatchObject({ code: 'request.abandoned', message: 'gone' });
  });

  test('does not start if none of its rules can be used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tripline-processing-'));
    const starting = startProcessing({ ...config, rules: [folder] }, {}, logger);
    await expect(starting).rejects.toMatchObject({ name: 'Problem', code: 'rule.invalid' });
  });
});

test('the content of a spool outlives the process, and is sent by the next one', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tripline-spool-')), 'spool');
  const receiver = await startReceiver();
  const { port } = receiver;
  await receiver.close();
  const overrides = { rules: hostPidRules, sinks: [{ type: 'forward', host: '127.0.0.1', port, spool: { path } }] };
  const spooling = loadConfig({ path: undefined, overrides: overrides as never, environment: {}, bundledRules });
  const first = await startProcessing(spooling, {}, logger);
  const answer = processThere(first.port)(batch([podEvent()]), { reply: 'none', layout: 'same' }, here, pause).answered;
  expect(await answer).toMatchObject({ records: 1 });
  expect(first.spools()).toEqual({});
  await first.close();
  const again = await startReceiver({ listen: { port } });
  const second = await startProcessing(spooling, {}, logger);
  await vi.waitFor(() => expect(again.frames).toHaveLength(1));
  const [[, record]] = again.frames[0]!.entries;
  expect(record).toMatchObject({ auditID: 'a-1', tripline: { verdict: 'match', rules: ['pod-host-pid'] } });
  await second.close();
  await again.close();
});

test('records that a receiver never accepts are kept by the thread, in the space that it shares with the server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-refused-'));
  const peer = await openPeer(({ body }, response) => {
    response.writeHead(body.includes('"a-2"') ? 400 : 200).end();
  });
  const overrides = { rules: hostPidRules, deadLetterPath: folder, sinks: [{ type: 'http', url: peer.url }] };
  const keeping = loadConfig({ path: undefined, overrides: overrides as never, environment: {}, bundledRules });
  const count = countLetters();
  const one = await startProcessing(keeping, {}, logger, { letterCount: count });
  const both = batch([podEvent(), podEvent({ auditID: 'a-2' })]);
  const wanted = { reply: 'none', layout: 'same' } as const;
  expect(await processThere(one.port)(both, wanted, here, pause).answered).toMatchObject({ records: 2 });
  await one.close();
  const [kept] = readdirSync(folder).filter((name) => name.endsWith('.body'));
  expect(readFileSync(join(folder, kept!), 'latin1')).toContain('a-2');
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
  expect(Number(Atomics.load(count, 0))).toBe(sizes.reduce((sum, size) => sum + size));
});

test('an unreadable body is kept whole, though its bytes were with the other thread', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-dead-'));
  const { app } = buildServer({
    config,
    logger,
    telemetry: { prometheus: async () => '' },
    deadLetters: await openDeadLetters(folder, 1_000_000),
    rules: processing.rules,
    process: there,
    hasSinks: false,
  });
  const payload = `no JSON ${'x'.repeat(100_000)}`;
  const headers = { 'content-type': 'application/json' };
  const reply = await app.inject({ method: 'POST', url: '/v1/records', headers, payload });
  expect(reply.statusCode).toBe(400);
  const kept = readdirSync(folder).find((name) => name.endsWith('.body'))!;
  expect(readFileSync(join(folder, kept), 'utf8')).toBe(payload);
  await app.close();
});

test('the memory of a reply is freed when all of it is written', async () => {
  const body = Buffer.alloc(4_000_000, 'x');
  const { app } = buildServer({
    config,
    logger,
    telemetry: { prometheus: async () => '' },
    deadLetters: undefined,
    rules: processing.rules,
    process: () => ({
      tagged: Promise.resolve(0),
      answered: Promise.resolve({ records: 1, reply: { mediaType: 'text/plain', body }, defect: undefined }),
    }),
    hasSinks: false,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(`${url}/v1/records`, { method: 'POST', headers, body: '[]' });
  expect(await reply.text()).toBe('x'.repeat(4_000_000));
  await vi.waitFor(() => expect(body.byteLength).toBe(0));
  await app.close();
});
