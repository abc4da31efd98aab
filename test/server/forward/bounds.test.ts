/** How many bytes messages of the forward protocol may hold together, and that senders wait for space. */

import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { byteBudget } from '../../../src/server/byte-budget.ts';
import { inflater } from '../../../src/server/forward/inflate.ts';
import { openReader } from '../../../src/server/forward/reader.ts';
import { logEvent } from '../../sinks/contract.ts';
import { limits } from '../app.ts';
import { openSender, openStage, type Stage } from './sender.ts';

let stage: Stage;
afterEach(() => stage?.close());

const KIB = 1024;
const connect = () => openSender({ host: '127.0.0.1', port: stage.port });
const message = (chunk: string, bytes: number) =>
  Buffer.concat([
    Buffer.of(0x93),
    encode('t'),
    Buffer.of(0x91),
    logEvent({ n: chunk, pad: 'x'.repeat(bytes) }),
    encode({ chunk }),
  ]);

test('while there is no space nothing is read; then all arrive, and none is refused', async () => {
  stage = await openStage(
    {},
    { bounds: { maxBodyBytes: 300 * KIB, maxDecompressedBytes: 300 * KIB, maxPendingBytes: 700 * KIB } },
  );
  const released = Promise.withResolvers<void>();
  stage.place.before = () => released.promise;
  const senders = await Promise.all(Array.from({ length: 8 }, connect));
  for (const [index, sender] of senders.entries()) sender.write(message(`${index}`, 200 * KIB));
  await expect.poll(() => stage.shared.inFlight.count()).toBeGreaterThan(0);
  expect(stage.shared.inFlight.count()).toBeLessThan(5);
  released.resolve();
  await expect.poll(() => senders.flatMap((sender) => sender.acks()).length, { timeout: 10_000 }).toBe(8);
  expect(stage.log).toEqual([]);
  for (const { socket } of senders) socket.destroy();
});

test('partial messages that fill all space do not wait for each other', async () => {
  stage = await openStage(
    {},
    { bounds: { maxBodyBytes: 300 * KIB, maxDecompressedBytes: 300 * KIB, maxPendingBytes: 700 * KIB } },
  );
  const senders = await Promise.all(Array.from({ length: 6 }, connect));
  const messages = senders.map((_, index) => message(`${index}`, 250 * KIB));
  for (const [index, sender] of senders.entries()) sender.write(messages[index]!.subarray(0, 130 * KIB));
  for (const [index, sender] of senders.entries()) sender.write(messages[index]!.subarray(130 * KIB));
  await expect.poll(() => senders.flatMap((sender) => sender.acks()).length, { timeout: 10_000 }).toBe(6);
  expect(stage.log).toEqual([]);
  for (const { socket } of senders) socket.destroy();
});

test('claims leave a reserve, which the first that waits may use', async () => {
  const budget = byteBudget(100, undefined, 60);
  const never = new AbortController().signal;
  const [a, b, c] = [budget.open(), budget.open(), budget.open()];
  await a.claim(30, never);
  await b.claim(10, never);
  const leaving = new AbortController();
  const order: string[] = [];
  const waits = [
    b.claim(60, never).then(() => order.push('b')),
    c.claim(10, leaving.signal).catch(() => order.push('c has left')),
  ];
  // b is the first to wait, and for all that is left.
  await waits[0];
  leaving.abort(new Error('gone'));
  await waits[1];
  b.release();
  await c.claim(10, never);
  expect(order).toEqual(['b', 'c has left']);
  a.release();
  c.release();
  expect(() => budget.open().take(100)).not.toThrow();
});

test('records are inflated into claimed space, however wrong the first guess, and give back the rest', async () => {
  const budget = byteBudget(1e9);
  const inflate = inflater({ ...limits, maxCompressionRatio: 10_000 });
  const share = budget.open();
  const plain = Buffer.alloc(5_000_000, 'x');
  const bytes = await inflate(new Uint8Array(gzipSync(plain)), 'gzip', share, new AbortController().signal);
  expect(plain.equals(bytes)).toBe(true);
  const other = byteBudget(5_000_000);
  const filled = other.open();
  await inflate(new Uint8Array(gzipSync(plain)), 'gzip', filled, new AbortController().signal);
  expect(() => other.open().take(1)).toThrow('5000000 bytes are being processed');
  filled.give(1);
  expect(() => other.open().take(1)).not.toThrow();
  await expect(inflate(new Uint8Array([1, 2]), 'gzip', share, new AbortController().signal)).rejects.toMatchObject({
    code: 'body.corrupt',
  });
});

test('a connection has a limited number of messages under way at a time', async () => {
  stage = await openStage();
  const released = Promise.withResolvers<void>();
  stage.place.before = () => released.promise;
  const sender = await connect();
  for (let n = 0; n < 100; n++) sender.write(message(`${n}`, 10));
  await expect.poll(() => stage.shared.inFlight.count()).toBe(32);
  released.resolve();
  await expect.poll(() => sender.acks().length).toBe(100);
  sender.socket.destroy();
});

test('a sender that is idle within a message is cut off, while one between two messages may be idle forever', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const stream = new PassThrough();
  const budget = byteBudget(1e6);
  const reader = openReader(stream, budget, new AbortController().signal);
  const next = () => reader.next(1e6, 'the limit');
  const first = next();
  await vi.advanceTimersByTimeAsync(3_600_000);
  stream.write(message('1', 100));
  (await first)!.share.release();
  const second = next().catch((error) => error.code);
  stream.write(message('2', 100).subarray(0, 50));
  await vi.advanceTimersByTimeAsync(19_000);
  stream.write(message('2', 100).subarray(50, 60));
  expect(reader.isWithin()).toBe(true);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await second).toBe('request.too_slow');
  expect(() => budget.open().take(1e6)).not.toThrow();
});
