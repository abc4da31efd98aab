/** The messages of the forward protocol, in each of its modes: what arrives, byte for byte, and what is answered. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { msgpack } from '../../../src/codecs/msgpack.ts';
import { logEvent } from '../../sinks/contract.ts';
import { openSender, openStage, type Sender, type Stage } from './sender.ts';

let stage: Stage;
let sender: Sender;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
afterEach(() => {
  sender.socket.destroy();
  stage.place.delivered.length = 0;
});

const connect = async () => (sender = await openSender({ host: '127.0.0.1', port: stage.port }));

const time = Buffer.from('d7006553f100075bcd15', 'hex');
const big = Buffer.from('81a362696ecfffffffffffffffff', 'hex');
const two = Buffer.of(0x92);
const events = {
  'v2, with metadata': Buffer.concat([two, two, time, encode({ k: 'm' }), big]),
  legacy: Buffer.concat([two, time, big]),
  'time as an integer': Buffer.concat([two, encode(1_700_000_000), big]),
  'time as ext8': Buffer.concat([two, Buffer.from('c708006553f100075bcd15', 'hex'), big]),
  'wide headers': Buffer.concat([Buffer.from('dc0002', 'hex'), time, Buffer.from('df00000001a161dd00000000', 'hex')]),
  'what opens a group': Buffer.concat([
    two,
    two,
    Buffer.from('d700ffffffff00000000', 'hex'),
    encode({}),
    encode({ resource: {} }),
  ]),
};
const all = Buffer.concat(Object.values(events));
const count = Object.keys(events).length;
const str32 = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.of(0xdb, 0, 0, bytes.length >> 8, bytes.length & 0xff), bytes]);

/** Delivered log events without the tags that the pipeline added. */
function withoutTags(bytes: Uint8Array): Buffer {
  const records = msgpack.decode(bytes, { maxDepth: 100, maxRecords: 100 });
  const edits = records.map((record) => ({ record, bytes: Buffer.from(bytes.subarray(record.start, record.end)) }));
  return Buffer.concat(
    edits.map(({ record, bytes: event }) => {
      if (record.kind !== 'map') return event;
      // The tag is the last member of a map, and adds one to the count.
      const at = event.lastIndexOf(Buffer.from(encode('tripline')));
      if (at === -1) return event;
      const map = record.map.start - record.start;
      const untagged = Buffer.from(event.subarray(0, at));
      if (untagged[map] === 0xdf) untagged[map + 4]!--;
      else untagged[map]!--;
      return untagged;
    }),
  );
}

describe.each<[string, () => Uint8Array[], Buffer]>([
  ['Forward', () => [Buffer.of(0x90 | count), all], all],
  ['Forward with a wide array', () => [Buffer.of(0xdd, 0, 0, 0, count), all], all],
  ['PackedForward, bin', () => [encode(new Uint8Array(all))], all],
  ['PackedForward, str', () => [str32(all)], all],
  ['Message', () => [time, big], events.legacy],
  ['Message, time as an integer', () => [encode(1_700_000_000), big], events['time as an integer']],
])('%s', (_, body, expected) => {
  test('arrives unchanged, and is acknowledged once it is delivered', async () => {
    await connect();
    const released = Promise.withResolvers<void>();
    stage.place.before = () => released.promise;
    sender.write(
      Buffer.of(0x94 - (body().length === 1 || expected === all ? 1 : 0)),
      encode('kube.audit'),
      ...body(),
      encode({ chunk: 'c-1', size: count }),
    );
    await expect.poll(() => stage.shared.inFlight.count()).toBe(1);
    expect(sender.acks()).toEqual([]);
    released.resolve();
    await expect.poll(() => sender.acks()).toEqual(['c-1']);
    expect(stage.place.delivered.map(({ fluentTag }) => fluentTag)).toEqual(['kube.audit']);
    expect(withoutTags(stage.place.delivered[0]!.bytes)).toEqual(expected);
    stage.place.before = () => {};
  });
});

describe('CompressedPackedForward', () => {
  test.each<[string, string, Buffer]>([
    ['gzip', 'gzip', gzipSync(all)],
    ['gzip of several members', 'gzip', Buffer.concat([gzipSync(all.subarray(0, 9)), gzipSync(all.subarray(9))])],
    ['zstd', 'zstd', zstdCompressSync(all)],
    ['text', 'text', all],
  ])('%s', async (_, compressed, bytes) => {
    await connect();
    sender.write(Buffer.of(0x93), encode('t'), encode(new Uint8Array(bytes)), encode({ compressed, chunk: 'z' }));
    await expect.poll(() => sender.acks()).toEqual(['z']);
    expect(withoutTags(stage.place.delivered[0]!.bytes)).toEqual(all);
  });
});

test('metadata beside the record of a Message goes where a log event has it', async () => {
  await connect();
  sender.write(Buffer.of(0x94), encode('t'), time, big, encode({ chunk: 'c', fluent_signal: 0, metadata: { k: 'm' } }));
  await expect.poll(() => sender.acks()).toEqual(['c']);
  expect(withoutTags(stage.place.delivered[0]!.bytes)).toEqual(events['v2, with metadata']);
});

test('messages in one write, with nil between them, keep tags and order; one without a chunk is not answered', async () => {
  await connect();
  const message = (tag: string, options: object) =>
    Buffer.concat([Buffer.of(0x93), encode(tag), Buffer.of(0x91), events.legacy, encode(options)]);
  const nil = Buffer.of(0xc0);
  const whole = Buffer.concat([
    nil,
    message('a', { chunk: '1' }),
    nil,
    nil,
    message('b', {}),
    message('c', { chunk: '2' }),
  ]);
  // A byte at a time at first.
  for (const byte of whole.subarray(0, 30)) sender.socket.write(Buffer.of(byte));
  sender.write(whole.subarray(30));
  await expect.poll(() => sender.acks().sort()).toEqual(['1', '2']);
  expect(stage.place.delivered.map(({ fluentTag }) => fluentTag)).toEqual(['a', 'b', 'c']);
});

test('a message of two items, without options, is delivered even if its sender closes at once', async () => {
  await connect();
  sender.write(two, encode('t'), Buffer.of(0x91), events.legacy);
  sender.socket.end();
  await expect.poll(() => stage.place.delivered.length).toBe(1);
  await sender.closed;
  expect(sender.received).toEqual([]);
});

test('a message without records is acknowledged at once, and a chunk of bytes as the same bytes', async () => {
  await connect();
  sender.write(Buffer.of(0x93), encode('t'), Buffer.of(0x90), encode({ chunk: 'none' }));
  sender.write(
    Buffer.of(0x93),
    encode('t'),
    Buffer.of(0x91),
    logEvent({ n: 1 }),
    encode({ chunk: new Uint8Array([0xff, 0]) }),
  );
  await expect.poll(() => sender.acks()).toEqual(['none', Buffer.from([0xff, 0])]);
  expect(stage.place.delivered.length).toBe(1);
});

test('control characters in a tag are not passed on', async () => {
  await connect();
  sender.write(Buffer.of(0x93), encode('kube.\n\u0000é'), Buffer.of(0x91), events.legacy, encode({ chunk: '1' }));
  await expect.poll(() => sender.acks()).toEqual(['1']);
  expect(stage.place.delivered[0]!.fluentTag).toBe('kube.__é');
});
