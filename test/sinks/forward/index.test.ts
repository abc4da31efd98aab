import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encode } from '@msgpack/msgpack';
import { Ajv } from 'ajv';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { json } from '../../../src/codecs/json.ts';
import { msgpack } from '../../../src/codecs/msgpack.ts';
import { frames } from '../../../src/sinks/forward/frames.ts';
import { type ForwardConfig, forwardConfig, openForward } from '../../../src/sinks/forward/index.ts';
import { logEvent, numberedBatch, problemOf, recorder, sinkContract, taggedBatch } from '../contract.ts';
import { type Answer, type ForwardReceiver, type Handshake, type ReceiverOptions, startReceiver } from './receiver.ts';

const setDefaults = new Ajv({ useDefaults: true }).compile(forwardConfig);

function configOf(settings: Partial<ForwardConfig>): ForwardConfig {
  const config = { type: 'forward', ...settings };
  if (!setDefaults(config)) throw new Error(JSON.stringify(setDefaults.errors));
  return config as ForwardConfig;
}

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function receiver(options?: ReceiverOptions): Promise<ForwardReceiver> {
  const started = await startReceiver(options);
  opened.push({ close: () => started.close().catch(() => {}) });
  return started;
}

function open(settings: Partial<ForwardConfig>) {
  const dependencies = recorder();
  const sink = openForward(configOf(settings), dependencies);
  opened.push(sink);
  return { sink, ...dependencies };
}

async function connected(options?: ReceiverOptions, settings: Partial<ForwardConfig> = {}) {
  const to = await receiver(options);
  return { to, ...open({ host: '127.0.0.1', port: to.port, ackTimeoutSeconds: 5, ...settings }) };
}

const numbers = ({ frames }: ForwardReceiver) => frames.flatMap(({ entries }) => entries.map(([, { n }]) => Number(n)));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const bytesOf = ({ bytes }: ForwardReceiver, connection = 0) => Buffer.concat(bytes[connection]);

const folder = mkdtempSync(join(tmpdir(), 'forward-'));
afterAll(() => rmSync(folder, { recursive: true }));

sinkContract('forward', async () => {
  const to = await startReceiver();
  return {
    sink: openForward(configOf({ host: '127.0.0.1', port: to.port }), recorder()),
    arrived: () => numbers(to),
    stop: () => to.close().catch(() => {}),
    address: `127.0.0.1:${to.port}`,
  };
});

describe('what goes over the wire', () => {
  test('records from MessagePack, byte for byte but for the tag at the end', async () => {
    const { to, sink } = await connected();
    const metadata = encode({ k: 'm' });
    const events = [
      // A map with a wider header than it needs: an int64, and a float that is whole.
      Buffer.from(
        `9292d7006553f100075bcd15${Buffer.from(metadata).toString('hex')}df00000002a161cf7fffffffffffffffa162cb3ff0000000000000`,
        'hex',
      ),
      logEvent({ big: 18446744073709551615n, f: 1, deep: [{ '': null }] }),
    ];
    await sink.deliver(taggedBatch(msgpack, Buffer.concat(events)));
    const tag = Buffer.concat([encode('tripline'), encode({ v: 2, verdict: 'clear' })]);
    const [first, second] = [Buffer.from(events[0]), Buffer.from(events[1])];
    first.writeUInt32BE(3, first.indexOf('df00000002', 0, 'hex') + 1);
    second[13] += 1;
    const chunk = to.frames[0].options.chunk;
    expect(chunk).toMatch(/^[A-Za-z0-9+/]{24}$/);
    expect(bytesOf(to).toString('hex')).toBe(
      Buffer.concat([
        Buffer.of(0x93),
        encode('tripline.kube.audit'),
        Buffer.from('dd00000002', 'hex'),
        ...[first, tag, second, tag],
        encode({ chunk, size: 2 }),
      ]).toString('hex'),
    );
  });

  test('records from JSON: 64-bit integers, floats, order of keys, time and metadata', async () => {
    const { to, sink } = await connected();
    const text =
      '[{"date":1700000000.123456,"z":9007199254740993,"a":18446744073709551615,"f":1.0,"m":-9223372036854775808,' +
      '"__internal__":{"log_metadata":{"k":"v"}}}]';
    await sink.deliver(taggedBatch(json, Buffer.from(text)));
    const [[[time, metadata], record]] = to.frames[0].entries;
    expect(Buffer.from(time.data as Uint8Array).toString('hex')).toBe('6553f100075bca00');
    expect(metadata).toEqual({ k: 'v' });
    expect(Object.keys(record)).toEqual(['z', 'a', 'f', 'm', 'tripline']);
    expect(record).toMatchObject({ z: 9007199254740993n, a: 18446744073709551615n, f: 1, m: -9223372036854775808n });
    expect(bytesOf(to).includes(Buffer.concat([encode('f'), Buffer.from('cb3ff0000000000000', 'hex')]))).toBe(true);
  });

  test.each([
    ['kube.audit', 'tripline.kube.audit'],
    ['kube.var-log/x y.é', 'tripline.kube.var-log/x y.é'],
    [undefined, 'tripline.untagged'],
    ['', 'tripline.untagged'],
  ])('the tag %j becomes %j', async (fluentTag, sent) => {
    const { to, sink } = await connected();
    await sink.deliver(numberedBatch(1, { fluentTag }));
    expect(to.frames[0].fluentTag).toBe(sent);
  });

  test.each(['forward', 'packed'] as const)('mode %s', async (mode) => {
    const { to, sink } = await connected({}, { mode });
    await sink.deliver(numberedBatch(500));
    expect(to.frames.map((frame) => [frame.mode, frame.options.size])).toEqual([[mode, 500]]);
    expect(numbers(to)).toEqual(upTo(500));
  });

  test('messages stay below the limit, each with a chunk of its own', async () => {
    const { to, sink } = await connected({}, { maxFrameBytes: 65_536 });
    await sink.deliver(numberedBatch(1000, { padBytes: 500 }));
    expect(numbers(to)).toEqual(upTo(1000));
    const chunks = to.frames.map(({ options }) => options.chunk);
    expect(new Set(chunks).size).toBe(chunks.length);
    const stream = bytesOf(to);
    const ends = chunks.map((chunk) => stream.indexOf(String(chunk)));
    const sizes = ends.map((end, index) => end - (ends[index - 1] ?? 0));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(64_000);
  });

  test.each([65_440, 65_441, 65_442, 65_443, 65_444])(
    'no message of two records is over the limit: %i bytes',
    async (size) => {
      const { to, sink } = await connected({}, { maxFrameBytes: 65_536 });
      await sink.deliver(numberedBatch(2, { padBytes: (size - 100) >> 1 }));
      const sent = bytesOf(to).length;
      expect(numbers(to)).toEqual([0, 1]);
      if (to.frames.length === 1) expect(sent).toBeLessThanOrEqual(65_536);
    },
  );

  const groupStart = Buffer.concat([
    Buffer.from('9292d700ffffffff00000000', 'hex'),
    encode({ schema: 'otlp' }),
    encode({ resource: {} }),
  ]);
  const groupEnd = Buffer.from('9292d700fffffffe000000008080', 'hex');

  test('group markers stay in place and are not counted', async () => {
    const { to, sink } = await connected();
    const bytes = Buffer.concat([logEvent({ n: 0 }), groupStart, logEvent({ n: 1 }), groupEnd, logEvent({ n: 2 })]);
    expect(await sink.deliver(taggedBatch(msgpack, bytes))).toEqual({ kind: 'acknowledged', records: 3 });
    expect(numbers(to)).toEqual([0, Number.NaN, 1, Number.NaN, 2]);
    const stream = bytesOf(to);
    expect([stream.includes(groupStart), stream.includes(groupEnd)]).toEqual([true, true]);
  });

  test('a group that is cut is closed in one message and opened again in the next', async () => {
    const { to, sink } = await connected({}, { maxFrameBytes: 65_536 });
    const inside = upTo(100).map((n) => logEvent({ n, pad: 'x'.repeat(2000) }));
    const bytes = Buffer.concat([groupStart, ...inside, groupEnd, logEvent({ n: 100 })]);
    await sink.deliver(taggedBatch(msgpack, bytes));
    expect(to.frames.length).toBeGreaterThan(3);
    const seconds = to.frames.map(({ entries }) =>
      entries.map(([[time]]) => Buffer.from(time.data as Uint8Array).readInt32BE()),
    );
    for (const times of seconds) {
      expect(times[0]).toBe(-1);
      expect(times.indexOf(-2)).toBe(times.lastIndexOf(-2));
    }
    for (const times of seconds.slice(0, -1)) expect(times.at(-1)).toBe(-2);
    expect(seconds.at(-1)?.slice(-2)).toEqual([-2, 1_700_000_000]);
    expect(numbers(to).filter((n) => !Number.isNaN(n))).toEqual(upTo(101));
  });
});

describe('a batch of many megabytes', () => {
  const events = upTo(200).map((n) => logEvent({ n, pad: 'x'.repeat(100_000) }));
  const large = () => taggedBatch(msgpack, Buffer.concat(events));

  test('arrives whole, in order', async () => {
    const { to, sink } = await connected();
    expect(await sink.deliver(large())).toEqual({ kind: 'acknowledged', records: 200 });
    expect(numbers(to)).toEqual(upTo(200));
  });

  test('frees the memory of acknowledged messages, and keeps that of others, which may be sent again', async () => {
    const freed = vi.spyOn(ArrayBuffer.prototype, 'transfer');
    try {
      const silent = await connected({ answer: () => 'nothing' }, { ackTimeoutSeconds: 0.5 });
      await problemOf(silent.sink.deliver(large()));
      expect(freed).not.toHaveBeenCalled();
      const { sink } = await connected();
      await sink.deliver(large());
      // 20 MB in messages of 1 MB at most, and nothing of the batch itself.
      expect(freed.mock.calls.length).toBeGreaterThan(20);
      const buffers = freed.mock.contexts as ArrayBuffer[];
      expect(buffers.every(({ detached }) => detached)).toBe(true);
    } finally {
      freed.mockRestore();
    }
  });

  test('is encoded part by part: while none is acknowledged, the rest is not sent', async () => {
    const { to, sink } = await connected({ answer: () => 'nothing' }, { ackTimeoutSeconds: 0.5 });
    expect(await problemOf(sink.deliver(large()))).toMatchObject({ code: 'sink.unavailable' });
    expect(new Set(numbers(to)).size).toBeLessThan(100);
  });
});

test('the start of a group that fills a message is not repeated with every record', () => {
  const groupStart = Buffer.concat([
    Buffer.from('9292d700ffffffff00000000', 'hex'),
    encode({ schema: 'x'.repeat(60_000) }),
    encode({}),
  ]);
  const inside = Array.from({ length: 1000 }, (_, n) => logEvent({ n, pad: 'x'.repeat(100) }));
  const batch = taggedBatch(msgpack, Buffer.concat([groupStart, ...inside]));
  const options = { fluentTag: 'a', mode: 'forward', askAcknowledgement: true, maxFrameBytes: 65_536 } as const;
  const bytes = frames(batch, options, () => false).reduce((sum, frame) => sum + frame.bytes.length, 0);
  expect(bytes).toBeLessThan(4 * batch.bytes.length);
});

describe('loop guard', () => {
  test('a batch whose tag has the prefix is withheld, and the log says once what to change', async () => {
    const { to, sink, lines } = await connected();
    for (let round = 0; round < 5; round++) {
      const result = await sink.deliver(numberedBatch(3, { fluentTag: 'tripline.kube.audit' }));
      expect(result).toMatchObject({ kind: 'withheld', records: 3, reason: expect.stringContaining('match') });
    }
    expect(to.frames).toEqual([]);
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('"tripline.kube.audit"') }]);
  });

  test('a tag that merely contains the prefix is sent', async () => {
    const { sink } = await connected();
    expect(await sink.deliver(numberedBatch(1, { fluentTag: 'x.tripline.y' }))).toMatchObject({ kind: 'acknowledged' });
  });
});

describe('acknowledgements', () => {
  test('nothing counts as delivered before the last one', async () => {
    const gate = Promise.withResolvers<void>();
    const isLast = Promise.withResolvers<void>();
    const { sink } = await connected(
      {
        async answer(frame): Promise<Answer> {
          if (frame.entries.some(([, { n }]) => Number(n) === 99)) {
            isLast.resolve();
            await gate.promise;
          }
          return 'ack';
        },
      },
      { maxFrameBytes: 65_536 },
    );
    let isDelivered = false;
    const delivery = sink.deliver(numberedBatch(100, { padBytes: 5000 })).then(() => {
      isDelivered = true;
    });
    await isLast.promise;
    await new Promise(setImmediate);
    expect(isDelivered).toBe(false);
    gate.resolve();
    await delivery;
  });

  test.each<[Answer, RegExp]>([
    ['nothing', /did not acknowledge the records in time/],
    ['ack of another chunk', /acknowledged "bm90IHlvdXJz", which was not sent/],
    ['garbage', /not of the Fluent Forward protocol/],
    ['text', /not of the Fluent Forward protocol/],
    ['huge header', /not of the Fluent Forward protocol/],
    ['huge text', /did not acknowledge the records in time/],
    ['endless bytes', /not of the Fluent Forward protocol/],
    ['array nested 8000 deep', /asks for a shared key/],
    ['hello', /asks for a shared key: set sharedKey/],
    ['close', /closed the connection/],
  ])('%s: a problem that says why', async (answer, message) => {
    const { to, sink } = await connected({ answer: () => answer }, { ackTimeoutSeconds: 0.3 });
    const problem = await problemOf(sink.deliver(numberedBatch(1)));
    expect(problem.code).toBe('sink.unavailable');
    expect(problem.message).toMatch(message);
    expect(problem.message).toContain(`127.0.0.1:${to.port}`);
    expect(problem.message).toContain('1 of 1 messages');
    await expect.poll(to.connections).toBe(0);
  });

  test('the sink works again after each of them', async () => {
    const script: Answer[] = ['ack of another chunk', 'garbage', 'hello', 'ack'];
    const { to, sink } = await connected({ answer: () => script.shift() ?? 'ack' });
    const outcomes: string[] = [];
    while (!outcomes.includes('acknowledged')) {
      outcomes.push(
        await sink.deliver(numberedBatch(1)).then(
          ({ kind }) => kind,
          () => 'problem',
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(to.frames).toHaveLength(4);
  });

  test('0 seconds: none is asked for, and what is written counts as delivered', async () => {
    const { to, sink } = await connected({ answer: () => 'nothing' }, { ackTimeoutSeconds: 0 });
    await sink.deliver(numberedBatch(10));
    await expect.poll(() => numbers(to)).toEqual(upTo(10));
    expect(to.frames[0].options).toEqual({ size: 10 });
  });

  test('acknowledgements in another order are matched to their messages', async () => {
    const held = Promise.withResolvers<void>();
    const to = createServer((socket) => {
      const chunks: string[] = [];
      socket.on('error', () => {});
      socket.on('data', (data) => {
        for (const [, chunk] of data.toString('latin1').matchAll(/\xa5chunk\xb8(.{24})/g)) chunks.push(chunk);
        if (chunks.length < 3) return;
        for (const chunk of chunks.reverse()) for (const byte of encode({ ack: chunk })) socket.write(Buffer.of(byte));
        held.resolve();
      });
    }).listen(0, '127.0.0.1');
    opened.push({ close: async () => void to.close() });
    await new Promise((resolve) => to.once('listening', resolve));
    const { sink } = open({ host: '127.0.0.1', port: (to.address() as { port: number }).port, ackTimeoutSeconds: 5 });
    const results = await Promise.all([1, 2, 3].map((records) => sink.deliver(numberedBatch(records))));
    await held.promise;
    expect(results.map(({ records }) => records)).toEqual([1, 2, 3]);
    await sink.close();
  });
});

describe('a receiver that comes and goes', () => {
  test('a connection serves one batch after another', async () => {
    const { to, sink } = await connected();
    for (let round = 0; round < 5; round++) await sink.deliver(numberedBatch(1));
    expect(to.bytes).toHaveLength(1);
  });

  test('an idle connection that the receiver closed is replaced', async () => {
    const { to, sink } = await connected();
    await sink.deliver(numberedBatch(1));
    to.hangUp();
    expect(await sink.deliver(numberedBatch(1))).toMatchObject({ kind: 'acknowledged' });
    expect(to.bytes).toHaveLength(2);
  });

  test('a connection that ends before the acknowledgement is replaced, and the rest sent again', async () => {
    const { to, sink, retries } = await connected(
      { answer: (_, index) => (index === 2 ? 'close' : 'ack') },
      { maxFrameBytes: 65_536 },
    );
    await sink.deliver(numberedBatch(100, { padBytes: 2000 }));
    expect(retries).toEqual(['forward']);
    expect([...new Set(numbers(to))]).toEqual(upTo(100));
    const second = to.frames.filter(({ connection }) => connection === 1);
    expect(Number(second[0].entries[0][1].n)).toBe(Number(to.frames[2].entries[0][1].n));
  });

  test('one that closes in mid-frame is tried twice, then it is a problem', async () => {
    const { to, sink, retries } = await connected({ welcome: () => 'close in mid-frame' });
    const problem = await problemOf(sink.deliver(numberedBatch(100, { padBytes: 50_000 })));
    expect(problem.message).toContain('closed the connection');
    expect([retries.length, to.bytes.length]).toEqual([1, 2]);
  });

  test('one that accepts and reads nothing is given up in time', async () => {
    const { sink } = await connected({ welcome: () => 'read nothing' }, { ackTimeoutSeconds: 0.3 });
    const problem = await problemOf(sink.deliver(numberedBatch(100, { padBytes: 50_000 })));
    expect(problem.message).toContain('in time');
  });

  test('while it is known to be down, deliveries fail at once, without a connection', async () => {
    const { to, sink } = await connected({ welcome: () => 'close' });
    const messages: string[] = [];
    while (!messages.at(-1)?.includes('tried again in')) {
      messages.push((await problemOf(sink.deliver(numberedBatch(1)))).message);
    }
    const attempts = to.bytes.length;
    for (let round = 0; round < 20; round++) await problemOf(sink.deliver(numberedBatch(1)));
    expect(to.bytes.length).toBeLessThanOrEqual(attempts + 1);
  });

  test('one that reads records and does not acknowledge holds up one batch at a time until it does', async () => {
    let isSilent = true;
    const { to, sink, downs } = await connected(
      { answer: () => (isSilent ? 'nothing' : 'ack') },
      { ackTimeoutSeconds: 0.3 },
    );
    await problemOf(sink.deliver(numberedBatch(1)));
    expect(sink.refusal!(1)).toBeUndefined();
    const probe = sink.deliver(numberedBatch(1));
    const others = await Promise.all([1, 2, 3].map(() => problemOf(sink.deliver(numberedBatch(1)))));
    for (const { message } of others) expect(message).toMatch(/did not acknowledge.*; it is being tried again$/);
    expect(sink.refusal!(1)).toBe(others[0]!.message);
    await problemOf(probe);
    expect(to.frames).toHaveLength(2);
    isSilent = false;
    await expect.poll(() => sink.deliver(numberedBatch(1)).catch(() => undefined), { timeout: 10_000 }).toBeDefined();
    expect(sink.refusal!(1)).toBeUndefined();
    expect(downs).toEqual([true, false]);
  });

  test('it is used again when it is back, and both changes are logged', async () => {
    const { to, sink, lines } = await connected();
    const { port } = to;
    await to.close();
    await problemOf(sink.deliver(numberedBatch(1)));
    const again = await receiver({ listen: { port } });
    await expect.poll(() => sink.deliver(numberedBatch(1)).catch(() => undefined), { timeout: 10_000 }).toBeDefined();
    await sink.deliver(numberedBatch(1));
    expect(again.frames).toHaveLength(2);
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  test('what a failed batch had acknowledged is left out of its retry, and of no other batch', async () => {
    let isBroken = true;
    const { to, sink } = await connected(
      { answer: (_, index) => (isBroken && index > 0 ? 'garbage' : 'ack') },
      { maxFrameBytes: 65_536 },
    );
    const batch = numberedBatch(100, { padBytes: 2000 });
    await problemOf(sink.deliver(batch));
    const [acknowledged] = to.frames.splice(0);
    isBroken = false;
    expect(await sink.deliver(numberedBatch(1))).toMatchObject({ kind: 'acknowledged' });
    expect(await sink.deliver(batch)).toEqual({ kind: 'acknowledged', records: 100 });
    expect(numbers(to)).toEqual([0, ...upTo(100).slice(acknowledged.entries.length)]);
    to.frames.length = 0;
    await sink.deliver(batch);
    expect(numbers(to)).toEqual(upTo(100));
  });
});

describe('a single record beyond the limit', () => {
  const mixed = () =>
    taggedBatch(
      msgpack,
      Buffer.concat([logEvent({ n: 0 }), logEvent({ n: 1, pad: 'x'.repeat(200_000) }), logEvent({ n: 2 })]),
    );

  test('is sent last, alone, on a connection of its own', async () => {
    const { to, sink } = await connected({}, { maxFrameBytes: 65_536 });
    expect(await sink.deliver(mixed())).toEqual({ kind: 'acknowledged', records: 3 });
    expect(to.frames.map(({ entries, connection }) => [connection, ...entries.map(([, { n }]) => n)])).toEqual([
      [0, 0],
      [0, 2],
      [1, 1],
    ]);
    await expect.poll(to.connections).toBe(1);
  });

  test('a receiver that refuses it gets the rest once, and the problem names its size and the setting', async () => {
    const { to, sink } = await connected({ maxFrameBytes: 100_000 }, { maxFrameBytes: 65_536 });
    for (let round = 0; round < 3; round++) {
      const problem = await problemOf(sink.deliver(mixed()));
      expect(problem.code).toBe('sink.refused');
      expect(problem.message).toMatch(/a single record of 200\d\d\d bytes: set buffer_max_size/);
    }
    expect(numbers(to)).toEqual([0, 2]);
    expect(await sink.deliver(numberedBatch(1))).toMatchObject({ kind: 'acknowledged' });
  });

  test('of a size that the receiver accepts is not logged, even if its default is lower', async () => {
    const { sink, lines } = await connected();
    const delivered = await sink.deliver(numberedBatch(1, { padBytes: 6_200_000 }));
    expect(delivered).toMatchObject({ kind: 'acknowledged' });
    expect(lines).toEqual([]);
  });
});

describe('shared key', () => {
  test('both sides prove it', async () => {
    const { to, sink } = await connected({ sharedKey: 'sesame' }, { sharedKey: 'sesame' });
    await sink.deliver(numberedBatch(5));
    expect(numbers(to)).toEqual(upTo(5));
  });

  test.each<[Handshake | 'another key', RegExp]>([
    ['another key', /closed the connection in the shared-key handshake/],
    ['close on PING', /closed the connection in the shared-key handshake/],
    ['wrong proof', /does not know the shared key/],
    ['refuse', /refused the shared-key handshake: "not today"/],
    ['stay silent', /did not accept the connection in time/],
    ['wrong greeting', /did not begin the shared-key handshake \(HELO\)/],
  ])('%s: a problem that says why, and no record is sent', async (handshake, message) => {
    const { to, sink } = await connected(
      { sharedKey: 'sesame', ...(handshake !== 'another key' && { handshake }) },
      { sharedKey: handshake === 'another key' ? 'open' : 'sesame', ackTimeoutSeconds: 0.3 },
    );
    expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toMatch(message);
    expect(bytesOf(to).includes('tripline.')).toBe(false);
  });

  const ann = { sharedKey: 'sesame', username: 'ann', password: 's3cret' };

  test('a user is authenticated as well', async () => {
    const { to, sink } = await connected({ sharedKey: 'sesame', user: { name: 'ann', password: 's3cret' } }, ann);
    await sink.deliver(numberedBatch(5));
    expect(numbers(to)).toEqual(upTo(5));
  });

  test.each([
    ['another password', { ...ann, password: 'other' }],
    ['no user', { sharedKey: 'sesame' }],
  ])('%s: refused by the receiver with a problem that says why', async (_, settings) => {
    const { sink } = await connected({ sharedKey: 'sesame', user: { name: 'ann', password: 's3cret' } }, settings);
    expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toContain('username/password mismatch');
  });

  test('an empty one counts as a key', async () => {
    const { to, sink } = await connected({ sharedKey: '' }, { sharedKey: '' });
    await sink.deliver(numberedBatch(5));
    expect(numbers(to)).toEqual(upTo(5));
  });

  test('one that is asked for but not set is a problem', async () => {
    const { sink } = await connected({ sharedKey: 'sesame', handshake: 'prove' });
    expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toMatch(/asks for a shared key: set sharedKey/);
  });
});

describe('Unix socket', () => {
  const path = join(folder, 'forward.sock');

  test('carries records', async () => {
    const to = await receiver({ listen: { path } });
    const { sink } = open({ unixPath: path });
    await sink.deliver(numberedBatch(5));
    expect(numbers(to)).toEqual(upTo(5));
  });

  test('one that does not exist is a problem', async () => {
    const { sink } = open({ unixPath: join(folder, 'none.sock') });
    expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toMatch(/none\.sock does not exist.*ENOENT/);
  });
});

describe('TLS', () => {
  // A key for tests only, self-signed for the name receiver.test until the year 2126.
  const key = fileURLToPath(new URL('../../fixtures/tls/receiver.key.pem', import.meta.url));
  const cert = fileURLToPath(new URL('../../fixtures/tls/receiver.cert.pem', import.meta.url));
  const pair = () => ({ key: readFileSync(key), cert: readFileSync(cert) });

  test('with its authority and name', async () => {
    const { to, sink } = await connected(
      { tls: pair() },
      { tls: { verify: true, ca: cert, servername: 'receiver.test' } },
    );
    await sink.deliver(numberedBatch(5));
    expect(numbers(to)).toEqual(upTo(5));
  });

  test('with a certificate of the sink and a shared key', async () => {
    const tls = { ...pair(), ca: readFileSync(cert), requestCert: true, rejectUnauthorized: true };
    const { to, sink } = await connected(
      { tls, sharedKey: 'sesame' },
      { tls: { verify: true, ca: cert, cert, key, servername: 'receiver.test' }, sharedKey: 'sesame' },
    );
    await sink.deliver(numberedBatch(5));
    expect(numbers(to)).toEqual(upTo(5));
  });

  test('without verification', async () => {
    const { sink } = await connected({ tls: pair() }, { tls: { verify: false } });
    expect(await sink.deliver(numberedBatch(1))).toMatchObject({ kind: 'acknowledged' });
  });

  test('its files are read for each connection, and broken ones leave the previous ones in use', async () => {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, readFileSync(cert));
    const tls = { verify: true, ca, servername: 'receiver.test' };
    const { to, sink, lines } = await connected({ tls: pair() }, { tls });
    const deliver = async () => {
      to.hangUp();
      return sink.deliver(numberedBatch(1));
    };
    await deliver();
    const other = new URL('../../fixtures/tls/listener/stranger.cert.pem', import.meta.url);
    writeFileSync(ca, readFileSync(key));
    for (let round = 0; round < 3; round++) await deliver();
    rmSync(ca);
    await deliver();
    expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      expect.stringContaining('the changed files of tls cannot be used'),
      expect.stringContaining('ENOENT'),
    ]);
    writeFileSync(ca, readFileSync(other));
    expect((await problemOf(deliver())).message).toMatch(/unknown authority/);
  });

  test.each([
    ['an unknown authority', { verify: true, servername: 'receiver.test' }, /unknown authority: set tls\.ca/],
    ['another name', { verify: true, ca: cert, servername: 'other.test' }, /another name: set tls\.servername/],
  ])('%s is a problem that says why', async (_, tls, message) => {
    const { to, sink } = await connected({ tls: pair() }, { tls });
    expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toMatch(message);
    expect(to.frames).toEqual([]);
  });

  test('a receiver without TLS is a problem', async () => {
    const { sink } = await connected({}, { tls: { verify: false }, ackTimeoutSeconds: 1 });
    expect((await problemOf(sink.deliver(numberedBatch(1)))).code).toBe('sink.unavailable');
  });
});

describe('configuration', () => {
  test.each<[string, Partial<ForwardConfig>, RegExp]>([
    ['no address', {}, /set either host or unixPath/],
    ['two addresses', { host: 'a', unixPath: '/b' }, /set either host or unixPath/],
    ['a URL', { host: 'tcp://a' }, /host must be a name or an address alone/],
    ['a port in the host', { host: 'a:24224' }, /host must be a name or an address alone/],
    ['half of a pair', { host: 'a', tls: { verify: true, key: '/none.pem' } }, /set both cert and key/],
    ['a file that is not there', { host: 'a', tls: { verify: true, ca: '/none.pem' } }, /tls\.ca: .*none\.pem/],
    [
      'a file that is no certificate',
      { host: 'a', tls: { verify: true, ca: fileURLToPath(import.meta.url) } },
      /tls: /,
    ],
  ])('%s', (_, settings, message) => {
    expect(() => openForward(configOf(settings), recorder())).toThrow(
      expect.objectContaining({ code: 'config.invalid', message: expect.stringMatching(message) }),
    );
  });
});

test('a dozen batches of 5 MB at once', async () => {
  const { to, sink } = await connected({}, { ackTimeoutSeconds: 30 });
  await Promise.all(upTo(12).map((k) => sink.deliver(numberedBatch(2500, { first: k * 2500, padBytes: 2000 }))));
  expect(numbers(to).sort((a, b) => a - b)).toEqual(upTo(30_000));
  expect(to.bytes).toHaveLength(1);
});

test('a process can end after close', async () => {
  const to = await receiver();
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const script = `
    import { openForward } from ${module('../../../src/sinks/forward/index.ts')};
    import { msgpack } from ${module('../../../src/codecs/msgpack.ts')};
    const sink = openForward(${JSON.stringify(configOf({ host: '127.0.0.1', port: to.port }))}, { logger: console, onRetry() {} });
    const bytes = Buffer.from('9292d7006553f100075bcd158081a16e01', 'hex');
    const records = msgpack.decode(bytes, { maxDepth: 9, maxRecords: 9 });
    const tags = [{ v: 2, verdict: 'clear' }];
    await sink.deliver({ codec: msgpack, bytes, records, tags, memberName: 't', dateKey: 'date', receivedUnixNano: 0n });
    await sink.close();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 });
  expect(numbers(to)).toEqual([1]);
});
