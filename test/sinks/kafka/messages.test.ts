import { decode, encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import { messagesBody } from '../../../src/codecs/framing/messages.ts';
import { json } from '../../../src/codecs/json.ts';
import { jsonMessages, msgpackMessages, openEvent } from '../../../src/codecs/messages.ts';
import { msgpack } from '../../../src/codecs/msgpack.ts';
import { openMessages } from '../../../src/sinks/kafka/messages.ts';
import type { KafkaConfig } from '../../../src/sinks/kafka/settings.ts';
import { logEvent, recorder, taggedBatch } from '../contract.ts';

const config = { topic: 'tagged', format: 'json', key: 'cluster' } as KafkaConfig;
const open = (more: Partial<KafkaConfig> = {}) => openMessages({ ...config, ...more }, recorder());
const origin = {
  ...{ session: 's', topic: 'audit', offsets: [] },
  member: { groupId: 'g', memberId: 'm', generationId: 1, coordinatorId: 1 },
};
const frames = (...values: (string | Uint8Array)[]) =>
  messagesBody(
    values.map((value, index) => ({ partition: 3, offset: BigInt(40 + index), parts: [Buffer.from(value)] })),
  );
const textOf = ({ value }: { value: Buffer }) => value.toString();

describe('a message', () => {
  test('of JSON has the bytes of the record, including line breaks, and its tag', async () => {
    const of = await open();
    const batch = taggedBatch(jsonMessages, frames('{ "a":\n 1e2}', ' {"b":[ ]}\n'));
    expect([0, 1].flatMap((index) => of(batch, index)).map(textOf)).toEqual([
      '{ "a":\n 1e2,"tripline":{"v":2,"verdict":"clear"}}',
      ' {"b":[ ],"tripline":{"v":2,"verdict":"clear"}}\n',
    ]);
  });

  test('is JSON from MessagePack, and MessagePack from JSON, if so configured', async () => {
    const fromEvents = (await open())(taggedBatch(msgpack, logEvent({ a: 2n ** 63n })), 0);
    expect(textOf(fromEvents[0]!)).toMatch(/^\{"date":1700000000\.123456789,"a":9223372036854775808,"tripline":\{/);
    const packed = (await open({ format: 'msgpack' }))(taggedBatch(json, Buffer.from('[{"a":[1,"x"]}]')), 0);
    expect(decode(packed[0]!.value)).toEqual({ a: [1, 'x'], tripline: { v: 2, verdict: 'clear' } });
  });

  test('of MessagePack has the bytes of the record', async () => {
    const map = encode({ a: 1.5, b: new Uint8Array([255]) });
    const bytes = frames(Buffer.concat([openEvent(1n), map]));
    const [message] = (await open({ format: 'msgpack' }))(taggedBatch(msgpackMessages, bytes), 0);
    // The header of a map of three, and the original members.
    expect(message!.value.subarray(0, map.length)).toEqual(Buffer.concat([Buffer.of(0x83), map.subarray(1)]));
  });

  test('has the cluster as its key if that is known and configured', async () => {
    const bytes = frames('{}', '{}');
    const tags = [{ v: 2, verdict: 'clear', cluster: 'prod' } as const, { v: 2, verdict: 'clear' } as const];
    const batch = taggedBatch(jsonMessages, bytes, { tags });
    const keys = async (key: 'cluster' | 'none') => {
      const of = await open({ key });
      return [0, 1].map((index) => of(batch, index)[0]!.key?.toString());
    };
    expect(await keys('cluster')).toEqual(['prod', undefined]);
    expect(await keys('none')).toEqual([undefined, undefined]);
  });
});

describe('what is not a record', () => {
  test.each([
    ['JSON', jsonMessages, 'poison {', 'poison {'],
    ['bytes that are no text', jsonMessages, Buffer.of(0xff, 0, 0xfe), Buffer.of(0xff, 0, 0xfe)],
    ['a message without a value', jsonMessages, '', ''],
    ['MessagePack', msgpackMessages, Buffer.concat([openEvent(1n), Buffer.of(0xc1)]), Buffer.of(0xc1)],
  ])('is sent with its bytes and its origin: %s', async (_, codec, value, expected) => {
    const of = await open({ deadLetterTopic: 'dead' });
    const [message, ...others] = of(taggedBatch(codec, frames('{}', value), { origin }), 1);
    expect(others).toEqual([]);
    expect(message).toMatchObject({ topic: 'dead', value: Buffer.from(expected) });
    const headers = Object.fromEntries([...message!.headers!].map(([name, text]) => [String(name), String(text)]));
    expect(headers).toMatchObject({
      'tripline-code': 'record.malformed',
      'tripline-detail': expect.stringContaining('byte'),
      'tripline-topic': 'audit',
      'tripline-partition': '3',
      'tripline-offset': '41',
    });
  });

  test('goes to the topic of the records if there is no other, without an origin if it was not read from Kafka', async () => {
    const [message] = (await open())(taggedBatch(json, Buffer.from('[1]')), 0);
    expect(message).toMatchObject({ topic: 'tagged', value: Buffer.from('1') });
    expect([...message!.headers!.keys()].map(String)).toEqual(['tripline-code', 'tripline-detail']);
  });
});
