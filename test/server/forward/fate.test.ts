/** What becomes of a message that fails, and what its sender notices. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { afterEach, describe, expect, test } from 'vitest';
import { openDeadLetters } from '../../../src/dead-letters/index.ts';
import { openForward } from '../../../src/sinks/forward/index.ts';
import { logEvent, numberedBatch, problemOf, recorder } from '../../sinks/contract.ts';
import { openSender, openStage, pingFor, type Sender, type Stage, unavailable } from './sender.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/tls/listener');
const pem = (name: string) => join(fixtures, `${name}.pem`);
const folder = () => mkdtempSync(join(tmpdir(), 'tripline-forward-'));

let stage: Stage;
afterEach(() => stage?.close());

const connect = () => openSender({ host: '127.0.0.1', port: stage.port });
const message = (chunk: string | undefined, { entries = [logEvent({ n: 1 })], tag = 't', options = {} } = {}) =>
  Buffer.concat([
    Buffer.of(0x93),
    encode(tag),
    Buffer.of(0x90 | entries.length),
    ...entries,
    encode({ ...(chunk && { chunk }), ...options }),
  ]);
const problems = () => stage.log.map(({ problem }) => problem).filter((problem) => problem !== undefined);

describe('a sink that is down', () => {
  test('closes the connection without an acknowledgement, once other messages have theirs', async () => {
    stage = await openStage();
    const released = Promise.withResolvers<void>();
    stage.place.before = ({ fluentTag }) => {
      if (fluentTag === 'fails') throw unavailable();
      return released.promise;
    };
    const sender = await connect();
    sender.write(message('1', { tag: 'slow' }), message('2', { tag: 'fails' }));
    await expect.poll(problems).toEqual(['sink.unavailable']);
    expect(sender.socket.destroyed).toBe(false);
    released.resolve();
    await sender.closed;
    expect(sender.acks()).toEqual(['1']);
    stage.place.before = () => {};
    const again = await connect();
    again.write(message('2', { tag: 'fails' }));
    await expect.poll(() => again.acks()).toEqual(['2']);
    again.socket.destroy();
  });

  test('loses messages that ask for no acknowledgement, and says so', async () => {
    stage = await openStage();
    stage.place.before = () => {
      throw unavailable();
    };
    const sender = await connect();
    sender.write(message(undefined));
    await sender.closed;
    expect(stage.log.map(({ msg }) => msg).join('\n')).toContain('Records are lost: their sender does not ask for');
  });
});

test('a sender that leaves while its message is delivered, and sends it again, has it delivered once', async () => {
  stage = await openStage();
  const begun = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  stage.place.before = () => {
    begun.resolve();
    return released.promise;
  };
  const first = await connect();
  first.write(message('1'));
  // Before its delivery begins, the message of a sender that leaves is abandoned.
  await begun.promise;
  first.socket.destroy();
  const second = await connect();
  second.write(message('1'));
  await expect.poll(() => stage.shared.inFlight.count()).toBe(2);
  released.resolve();
  await expect.poll(() => second.acks()).toEqual(['1']);
  expect(stage.place.delivered.length).toBe(1);
  second.socket.destroy();
});

describe('what can never be read', () => {
  const poison = message('p', { entries: [Buffer.from('a161', 'hex')], tag: 'kube.audit' });
  const bomb = Buffer.concat([
    Buffer.of(0x93),
    encode('kube.audit'),
    encode(new Uint8Array(gzipSync(Buffer.alloc(50_000)))),
    encode({ compressed: 'gzip', chunk: 'b' }),
  ]);

  test('is kept as a dead letter that can be sent again, and acknowledged', async () => {
    const path = folder();
    const bounds = { maxDecompressedBytes: 40_000 };
    stage = await openStage({}, { deadLetters: await openDeadLetters(path, 1e6), bounds });
    const sender = await connect();
    sender.write(poison, bomb, message('3'));
    await expect.poll(() => sender.acks().toSorted()).toEqual(['3', 'b', 'p']);
    const letters = readdirSync(path).filter((name) => name.endsWith('.json'));
    const heads = letters.map((name) => JSON.parse(readFileSync(join(path, name), 'utf8')));
    expect(heads.map(({ code, fluentTag, headers }) => [code, fluentTag, headers]).toSorted()).toEqual([
      ['body.too_large', 'kube.audit', { 'content-type': 'application/msgpack', 'content-encoding': 'gzip' }],
      ['body.unreadable', 'kube.audit', { 'content-type': 'application/msgpack' }],
    ]);
    const bodies = letters.map((name) => readFileSync(join(path, name.replace('.json', '.body'))));
    expect(bodies.some((body) => body.equals(Buffer.from('a161', 'hex')))).toBe(true);
    sender.socket.destroy();
  });

  test('without a folder is acknowledged, as it would be retried forever; the log says that it is kept nowhere', async () => {
    stage = await openStage();
    const sender = await connect();
    sender.write(poison);
    await expect.poll(() => sender.acks()).toEqual(['p']);
    expect(stage.log.find(({ problem }) => problem === 'body.unreadable')).toMatchObject({
      keptAt: 'nowhere: set deadLetterPath',
    });
    sender.socket.destroy();
  });

  test('stays with its sender if it cannot be kept', async () => {
    stage = await openStage({}, { deadLetters: await openDeadLetters(folder(), 1) });
    const sender = await connect();
    sender.write(poison);
    await sender.closed;
    expect(sender.acks()).toEqual([]);
  });
});

test.each<[string, Buffer, string]>([
  ['HTTP', Buffer.from('POST /v1/records HTTP/1.1\r\n\r\n'), 'forward.malformed'],
  ['TLS', Buffer.from('16030100f8010000f4', 'hex'), 'forward.malformed'],
  ['an array of four billion items', Buffer.from('ddffffffff', 'hex'), 'body.too_large'],
  ['a text of four gigabytes', Buffer.from('93a174c6ffffffff', 'hex'), 'body.too_large'],
  ['a byte that begins no value', Buffer.from('93a17491c1', 'hex'), 'forward.malformed'],
  [
    'more than the limit, without saying so before',
    Buffer.concat([Buffer.from('92a174dd00010000', 'hex'), Buffer.alloc(70_000)]),
    'body.too_large',
  ],
  ['metrics', message('m', { options: { fluent_signal: 1 } }), 'forward.signal'],
  [
    'an unknown compression',
    Buffer.concat([Buffer.of(0x93), encode('t'), encode(new Uint8Array(3)), encode({ compressed: 'lz4', chunk: 'l' })]),
    'request.encoding',
  ],
])('%s: the connection is closed, without an acknowledgement', async (_, bytes, problem) => {
  stage = await openStage({}, { bounds: { maxBodyBytes: 60_000 } });
  const sender = await connect();
  sender.write(bytes);
  await sender.closed;
  expect(sender.received).toEqual([]);
  expect(problems()).toEqual([problem]);
});

test.each<[string, Buffer]>([
  ['a number for records', Buffer.concat([Buffer.from('93a174', 'hex'), encode({ a: 1 }), encode({ chunk: 'x' })])],
  ['no tag', Buffer.concat([Buffer.from('9301', 'hex'), Buffer.of(0x90), encode({ chunk: 'x' })])],
  ['a tag of 60 KB', message('x', { tag: 't'.repeat(60_001) })],
  ['a long chunk', message('x'.repeat(500))],
  [
    'nesting of 10,000 levels for options',
    Buffer.concat([Buffer.from('93a17490', 'hex'), Buffer.alloc(10_001, 0x91).fill(0xc0, 10_000)]),
  ],
])('%s: nobody waits for it, and the next message is read', async (_, bytes) => {
  stage = await openStage();
  const sender = await connect();
  sender.write(bytes, message('next'));
  await expect.poll(() => sender.acks()).toEqual(['next']);
  sender.socket.destroy();
});

describe('a stop', () => {
  test('answers what is under way, and closes connections that are idle or within a message', async () => {
    stage = await openStage();
    const released = Promise.withResolvers<void>();
    stage.place.before = () => released.promise;
    const senders: Sender[] = [];
    for (let i = 0; i < 4; i++) senders.push(await connect());
    const [busy, waiting, half, idle] = senders;
    busy!.write(message('1'));
    await expect.poll(() => stage.shared.inFlight.count()).toBe(1);
    // Waits for its turn.
    waiting!.write(message('2', { entries: [logEvent({ n: 2 })] }));
    half!.write(message('3').subarray(0, 9));
    await expect.poll(() => stage.shared.inFlight.count()).toBe(2);
    const stopped = stage.close();
    await Promise.all([half!.closed, idle!.closed]);
    expect(stage.unanswered()).toBe(2);
    released.resolve();
    await stopped;
    await Promise.all([busy!.closed, waiting!.closed]);
    expect(senders.map((sender) => sender.acks())).toEqual([['1'], ['2'], [], []]);
    await expect(connect()).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the sink of another Tripline', () => {
  const users = [
    { username: 'ann', password: 'old' },
    { username: 'ann', password: 's3cret' },
  ];
  const open = (settings: object) =>
    openForward(
      {
        ...{ type: 'forward', name: 'forward', host: '127.0.0.1', port: stage.port, tagPrefix: 'x.', mode: 'forward' },
        ...{ ackTimeoutSeconds: 5, maxFrameBytes: 1_000_000, ...settings },
      } as Parameters<typeof openForward>[0],
      recorder(),
    );
  const tls = { cert: pem('listener.cert'), key: pem('listener.key'), minVersion: 'TLSv1.2' as const };
  const client = { ca: pem('authority.cert'), verify: true };
  const presented = { ...client, cert: pem('sender.cert'), key: pem('sender.key') };

  test.each<[string, object, object, string | undefined]>([
    ['nothing asked for', {}, {}, undefined],
    ['packed', {}, { mode: 'packed' }, undefined],
    ['the key', { sharedKey: 'k' }, { sharedKey: 'k' }, undefined],
    ['another key', { sharedKey: 'k' }, { sharedKey: 'q' }, 'shared_key mismatch'],
    ['no key', { sharedKey: 'k' }, {}, 'asks for a shared key'],
    ['a user', { sharedKey: 'k', users }, { sharedKey: 'k', username: 'ann', password: 's3cret' }, undefined],
    [
      'another user',
      { sharedKey: 'k', users },
      { sharedKey: 'k', username: 'bob', password: 's3cret' },
      'username/password mismatch',
    ],
    ['no user', { sharedKey: 'k', users }, { sharedKey: 'k' }, 'username/password mismatch'],
    ['TLS', { tls }, { tls: client }, undefined],
    ['TLS with a certificate', { tls: { ...tls, clientCa: pem('authority.cert') } }, { tls: presented }, undefined],
    ['TLS without one', { tls: { ...tls, clientCa: pem('authority.cert') } }, { tls: client }, 'certificate required'],
  ])('%s', async (_, asked, given, refusal) => {
    stage = await openStage(asked);
    const sink = open(given);
    if (refusal === undefined) {
      expect(await sink.deliver(numberedBatch(10))).toEqual({ kind: 'acknowledged', records: 10 });
      expect(stage.place.delivered.map(({ fluentTag }) => fluentTag)).toEqual(['x.kube.audit']);
    } else {
      expect((await problemOf(sink.deliver(numberedBatch(1)))).message).toContain(refusal);
      expect(stage.place.delivered).toEqual([]);
    }
    await sink.close();
  });

  test('renewed secrets are asked for by the next connection', async () => {
    stage = await openStage({ sharedKey: 'old' });
    stage.forward.renew({ listen: 'any:1', unixMode: '0600', sharedKey: 'new' });
    const sink = open({ sharedKey: 'new' });
    expect(await sink.deliver(numberedBatch(1))).toMatchObject({ kind: 'acknowledged' });
    await sink.close();
  });
});

test('a mere check of the port leaves no line in the log, and records before the PING are refused', async () => {
  stage = await openStage({ sharedKey: 'k' });
  const looking = await connect();
  looking.socket.end();
  await looking.closed;
  expect(stage.log).toEqual([]);
  const early = await connect();
  early.write(message('1'));
  await early.closed;
  expect(problems()).toEqual(['forward.unauthorized']);
  expect(Buffer.concat(early.received).toString('latin1')).toContain('HELO');
  expect(stage.place.delivered).toEqual([]);
});

test('a proof is good for its own connection alone', async () => {
  stage = await openStage({ sharedKey: 'k' });
  const pings: Uint8Array[] = [];
  for (let i = 0; i < 2; i++) {
    const sender = await connect();
    await expect.poll(() => sender.received.length).toBe(1);
    const helo = sender.received[0]!;
    // Both 16 bytes, as bin.
    const nonce = helo.subarray(helo.indexOf('nonce') + 7).subarray(0, 16);
    pings.push(pingFor({ nonce, auth: new Uint8Array() }, { sharedKey: 'k' }));
    sender.write(pings[0]!);
    await expect.poll(() => sender.received.length).toBe(2);
    expect(sender.received[1]![6]).toBe(i === 0 ? 0xc3 : 0xc2);
    sender.socket.destroy();
  }
});

describe('a Unix socket', () => {
  test('is for its owner alone, replaces one that was left over, and is removed at a shutdown', async () => {
    const unixPath = join(folder(), 's');
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(unixPath, resolve));
    await expect(openStage({ unixPath })).rejects.toThrow('another process listens');
    // Its file stays, as after a kill.
    (left as unknown as { _handle: { close(): void } })._handle.close();
    writeFileSync(`${unixPath}.file`, '');
    await expect(openStage({ unixPath: `${unixPath}.file` })).rejects.toThrow('is not a socket');
    await expect(openStage({ unixPath: join(unixPath, 'below') })).rejects.toThrow('forward.unixPath: ');
    stage = await openStage({ unixPath, sharedKey: 'not asked for' });
    expect(statSync(unixPath).mode & 0o777).toBe(0o600);
    const sender = await openSender({ path: unixPath });
    sender.write(message('1'));
    await expect.poll(() => sender.acks()).toEqual(['1']);
    await stage.close();
    expect(existsSync(unixPath)).toBe(false);
  });

  test('has the mode that is asked for', async () => {
    const unixPath = join(folder(), 's');
    stage = await openStage({ unixPath, unixMode: '0660' });
    expect(statSync(unixPath).mode & 0o777).toBe(0o660);
  });
});

test('an address that is in use is named', async () => {
  stage = await openStage();
  await expect(openStage({ listen: `127.0.0.1:${stage.port}` })).rejects.toThrow(/forward\.listen: .*EADDRINUSE/);
});
