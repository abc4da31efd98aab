import { decode as decodeOther } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { codecFor } from '../../../src/codecs/index.ts';
import { entryOf } from '../../../src/sinks/encode/log-event/index.ts';
import type { Tag } from '../../../src/tag.ts';
import { batchOf } from '../../batch/batch-of.ts';
import { packedTag, TAG } from '../../codecs/contract.ts';
import { packedMap } from '../../msgpack/arbitrary.ts';
import fc from '../../properties.ts';

const RECEIVED_TIME = 'd7006b49d20000000001';
const TIME = 'd7006553f100075bcd15';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function tagged(mediaType: string, body: Buffer | string, tag: Tag | undefined): Buffer[] {
  const batch = batchOf(codecFor(mediaType)!, Buffer.from(body as string), () => tag);
  return batch.records.map((_, index) => Buffer.from(entryOf(batch, index)));
}

/** The entries of a body, untagged. */
function entries(mediaType: string, body: Buffer | string): Buffer[] {
  return tagged(mediaType, body, undefined);
}

/** An entry in parts: the time in hex, metadata and map as another reader sees them. */
function partsOf(entry: Buffer): [time: string, metadata: unknown, map: unknown] {
  expect(entry.subarray(0, 4).toString('hex')).toBe('9292d700');
  const [[, metadata], map] = decodeOther(entry, { useBigInt64: true }) as [[unknown, unknown], unknown];
  return [entry.subarray(2, 12).toString('hex'), metadata, map];
}

describe.each(['application/json', 'application/x-ndjson'])('an entry of %s', (mediaType) => {
  const parts = (json: string) => partsOf(entries(mediaType, json)[0]!);

  it.each([
    ['double', '1700000000.123456789', TIME],
    ['epoch', '1700000000', 'd7006553f10000000000'],
    ['epoch_ms', '1700000000123', 'd7006553f1000754d4c0'],
    ['iso8601', '"2023-11-14T22:13:20.123456789Z"', TIME],
    ['java_sql_timestamp', '"2023-11-14 22:13:20.123456789"', TIME],
  ])('restores the time from a date of format %s', (_, date, time) => {
    expect(parts(`{"date":${date},"a":1}`)).toEqual([time, {}, { a: 1 }]);
  });

  it.each(['"yesterday"', '4294967295', '-1', 'null', '{"a":1}'])('keeps the date %s, which is not a time', (date) => {
    expect(parts(`{"a":1,"date":${date}}`)).toEqual([RECEIVED_TIME, {}, { a: 1, date: JSON.parse(date) }]);
  });

  it('uses the time of receipt for a record without a date', () => {
    expect(parts('{"nested":{"date":1700000000}}')).toEqual([RECEIVED_TIME, {}, { nested: { date: 1_700_000_000 } }]);
  });

  it('restores the metadata from log_metadata', () => {
    const json = '{"date":1700000000,"__internal__":{"log_metadata":{"otlp":{"id":9007199254740993}}},"a":1}';
    expect(parts(json)).toEqual(['d7006553f10000000000', { otlp: { id: 9007199254740993n } }, { a: 1 }]);
  });

  it.each([
    [
      'group attributes',
      '{"group_attributes":{"b":2},"log_metadata":{"c":3}}',
      { c: 3 },
      { group_attributes: { b: 2 } },
    ],
    ['no log_metadata', '{"group_attributes":{"b":2}}', {}, { group_attributes: { b: 2 } }],
    ['log_metadata that is no map', '{"log_metadata":5}', {}, { log_metadata: 5 }],
    ['no map', '[1]', {}, [1]],
  ])('keeps an __internal__ with %s as a field', (_, internal, metadata, rest) => {
    expect(parts(`{"__internal__":${internal},"a":1}`)).toEqual([
      RECEIVED_TIME,
      metadata,
      { __internal__: rest, a: 1 },
    ]);
  });

  it('removes a member that is repeated very often', () => {
    const often = '"log_metadata":{"c":3},'.repeat(200_000);
    expect(parts(`{"__internal__":{${often}"b":2},"a":1}`)).toEqual([
      RECEIVED_TIME,
      { c: 3 },
      { __internal__: { b: 2 }, a: 1 },
    ]);
  });

  it('keeps integers up to 64 bits, floats, order and repeated keys', () => {
    const json = '{"b":18446744073709551615,"a":1.0,"b":-9223372036854775808,"date":1700000000}';
    const [entry] = entries(mediaType, json);
    expect(entry!.toString('hex')).toBe(
      '9292d7006553f1000000000080' + '83a162cfffffffffffffffffa161cb3ff0000000000000a162d38000000000000000',
    );
  });

  it.each([
    ['a text', '"line"', '"line"'],
    ['a map that is malformed', '{"a":1 "b":2}', '{"a":1 "b":2}'],
    [
      'a map that is too deep',
      `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
      `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    ],
  ])('sends %s as text', (_, json, log) => {
    expect(parts(json)).toEqual([RECEIVED_TIME, {}, { log }]);
  });
});

describe('an entry of application/msgpack', () => {
  const [body, metadata] = ['81a16101', '81a16d01'];

  it.each([
    ['EventTime and metadata', `9292${TIME}${metadata}${body}`, `9292${TIME}${metadata}${body}`],
    ['wide headers', `dc0002dd00000002${TIME}80de0001a16101`, `dc0002dd00000002${TIME}80de0001a16101`],
    ['a group that opens', '9292d700ffffffff0000000081a16d0181a16101', '9292d700ffffffff0000000081a16d0181a16101'],
    ['a group that closes', '9292d700fffffffe000000008080', '9292d700fffffffe000000008080'],
  ])('passes %s through byte for byte', (_, event, entry) => {
    expect(entries('application/msgpack', hex(event))[0]!.toString('hex')).toBe(entry);
  });

  it.each([
    ['EventTime alone', `92${TIME}${body}`, `9292${TIME}80${body}`],
    ['seconds', `92ce6553f100${body}`, `9292d7006553f1000000000080${body}`],
    ['milliseconds', `92cf0000018bcfe5687b${body}`, `9292d7006553f1000754d4c080${body}`],
    ['a float', `92cb41d954fc40000000${body}`, `9292d7006553f1000000000080${body}`],
    ['ext8', `9292c708006553f100075bcd15${metadata}${body}`, `9292${TIME}${metadata}${body}`],
    ['seconds and metadata', `9292ce6553f100${metadata}${body}`, `9292d7006553f10000000000${metadata}${body}`],
    ['a negative number', `92ff${body}`, `9292${RECEIVED_TIME}80${body}`],
    ['a time that would open a group', `92d700ffffffff00000000${body}`, `9292${RECEIVED_TIME}80${body}`],
    ['seconds that would close a group', `92cefffffffe${body}`, `9292${RECEIVED_TIME}80${body}`],
  ])('gives an event with %s the time that Fluent Bit uses', (_, event, entry) => {
    expect(entries('application/msgpack', hex(event))[0]!.toString('hex')).toBe(entry);
  });

  it.each([
    ['an event with a text', `9292${TIME}${metadata}a26869`, `9292${TIME}${metadata}81a36c6f67a26869`],
    ['an event with a number', `9292${TIME}8005`, `9292${TIME}8081a36c6f67c40e9292${TIME}8005`],
    ['an array of three', `93010203`, `9292${RECEIVED_TIME}8081a36c6f67c40493010203`],
  ])('sends %s as a log line', (_, event, entry) => {
    expect(entries('application/msgpack', hex(event))[0]!.toString('hex')).toBe(entry);
  });

  it('passes the bytes of any map through', () => {
    fc.assert(
      fc.property(packedMap, packedMap, (metadata, map) => {
        const event = Buffer.concat([hex(`9292${TIME}`), metadata, map]);
        expect(entries('application/msgpack', event)).toEqual([event]);
        const legacy = Buffer.concat([hex(`92${TIME}`), map]);
        expect(entries('application/msgpack', legacy)).toEqual([Buffer.concat([hex(`9292${TIME}80`), map])]);
      }),
    );
  });
});

describe('the tag of an entry', () => {
  it.each([
    ['application/json', '[{"date":1700000000.123456789,"tripline":0,"a":1},7]'],
    ['application/x-ndjson', '{"date":1700000000.123456789,"tripline":0,"a":1}\n7\n'],
    ['application/msgpack', hex(`9292${TIME}8082 a8747269706c696e65 00 a16101 9292${TIME}8007`)],
  ])('of %s is in every record, in place of an older one', (mediaType, body) => {
    const [map, other] = tagged(mediaType, body, TAG);
    expect(map).toEqual(Buffer.concat([hex(`9292${TIME}8082`), packedTag, hex('a16101')]));
    expect(partsOf(other!)[2]).toEqual({ log: expect.anything(), tripline: TAG });
  });
});
