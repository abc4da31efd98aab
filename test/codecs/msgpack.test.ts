import { decode as decodeOther, ExtData, encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import type { Edit } from '../../src/codecs/codec.ts';
import { msgpack } from '../../src/codecs/msgpack.ts';
import type { LogRecord } from '../../src/record.ts';
import type { Tag } from '../../src/tag.ts';
import { mapHeader, type PackedPair, packedMap, packedPair, packedValue } from '../msgpack/arbitrary.ts';
import fc from '../properties.ts';
import { stepsOf } from '../steps.ts';
import { codecContract, LIMITS, type MadeRecord, MEMBER, packedTag, TAG } from './contract.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const NOW = hex('d7 00 6553f100 075bcd15');

/** The map with its tag: as wide a header as it had, or the next wider one when it is full. */
function taggedMap(head: Buffer, pairs: readonly PackedPair[]): Buffer {
  const last = pairs.findLastIndex(({ key }) => key === MEMBER);
  const kept = pairs.flatMap(({ key, bytes }, i) => (key !== MEMBER ? [bytes] : i === last ? [packedTag] : []));
  if (last === -1) kept.push(packedTag);
  const length = kept.length;
  const isFull = head.length === 1 && length > 15;
  const header = head.length === 1 && !isFull ? Buffer.of(0x80 | length) : Buffer.alloc(isFull ? 3 : head.length);
  if (header.length > 1) {
    header[0] = header.length === 3 ? 0xde : 0xdf;
    header.writeUIntBE(length, 1, header.length - 1);
  }
  return Buffer.concat([header, ...kept]);
}

it('a record with more values than memory could hold is not read, but one that is merely long is', () => {
  const read = (bytes: Buffer) => {
    const [record] = msgpack.decode(bytes, LIMITS);
    return msgpack.read(bytes, record as LogRecord & { kind: 'map' }, LIMITS);
  };
  const tooLarge = expect.objectContaining({ code: 'record.too_large' });
  const list = hex('92 05 81 a1 61 dd 000f4241');
  expect(() => read(Buffer.concat([list, Buffer.alloc(1_000_001, 0x80)]))).toThrow(tooLarge);
  expect(() => read(Buffer.concat([list, Buffer.alloc(1_000_001, 0xc0)]))).toThrow(tooLarge);
  const text = hex('92 05 81 a1 61 db 000f4241');
  expect(() => read(Buffer.concat([text, Buffer.alloc(1_000_001, '[')]))).toThrow(tooLarge);
  expect(read(Buffer.concat([text, Buffer.alloc(1_000_001, 'x')]))).toMatchObject({ a: expect.any(String) });
});

const madeMap = fc.array(packedPair, { maxLength: 18, size: '+1' }).chain((pairs) =>
  mapHeader(pairs.length).map((head) => ({
    bytes: Buffer.concat([head, ...pairs.map(({ bytes }) => bytes)]),
    tagged: taggedMap(head, pairs),
  })),
);

const time = fc.constantFrom(
  NOW,
  hex('ce 6553f100'),
  hex('cb 41d954fc4007d6e9'),
  hex('c7 08 00 6553f100 075bcd15'),
  hex('05'),
);
const head = fc.oneof(
  time,
  fc.tuple(time, packedMap).map(([time, metadata]) => Buffer.concat([Buffer.of(0x92), time, metadata])),
);
const event = fc.tuple(fc.constantFrom(hex('92'), hex('dc 0002'), hex('dd 00000002')), head, madeMap).map(
  ([array, head, { bytes, tagged }]): MadeRecord => ({
    kind: 'map',
    bytes: Buffer.concat([array, head, bytes]),
    tagged: Buffer.concat([array, head, tagged]),
  }),
);
const group = fc
  .tuple(fc.constantFrom('ffffffff', 'fffffffe'), packedMap, packedMap)
  .map(([seconds, ...maps]): MadeRecord => {
    const bytes = Buffer.concat([hex(`92 92 d700 ${seconds} 00000000`), ...maps]);
    return { kind: 'group', bytes, tagged: bytes };
  });
const noEvent = fc
  .oneof(
    packedValue.map((value) => Buffer.concat([hex('92 92'), NOW, hex('80'), hex('91'), value])),
    packedMap.map((map) => Buffer.concat([hex('92 c0'), map])),
    fc.constantFrom(hex('90'), hex('93 01 80 80'), hex('92 92 05 a0 80')),
  )
  .map((bytes): MadeRecord => ({ kind: 'other', bytes, tagged: bytes }));

const MiB = 2 ** 20;

codecContract({
  codec: msgpack,
  body: fc
    .array(fc.oneof({ weight: 4, arbitrary: event }, group, noEvent), { maxLength: 6 })
    .map((records) => ({ records, framing: [...records, 0].map(() => Buffer.alloc(0)) })),
  readable: packedMap.map((map) => Buffer.concat([hex('92 92'), NOW, hex('80'), map])),
  oracle: (map) => asText(decodeOther(map, { useBigInt64: true })),
  hostile: {
    'an array of 4 billion': hex('92 92 d700 6553f100 00000000 80 81 a161 dd ffffffff'),
    'a map of 4 billion': hex('92 92 d700 6553f100 00000000 80 df ffffffff a161'),
    'a str of 4 billion': hex('92 92 d700 6553f100 00000000 80 81 a161 db ffffffff 61'),
    'arrays of 65,535 in each other': Buffer.concat(Array.from({ length: MiB / 4 }, () => hex('dc ffff'))),
    '100,000 levels of arrays': Buffer.concat([
      hex('92 92 d700 6553f100 00000000 80 81 a161'),
      Buffer.alloc(100_000, 0x91),
      hex('c0'),
    ]),
    '4 million maps that never end': Buffer.alloc(4 * MiB, 0x81),
    'maps as keys of maps, 100,000 levels': Buffer.concat([
      hex('92 05 81'),
      Buffer.alloc(100_000, 0x81),
      Buffer.alloc(100_002, 0xc0),
    ]),
    'a record of 10 MiB': Buffer.from(encode([[5, {}], { a: 'x'.repeat(10 * MiB) }])),
    HTML: Buffer.from('<html>'.repeat(100_000)),
    'a million stray values between events': Buffer.concat([hex('92 05 80'), Buffer.alloc(MiB), hex('92 05 80')]),
    '400,000 members named as the tag': Buffer.concat([
      hex('92 05 df 00061a80'),
      ...Array.from({ length: 400_000 }, () => Buffer.from('\xa8tripline\x01', 'latin1')),
    ]),
  },
});

/** The result of another reader, in the terms of ours: text for bin, null for ext, numbers where they are safe. */
function asText(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof ExtData || value === null) return null;
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asText(member)]));
}

const decode = (bytes: Buffer) => msgpack.decode(bytes, LIMITS);

describe('decode', () => {
  it('finds the map of the event that Fluent Bit documents', () => {
    const bytes = hex('92 92 d7 00 6553f100 075bcd15 80 81 a1 61 01');
    expect(decode(bytes)).toEqual([{ kind: 'map', start: 0, end: bytes.length, map: { start: 13, end: 17 } }]);
  });

  it.each([
    ['a text as the body', '92 92 05 80 a161', 'record.not_a_map', 'byte 4: expected a map as the body of a log event'],
    ['nil as the time', '92 c0 80', 'record.malformed', 'byte 0: expected a log event, [[time, metadata], map]'],
    ['three items', '93 05 80 80', 'record.malformed', 'byte 0: expected a log event, [[time, metadata], map]'],
  ])('passes on an event with %s', (_, bytes, code, message) => {
    expect(decode(hex(bytes))).toMatchObject([{ kind: 'other', problem: { code, message } }]);
  });

  it.each([
    ['cut in a header', '92 05 80 92 05 dc 00', 'byte 7: found the end, inside a header'],
    ['cut in a text', '92 05 80 92 05 81 a161 a561', 'byte 8: found a header that promises more than the 2 bytes left'],
    ['cut before a body', '92 05 80 92 05', 'byte 3: found a header that promises more than the 2 bytes left'],
    [
      'with a byte that is never used',
      '92 05 80 92 05 81 c1 01',
      'byte 6: found the byte 0xc1, which cannot begin a value',
    ],
  ])('keeps the records before an event %s, and the rest as one record', (_, bytes, message) => {
    const whole = hex(bytes);
    expect(decode(whole)).toMatchObject([
      { kind: 'map', start: 0, end: 3 },
      { kind: 'other', start: 3, end: whole.length, problem: { code: 'record.malformed', message } },
    ]);
  });

  it('treats stray values between events as one record', () => {
    const bytes = Buffer.concat([hex('92 05 80'), Buffer.from('text'), hex('92 05 80')]);
    expect(decode(bytes).map(({ kind, start, end }) => [kind, start, end])).toEqual([
      ['map', 0, 3],
      ['other', 3, 7],
      ['map', 7, 10],
    ]);
  });

  it.each([
    ['text', Buffer.from('[{"a":1}]')],
    ['maps without a time', hex('81 a161 01 81 a161 02')],
    ['a cut event alone', hex('92 05 81 a161')],
  ])('finds no record in %s', (_, bytes) => {
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 'body.unreadable' }));
  });
});

describe('splice', () => {
  it.each([
    [15, 'fixmap', 'map16 when it is full', 'de 0010'],
    [14, 'fixmap', 'fixmap while there is room', '8f'],
    [65535, 'map16', 'map32 when it is full', 'df 00010000'],
    [65534, 'map16', 'map16 while there is room', 'de ffff'],
  ])('turns a map of %i (%s) into a %s', (length, _, __, header) => {
    const members = Buffer.concat(Array.from({ length }, () => hex('a161 01')));
    const head = length < 16 ? Buffer.of(0x80 | length) : Buffer.of(0xde, length >> 8, length & 0xff);
    const bytes = Buffer.concat([hex('92 05'), head, members]);
    const [record] = decode(bytes);
    if (record?.kind !== 'map') throw new Error('no map');
    const edits: Edit[] = [];
    msgpack.splice(bytes, record, MEMBER, TAG, edits);
    const [edit] = edits;
    expect(edit).toMatchObject({ start: 2, end: 2 + head.length });
    expect(Buffer.from(edit.insert)).toEqual(hex(header));
  });

  it('does not search a map that was outlined, since it has no tag', async () => {
    const stepsFor = (members: number, outline?: number) => {
      const bytes = encode([5, Object.fromEntries(Array.from({ length: members }, (_, n) => [`k${n}`, n]))]);
      const [record] = decode(Buffer.from(bytes));
      if (record?.kind !== 'map') throw new Error('no map');
      const edits: Edit[] = [];
      return stepsOf(() => msgpack.splice(bytes, { ...record, outline }, MEMBER, TAG, edits));
    };
    await stepsFor(1, 0);
    expect(await stepsFor(10_000, 0)).toBe(await stepsFor(1000, 0));
    expect(await stepsFor(10_000)).toBeGreaterThan(5 * (await stepsFor(1000)));
  });

  it('encodes the integers beyond 2^53 that a tag copied from its record', () => {
    const tag: Tag = { v: 2, verdict: 'match', findings: [] };
    Object.assign(tag, { context: { id: 18446744073709551615n } });
    const bytes = hex('92 05 80');
    const [record] = decode(bytes);
    if (record?.kind !== 'map') throw new Error('no map');
    const edits: Edit[] = [];
    msgpack.splice(bytes, record, 'tripline', tag, edits);
    const insert = Buffer.from(edits[1]!.insert);
    expect(insert.includes(hex('cf ffffffffffffffff'))).toBe(true);
  });
});
