/**
 * The forward sink with the forward input of a real Fluent Bit, which sends what it accepts on to a receiver of ours.
 *
 *   FLUENT_BIT=/path/to/fluent-bit npx vitest run test/e2e/forward-sink.test.ts
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from '@msgpack/msgpack';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import { type ForwardConfig, openForward } from '../../src/sinks/forward/index.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { logEvent, numberedBatch, problemOf, recorder, taggedBatch } from '../sinks/contract.ts';
import { type ForwardReceiver, startReceiver } from '../sinks/forward/receiver.ts';
import { fluentBit, freePorts } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'forward-sink-'));
const unixPath = join(folder, 'fluent.sock');
const [key, cert] = ['key', 'cert'].map((kind) => join(import.meta.dirname, `../fixtures/tls/receiver.${kind}.pem`));
afterAll(() => rmSync(folder, { recursive: true }));

if (fluentBit === undefined) {
  test.skip('there is no Fluent Bit: set FLUENT_BIT, or put it on PATH as fluent-bit');
} else {
  const command = fluentBit;
  describe('into a real Fluent Bit', () => into(command));
}

function into(command: string): void {
  let child: ChildProcess;
  let behind: ForwardReceiver;
  let ports: { plain: number; secret: number; users: number; tls: number };
  let sink: Sink;

  const start = () => {
    const secret = ['shared_key=sesame', 'self_hostname=fluent.test'];
    const inputs = [
      [`port=${ports.plain}`],
      [`unix_path=${unixPath}`],
      [`port=${ports.secret}`, ...secret],
      [`port=${ports.users}`, 'empty_shared_key=on', 'self_hostname=fluent.test', 'security.users=ann s3cret'],
      [`port=${ports.tls}`, ...secret, 'tls=on', `tls.crt_file=${cert}`, `tls.key_file=${key}`],
    ].flatMap((settings) => ['-i', 'forward', '-p', 'listen=127.0.0.1', ...settings.flatMap((one) => ['-p', one])]);
    const output = ['-o', 'forward', '-m', '*', '-p', 'host=127.0.0.1', '-p', `port=${behind.port}`];
    child = spawn(command, ['-f', '0.2', ...inputs, ...output], { stdio: 'ignore' });
  };
  const stop = async () => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  const open = (settings: Partial<ForwardConfig> = {}) => {
    const defaults = {
      type: 'forward',
      name: 'forward',
      port: ports.plain,
      tagPrefix: 'tripline.',
      mode: 'forward',
      ackTimeoutSeconds: 30,
      maxFrameBytes: 1_000_000,
    } as const;
    const host = settings.unixPath === undefined ? '127.0.0.1' : undefined;
    sink = openForward({ ...defaults, host, ...settings }, recorder());
    return sink;
  };
  const arrived = () => behind.frames.flatMap(({ entries }) => entries);
  const numbers = () => arrived().map(([, { n }]) => Number(n));
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
  /** Fluent Bit takes a moment to listen. */
  const delivered = (batch: Parameters<Sink['deliver']>[0]) =>
    expect
      .poll(() => sink.deliver(batch).catch((error) => error.message), { timeout: 15_000 })
      .toMatchObject({
        kind: 'acknowledged',
      });

  beforeEach(async () => {
    const [plain, secret, users, tls] = await freePorts(4);
    ports = { plain, secret, users, tls };
    behind = await startReceiver();
    start();
    open();
    await delivered(numberedBatch(1, { fluentTag: 'warm.up' }));
    await expect.poll(() => behind.frames.length, { timeout: 15_000 }).toBeGreaterThan(0);
    behind.frames.length = 0;
  });
  afterEach(async () => {
    await sink.close();
    await stop();
    await behind.close();
  });

  test.each<[string, () => Partial<ForwardConfig>]>([
    ['TCP', () => ({})],
    ['packed', () => ({ mode: 'packed' })],
    ['no acknowledgement', () => ({ ackTimeoutSeconds: 0 })],
    ['small messages', () => ({ maxFrameBytes: 65_536 })],
    ['a Unix socket', () => ({ unixPath })],
    ['a shared key', () => ({ port: ports.secret, sharedKey: 'sesame' })],
    ['a user', () => ({ port: ports.users, sharedKey: '', username: 'ann', password: 's3cret' })],
    [
      'TLS and a shared key',
      () => ({
        port: ports.tls,
        sharedKey: 'sesame',
        tls: { verify: true, ca: cert, servername: 'receiver.test' },
      }),
    ],
  ])('%s: every record, in order, with tag, time, metadata and 64-bit integers', async (_, settings) => {
    await sink.close();
    open(settings());
    const head = Buffer.concat([Buffer.from('9292d7006553f100075bcd15', 'hex'), encode({ k: 'm' })]);
    const events = upTo(2000).map((n) =>
      Buffer.concat([head, encode({ n, big: 18446744073709551615n, whole: '' }, { useBigInt64: true })]),
    );
    await sink.deliver(taggedBatch(msgpack, Buffer.concat(events)));
    await expect.poll(() => arrived().length, { timeout: 15_000 }).toBe(2000);
    expect(numbers()).toEqual(upTo(2000));
    for (const { fluentTag } of behind.frames) expect(fluentTag).toBe('tripline.kube.audit');
    for (const [[time, metadata], record] of arrived()) {
      expect(Buffer.from(time.data as Uint8Array).toString('hex')).toBe('6553f100075bcd15');
      expect(metadata).toEqual({ k: 'm' });
      expect(record).toMatchObject({ big: 18446744073709551615n, tripline: { verdict: 'clear' } });
    }
  });

  test('a record that was JSON', async () => {
    const text = '[{"date":1700000000.123456,"n":0,"big":9007199254740993,"__internal__":{"log_metadata":{"k":"v"}}}]';
    await sink.deliver(taggedBatch(json, Buffer.from(text)));
    await expect.poll(() => arrived().length, { timeout: 15_000 }).toBe(1);
    const [[[time, metadata], record]] = arrived();
    expect(Buffer.from(time.data as Uint8Array).toString('hex')).toBe('6553f100075bca00');
    expect(metadata).toEqual({ k: 'v' });
    expect(record).toMatchObject({ n: 0, big: 9007199254740993n });
    expect(Object.keys(record)).toEqual(['n', 'big', 'tripline']);
  });

  test.each(['forward', 'packed'] as const)('groups, %s', async (mode) => {
    await sink.close();
    open({ mode, maxFrameBytes: 65_536 });
    const metadata = encode({ schema: 'otlp', resource_id: 0, scope_id: 0 });
    const body = encode({ resource: { attributes: { a: 'b' } }, scope: {} });
    const groupStart = Buffer.concat([Buffer.from('9292d700ffffffff00000000', 'hex'), metadata, body]);
    const groupEnd = Buffer.from('9292d700fffffffe000000008080', 'hex');
    const inside = upTo(100).map((n) => logEvent({ n, pad: 'x'.repeat(2000) }));
    await sink.deliver(taggedBatch(msgpack, Buffer.concat([groupStart, ...inside, groupEnd, logEvent({ n: 100 })])));
    const records = () => numbers().filter((n) => !Number.isNaN(n));
    await expect.poll(() => records().length, { timeout: 15_000 }).toBe(101);
    const seconds = arrived().map(([[time]]) => Buffer.from(time.data as Uint8Array).readInt32BE());
    const markers = seconds.filter((second) => second < 0);
    expect(markers.length).toBeGreaterThan(4);
    expect(markers).toEqual(markers.map((_, index) => (index % 2 === 0 ? -1 : -2)));
    expect([seconds[0], ...seconds.slice(-2)]).toEqual([-1, -2, 1_700_000_000]);
    const behindGroups = seconds.flatMap((second, index) => (second === -2 ? [seconds[index + 1]] : []));
    expect(behindGroups).toEqual([...behindGroups.slice(1).map(() => -1), 1_700_000_000]);
    expect(records()).toEqual(upTo(101));
  });

  test('a record of 5.9 MB is accepted; one of 6.3 MB is refused by name and size, with its neighbours delivered', async () => {
    expect(await sink.deliver(numberedBatch(1, { padBytes: 5_900_000 }))).toMatchObject({ kind: 'acknowledged' });
    const huge = logEvent({ n: 2, pad: 'x'.repeat(6_300_000) });
    const batch = taggedBatch(msgpack, Buffer.concat([logEvent({ n: 1 }), huge, logEvent({ n: 3 })]));
    for (let round = 0; round < 2; round++) {
      const problem = await problemOf(sink.deliver(batch));
      expect(problem.message).toMatch(
        /closed the connection.*a single record of 6300\d\d\d bytes: set buffer_max_size/,
      );
    }
    await expect.poll(() => arrived().length, { timeout: 15_000 }).toBe(3);
    expect(numbers().sort()).toEqual([0, 1, 3]);
  });

  test.each(['forward', 'packed'] as const)('a dozen batches of 5 MB at once, %s', async (mode) => {
    await sink.close();
    open({ mode });
    await Promise.all(upTo(12).map((k) => sink.deliver(numberedBatch(2500, { first: k * 2500, padBytes: 2000 }))));
    await expect.poll(() => arrived().length, { timeout: 30_000 }).toBe(30_000);
    expect(numbers().sort((a, b) => a - b)).toEqual(upTo(30_000));
  });

  test('a wrong key', async () => {
    await sink.close();
    open({ port: ports.secret, sharedKey: 'open' });
    const problem = await problemOf(sink.deliver(numberedBatch(1)));
    expect(problem.message).toContain('is the key the same on both sides?');
  });

  test('killed and started again', async () => {
    await stop();
    expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toContain('ECONNREFUSED');
    start();
    await delivered(numberedBatch(10));
    await expect.poll(() => arrived().length, { timeout: 15_000 }).toBe(10);
  });
}
