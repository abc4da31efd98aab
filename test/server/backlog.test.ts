/** More batches than can be worked on, and senders that do not wait for their answers. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Sink } from '../../src/sinks/sink.ts';
import { type SidecarProcess, startSidecar } from '../sidecar.ts';
import { limits, podEvent, type TestServer, testServer } from './app.ts';

let server: TestServer;
let sidecar: SidecarProcess | undefined;
afterEach(async () => {
  await server?.app.close();
  await sidecar?.stop('SIGKILL');
  sidecar = undefined;
});

const json = { 'content-type': 'application/json' };
const bodyOf = (auditID: string) => JSON.stringify([podEvent({ auditID })]);
const post = (auditID: string) =>
  server.app.inject({ method: 'POST', url: '/v1/records', headers: json, payload: bodyOf(auditID) });

/** Sends a request over a socket of its own, which the test can close. */
async function send(body: string, length = body.length): Promise<Socket> {
  const [{ address, port }] = server.app.addresses() as AddressInfo[];
  const socket = connect(port, address);
  socket.write(
    `POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n`,
  );
  socket.write(`\r\n${body}`);
  return socket;
}

/** A gate that holds records until it is opened, and notes the ids of those that reach it. */
function gate() {
  const reached: string[] = [];
  let opened = Promise.withResolvers<void>();
  return {
    reached,
    async pass(auditID: string) {
      reached.push(auditID);
      await opened.promise;
    },
    open: () => opened.resolve(),
    close: () => (opened = Promise.withResolvers<void>()),
    /** Resolves when a record is held. */
    holds: (auditID: string) => vi.waitFor(() => expect(reached).toContain(auditID), { timeout: 20_000 }),
  };
}

function gatedSink() {
  const at = gate();
  const sink: Sink = {
    name: 'gated',
    async deliver({ tags, records }) {
      const [tag] = tags;
      await at.pass((tag !== undefined && 'event' in tag && tag.event?.auditID) || 'none');
      return { kind: 'acknowledged', records: records.length };
    },
    close: async () => {},
  };
  return { at, sink };
}

/** A listening server whose batches can be held while they are worked on. */
async function gatedServer(settings: Parameters<typeof testServer>[0] = {}, sinks: Sink[] = []) {
  const work = gate();
  server = testServer(settings, {
    sinks,
    correlate: (evaluated) => work.pass(evaluated.kind === 'audit' ? evaluated.events[0].auditID : 'none'),
  });
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  return work;
}

const logged = (problem: string) => server.log.filter((line) => line.problem === problem);

test('health, readiness and metrics are answered before batches that arrived earlier', async () => {
  server = testServer();
  const answered: string[] = [];
  const watch = (name: string, reply: PromiseLike<unknown>) => Promise.resolve(reply).then(() => answered.push(name));
  const many = JSON.stringify(Array.from({ length: 300 }, (_, index) => podEvent({ auditID: `a-${index}` })));
  const batches = Array.from({ length: 10 }, (_, index) =>
    watch(
      `batch ${index}`,
      server.app.inject({ method: 'POST', url: '/v1/records?reply=none', headers: json, payload: many }),
    ),
  );
  // Until the bodies have arrived and the first is worked on.
  for (let round = 0; round < 3; round++) await setImmediate();
  const probes = ['/healthz', '/readyz', '/metrics'].map((url) => watch(url, server.app.inject(url)));
  await Promise.all([...batches, ...probes]);
  expect(answered.filter((name) => name.startsWith('batch'))).toEqual(batches.map((_, index) => `batch ${index}`));
  expect(answered.slice(0, 5)).toEqual(expect.arrayContaining(['/healthz', '/readyz', '/metrics']));
});

describe('a sender that has gone', () => {
  test('while its batch waited: the batch is neither begun nor delivered, which is logged', async () => {
    const { at, sink } = gatedSink();
    at.open();
    const work = await gatedServer({}, [sink]);
    const first = post('first');
    await work.holds('first');
    const leaving = await Promise.all(['b', 'c', 'd'].map((auditID) => send(bodyOf(auditID))));
    const last = post('last');
    await vi.waitFor(async () => expect(await connections()).toBe(3));
    // They have arrived in full once a request that was sent later is answered.
    expect((await fetch(`${url()}/healthz`)).status).toBe(200);
    for (const socket of leaving) socket.destroy();
    await vi.waitFor(() => expect(logged('request.abandoned')).toHaveLength(1));
    work.open();
    expect([(await first).statusCode, (await last).statusCode]).toEqual([200, 200]);
    expect(work.reached).toEqual(['first', 'last']);
    expect(at.reached).toEqual(['first', 'last']);
    expect(logged('request.abandoned')[0]).toMatchObject({
      level: 40,
      status: 499,
      remedy: expect.stringContaining('http.response_timeout'),
    });
  });

  test('while its batch was worked on: the batch is not delivered', async () => {
    const { at, sink } = gatedSink();
    at.open();
    const work = await gatedServer({}, [sink]);
    const socket = await send(bodyOf('a'));
    await work.holds('a');
    socket.destroy();
    await vi.waitFor(async () => expect(await connections()).toBe(0));
    work.open();
    await vi.waitFor(() => expect(logged('request.abandoned')).toHaveLength(1));
    expect((await post('b')).statusCode).toBe(200);
    expect(at.reached).toEqual(['b']);
  });

  test('within its body is logged as gone, and not as a malformed request', async () => {
    await gatedServer();
    const body = bodyOf('a');
    const socket = await send(body.slice(0, 100), body.length);
    await vi.waitFor(async () => expect(await connections()).toBe(1));
    expect((await fetch(`${url()}/healthz`)).status).toBe(200);
    socket.destroy();
    await vi.waitFor(() => expect(logged('request.abandoned')).toHaveLength(1));
    expect(logged('request.malformed')).toEqual([]);
  });

  test('while its batch was delivered: its bytes are counted until the delivery ends', async () => {
    const { at, sink } = gatedSink();
    const body = bodyOf('a');
    const work = await gatedServer({ limits: { ...limits, maxPendingBytes: body.length + 10 } }, [sink]);
    work.open();
    const socket = await send(body);
    await at.holds('a');
    socket.destroy();
    await vi.waitFor(async () => expect(await connections()).toBe(0));
    await setImmediate();
    expect((await post('b')).json()).toMatchObject({ code: 'server.overloaded' });
    at.open();
    await vi.waitFor(async () => expect((await post('c')).statusCode).toBe(200));
  });
});

describe('a batch that is sent again because its answer did not arrive', () => {
  /** Sends a batch and leaves, sends it again, which waits for the first to be delivered, and sends another. */
  async function sendAgain(at: ReturnType<typeof gate>) {
    const socket = await send(bodyOf('a'));
    await at.holds('a');
    socket.destroy();
    await vi.waitFor(async () => expect(await connections()).toBe(0));
    const [again, other] = [post('a'), post('b')];
    await at.holds('b');
    at.open();
    return { again, other };
  }

  test('is not delivered a second time, though it is answered', async () => {
    const { at, sink } = gatedSink();
    const work = await gatedServer({}, [sink]);
    work.open();
    const { again, other } = await sendAgain(at);
    expect((await again).json()).toMatchObject([{ tripline: { verdict: 'match' } }]);
    expect((await other).statusCode).toBe(200);
    expect(at.reached).toEqual(['a', 'b']);
    // Once answered, it is a batch like any other.
    expect((await post('a')).statusCode).toBe(200);
    expect(at.reached).toEqual(['a', 'b', 'a']);
  });

  test('is not evaluated a second time, during the first delivery and after it, if no reply needs it', async () => {
    const { at, sink } = gatedSink();
    const evaluated: string[] = [];
    server = testServer(
      {},
      {
        sinks: [sink],
        correlate: async (one) => void evaluated.push(one.kind === 'audit' ? one.events[0]!.auditID : one.kind),
      },
    );
    await server.app.listen({ host: '127.0.0.1', port: 0 });
    const { again } = await sendAgain(at);
    expect((await again).statusCode).toBe(200);
    at.close();
    const socket = await send(bodyOf('c'));
    await at.holds('c');
    socket.destroy();
    await vi.waitFor(async () => expect(await connections()).toBe(0));
    at.open();
    await setImmediate();
    const payload = bodyOf('c');
    const reply = await server.app.inject({ method: 'POST', url: '/v1/records?reply=none', headers: json, payload });
    expect(reply.statusCode).toBe(204);
    expect(evaluated).toEqual(['a', 'b', 'c']);
    expect(at.reached).toEqual(['a', 'b', 'c']);
  });

  test('while its first sender still waits: both are answered, and it is delivered once', async () => {
    const { at, sink } = gatedSink();
    const work = await gatedServer({}, [sink]);
    work.open();
    const first = post('a');
    await at.holds('a');
    const second = post('a');
    const other = post('b');
    await at.holds('b');
    at.open();
    const [one, two] = await Promise.all([first, second, other]);
    expect(one.json()).toMatchObject([{ tripline: { verdict: 'match' } }]);
    expect(two.body).toBe(one.body);
    expect(at.reached).toEqual(['a', 'b']);
  });

  test('is delivered if the first delivery fails', async () => {
    const { at, sink } = gatedSink();
    let failing = true;
    const work = await gatedServer({}, [
      {
        ...sink,
        async deliver(batch) {
          const result = await sink.deliver(batch);
          if (failing) throw new Error('down');
          return result;
        },
      },
    ]);
    work.open();
    const { again, other } = await sendAgain(at);
    expect((await other).statusCode).toBe(503);
    failing = false;
    await again;
    expect(at.reached.filter((auditID) => auditID === 'a')).toHaveLength(2);
  });
});

test('a shutdown refuses the batches that wait, and answers the one that is worked on', async () => {
  const work = await gatedServer();
  const first = post('a');
  await work.holds('a');
  const waiting = post('b');
  for (let round = 0; round < 3; round++) await setImmediate();
  const drained = server.drain();
  const refused = await waiting;
  expect([refused.statusCode, refused.json().code, refused.headers['retry-after']]).toEqual([
    503,
    'server.draining',
    '5',
  ]);
  work.open();
  expect((await first).statusCode).toBe(200);
  await drained;
  expect(work.reached).toEqual(['a']);
});

test('what cannot be answered in time is refused with Retry-After, logged once, and counted each time', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tripline-backlog-')), 'tripline.yaml');
  writeFileSync(path, 'limits: { maxWaitSeconds: 0.000001 }\n');
  sidecar = await startSidecar(['--config', path]);
  const { url, stderr } = sidecar;
  const body = JSON.stringify(Array.from({ length: 500 }, (_, index) => podEvent({ auditID: `a-${index}` })));
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => fetch(`${url}/v1/records?reply=none`, { method: 'POST', headers: json, body })),
  );
  const refused = replies.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(8);
  for (const reply of refused) {
    expect(reply.headers.get('retry-after')).toBe('5');
    expect(await reply.json()).toMatchObject({ code: 'server.backlog', remedy: expect.stringContaining('CPU') });
  }
  const counted = /tripline_requests_refused_total\{problem="server.backlog"[^}]*\} (\d+)/;
  expect(counted.exec(await (await fetch(`${url}/metrics`)).text())?.[1]).toBe(String(refused.length));
  const lines = stderr()
    .split('\n')
    .filter((line) => line.includes('server.backlog'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('limits.maxWaitSeconds');
});

const url = () => `http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`;
const connections = () => new Promise((resolve) => server.app.server.getConnections((_, count) => resolve(count)));
