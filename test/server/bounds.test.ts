/** How many bytes requests may hold together, and for how long a peer may leave them idle. */
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { compressSync as snappyCompressSync } from 'snappy';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { byteBudget } from '../../src/server/byte-budget.ts';
import { decompressor } from '../../src/server/content-encoding.ts';
import { growingBytes } from '../../src/server/growing-bytes.ts';
import { limits, podEvent, type TestServer, testServer } from './app.ts';

let server: TestServer | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await server?.drain();
  server = undefined;
});

const json = { 'content-type': 'application/json' };
const here = new AbortController().signal;
const overloaded = expect.objectContaining({ code: 'server.overloaded' });

describe('the budget', () => {
  test('is common to all shares, though one alone takes what it needs', () => {
    const budget = byteBudget(100);
    const [a, b] = [budget.open(), budget.open()];
    a.take(150);
    expect(() => b.take(1)).toThrow(overloaded);
    a.release();
    b.take(100);
    expect(() => budget.open().take(1)).toThrow(overloaded);
    b.give(50);
    budget.open().take(50);
  });

  test('counts what work adds, and others wait until it is given back', async () => {
    const budget = byteBudget(100);
    const [a, b] = [budget.open(), budget.open()];
    b.take(10);
    a.add(200);
    expect(() => budget.open().take(1)).toThrow(overloaded);
    let hasRoom = false;
    const room = b.room(here).then(() => (hasRoom = true));
    await setImmediate();
    expect(hasRoom).toBe(false);
    a.release();
    await room;
    const gone = new AbortController();
    const late = byteBudget(0);
    late.open().add(1);
    const waiting = late.open().room(gone.signal);
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });

  test('takes from the peer that has been idle longest, and from none that makes progress', () => {
    let now = 0;
    const budget = byteBudget(100, () => now);
    const gaveUp: string[] = [];
    const peer = (name: string, bytes: number) => {
      const share = budget.open();
      share.take(bytes);
      const wait = share.waitForPeer('arriving', ({ code }) => {
        gaveUp.push(`${name} ${code}`);
        share.give(bytes);
      });
      return wait;
    };
    const going = peer('going', 30);
    now = 1;
    peer('second', 30);
    peer('third', 30);
    now = 2.9;
    going.progress(16 * 1024);
    expect(() => budget.open().take(20)).toThrow(overloaded);
    now = 3;
    budget.open().take(20);
    expect(gaveUp).toEqual(['second server.overloaded']);
    expect(() => budget.open().take(80)).toThrow(overloaded);
    expect(gaveUp).toEqual(['second server.overloaded', 'third server.overloaded']);
    going.end();
  });

  test('lets a peer be idle for 20 s and no longer, and at a shutdown drops all that have not sent their bodies', () => {
    vi.useFakeTimers();
    const budget = byteBudget(100);
    const gaveUp: string[] = [];
    const peer = (phase: 'arriving' | 'replying') =>
      budget.open().waitForPeer(phase, ({ code }) => gaveUp.push(`${phase} ${code}`));
    const slow = peer('arriving');
    vi.advanceTimersByTime(19_000);
    slow.progress(16 * 1024);
    vi.advanceTimersByTime(19_000);
    slow.progress(16 * 1024 - 1);
    expect(gaveUp).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(gaveUp).toEqual(['arriving request.too_slow']);
    peer('replying');
    peer('arriving');
    budget.close();
    expect(gaveUp.slice(1)).toEqual(['arriving server.draining']);
    vi.advanceTimersByTime(20_000);
    expect(gaveUp.slice(2)).toEqual(['replying request.too_slow']);
  });
});

describe('growing bytes', () => {
  const counted = () => {
    let most = 0;
    let now = 0;
    const take = (bytes: number) => {
      now += bytes;
      most = Math.max(most, now);
    };
    return { share: { take, give: (bytes: number) => take(-bytes) }, now: () => now, most: () => most };
  };

  test('take no more than twice their content, and in the end exactly that much', () => {
    const count = counted();
    const bytes = growingBytes(count.share, 1e9);
    const piece = Buffer.alloc(10_000, 'x');
    for (let round = 0; round < 100; round++) bytes.append(piece);
    expect(count.most()).toBeLessThan(2_000_001);
    expect(Buffer.from(bytes.finish()).equals(Buffer.alloc(1e6, 'x'))).toBe(true);
    expect(count.now()).toBe(1e6);
  });

  test('of a known length take no more than that', () => {
    const count = counted();
    const bytes = growingBytes(count.share, 70_000);
    for (let round = 0; round < 7; round++) bytes.append(Buffer.alloc(10_000));
    expect(bytes.finish()).toHaveLength(70_000);
    expect(count.most()).toBe(70_000);
    const dropped = growingBytes(count.share, 1e9);
    dropped.append(Buffer.alloc(100));
    dropped.drop();
    expect(count.now()).toBe(70_000);
  });
});

describe('inflation', () => {
  const bomb = gzipSync(Buffer.alloc(8_000_000, ' '));

  test.each([
    ['the limit', { ...limits, maxDecompressedBytes: 2_000_000 }, 1e9, 'body.too_large'],
    ['the budget', limits, 2_000_000, 'server.overloaded'],
  ])('stops at %s, and gives back what it took', async (_, given, maxPendingBytes, code) => {
    const budget = byteBudget(maxPendingBytes);
    budget.open().take(1);
    const share = budget.open();
    const taken = vi.spyOn(share, 'take');
    const inflated = decompressor(given)(new Uint8Array(bomb), 'gzip', share, here);
    await expect(inflated).rejects.toMatchObject({ code });
    expect(taken.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)).toBeLessThan(4_100_000);
    budget.open().take(maxPendingBytes - 1);
  });

  test('is of one body at a time, in order of arrival', async () => {
    const decompress = decompressor({ ...limits, maxCompressionRatio: 2000 });
    const budget = byteBudget(1e9);
    const ended: number[] = [];
    const body = gzipSync(Buffer.alloc(4_000_000, ' '));
    const shares = [0, 1, 2].map(() => budget.open());
    const taken = shares.map((share) => vi.spyOn(share, 'take'));
    await Promise.all(
      shares.map(async (share, index) => {
        await decompress(new Uint8Array(body), 'gzip', share, here);
        ended.push(index);
        expect(taken.map(({ mock }) => mock.calls.length > 0).lastIndexOf(true)).toBeLessThanOrEqual(index + 1);
      }),
    );
    expect(ended).toEqual([0, 1, 2]);
  });

  test.each([
    ['gzip', gzipSync('[{}]')],
    ['zstd', zstdCompressSync('[{}]')],
    ['snappy', snappyCompressSync('[{}]')],
  ])('of %s gives bytes that can be transferred to another thread', async (encoding, body) => {
    const share = byteBudget(1e9).open();
    const bytes = await decompressor(limits)(new Uint8Array(body), encoding, share, here);
    const there = structuredClone(bytes, { transfer: [bytes.buffer] });
    expect(Buffer.from(there).toString()).toBe('[{}]');
    expect(bytes).toHaveLength(0);
  });

  test('ends when the sender has gone', async () => {
    const gone = new AbortController();
    gone.abort(new Error('gone'));
    const inflated = decompressor(limits)(new Uint8Array(bomb), 'gzip', byteBudget(1e9).open(), gone.signal);
    await expect(inflated).rejects.toThrow('gone');
  });
});

describe('half of a request', () => {
  async function listen(settings: Parameters<typeof testServer>[0] = {}) {
    server = testServer(settings);
    await server.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.app.server.address() as AddressInfo;
    return (bytes: string) => {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.write(bytes);
      return socket;
    };
  }
  const head = (length: number) =>
    `POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  const open = () => new Promise((resolve) => server!.app.server.getConnections((_, count) => resolve(count)));

  test('that declares a great length takes no more than it has sent', async () => {
    const hold = await listen({ limits: { ...limits, maxPendingBytes: 1_000_000 } });
    for (let index = 0; index < 8; index++) hold(`${head(32 * 1024 * 1024)}[{"a":1}`);
    await vi.waitFor(async () => expect(await open()).toBe(8));
    const payload = JSON.stringify([podEvent()]);
    const reply = await server!.app.inject({ method: 'POST', url: '/v1/records', headers: json, payload });
    expect(reply.statusCode).toBe(200);
  });

  test.each([
    ['headers', 'POST /v1/records HTTP/1.1\r\nHost: x\r\n'],
    ['body', `${head(1000)}[{"a":1}`],
  ])('in its %s holds up no shutdown', async (_, bytes) => {
    const hold = await listen();
    const socket = hold(bytes);
    await vi.waitFor(async () => expect(await open()).toBe(1));
    // It has been read once a request that was sent later is answered.
    await fetch(`http://127.0.0.1:${(server!.app.server.address() as AddressInfo).port}/healthz`);
    const closed = once(socket, 'close');
    socket.resume();
    await server!.drain();
    await closed;
  });

  test('may take 10 s for its headers', async () => {
    await listen();
    expect(server!.app.server.headersTimeout).toBe(10_000);
  });
});

test('a reply that is not read is counted, and gives way to a request that needs the space', async () => {
  server = testServer({ limits: { ...limits, maxPendingBytes: 12_500_000 } });
  const replying = Promise.withResolvers<void>();
  server.app.addHook('onSend', async () => replying.resolve());
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  // More than the kernel buffers for a connection.
  const body = JSON.stringify(Array.from({ length: 12 }, () => ({ log: 'x'.repeat(1e6) })));
  const { port } = server.app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1')
    .on('error', () => {})
    .pause();
  const closed = once(socket, 'close');
  socket.write(
    `POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  socket.write(body);
  const payload = JSON.stringify([{ log: 'x'.repeat(1e6) }]);
  const status = async () =>
    (await server!.app.inject({ method: 'POST', url: '/v1/records?reply=none', headers: json, payload })).statusCode;
  await replying.promise;
  expect(await status()).toBe(503);
  await vi.waitFor(async () => expect(await status()).toBe(204), { timeout: 10_000, interval: 200 });
  socket.resume();
  await closed;
});

test('a record with too many values is passed on as an error, and the others in its batch are evaluated', async () => {
  server = testServer();
  const [event, many] = [JSON.stringify(podEvent()), '1,'.repeat(1_000_001)];
  const payload = `[${event.replace('"requestObject":{', `"requestObject":{"a":[${many}1],`)},${event}]`;
  const reply = await server.app.inject({ method: 'POST', url: '/v1/records?reply=summary', headers: json, payload });
  expect(reply.json()).toMatchObject({ records: 2, verdicts: { error: 1, match: 1 } });
});
