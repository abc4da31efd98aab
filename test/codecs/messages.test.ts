import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { taggedBody } from '../../src/batch/splice.ts';
import { messagesBody, positionOf } from '../../src/codecs/framing/messages.ts';
import { jsonMessages, msgpackMessages } from '../../src/codecs/messages.ts';
import { batchOf } from '../batch/batch-of.ts';
import { packedMap, packedValue } from '../msgpack/arbitrary.ts';
import fc from '../properties.ts';
import { codecContract, LIMITS, type MadeRecord, TAG } from './contract.ts';
import { jsonRecords, readExactly } from './json-layout.ts';

function headOf({ length }: Uint8Array, position: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return Buffer.concat([head, position]);
}

const bodies = (record: fc.Arbitrary<MadeRecord>) =>
  fc.array(fc.tuple(record, fc.uint8Array({ minLength: 12, maxLength: 12 })), { maxLength: 6 }).map((made) => {
    const framing = (key: 'bytes' | 'tagged') => [
      ...made.map(([one, position]) => headOf(one[key], Buffer.from(position))),
      Buffer.alloc(0),
    ];
    return { records: made.map(([one]) => one), framing: framing('bytes'), taggedFraming: framing('tagged') };
  });
const alone = (bytes: Uint8Array) => messagesBody([{ partition: 3, offset: 7n, parts: [bytes] }]);
const lying = { 'a length beyond the end': Buffer.from('ffffffff0000000000000000000000007b7d', 'hex') };

const { mapRecord, array, scalar } = jsonRecords(' \t\r\n', true);
const poison = fc
  .constantFrom('', ' ', '{"a":', 'text', '{} {}', '{"a":1}}', '<html>', '{"tripline":', '{"a":"}')
  .map((text): MadeRecord => ({ kind: 'other', bytes: Buffer.from(text), tagged: Buffer.from(text) }));

codecContract({
  codec: jsonMessages,
  body: bodies(fc.oneof({ weight: 5, arbitrary: mapRecord }, array, scalar, poison)),
  readable: jsonRecords(' \t', false).mapText.map((text) => alone(Buffer.from(text))),
  oracle: (map) => readExactly(map.toString()),
  isNeverCut: true,
  hostile: { ...lying, '100,000 levels in a message': alone(Buffer.from(`{"a":${'['.repeat(100_000)}`)) },
});

const NOW = Buffer.from('9292d7006553f100075bcd1580', 'hex');
const inEvent = (map: Uint8Array) => Buffer.concat([NOW, map]);
const odd = fc
  .oneof(
    packedValue.map((bytes) => Buffer.concat([bytes, Buffer.of(0)])),
    fc.constant(Buffer.of(0x81)),
  )
  .map(inEvent)
  .map((bytes): MadeRecord => ({ kind: 'other', bytes, tagged: bytes }));

describe('messages in MessagePack', () => {
  it('finds maps, and leaves anything else as it is', () => {
    fc.assert(
      fc.property(bodies(odd), ({ records, framing }) => {
        if (records.length === 0) return;
        const bytes = Buffer.concat(framing.flatMap((head, i) => [head, records[i]?.bytes ?? Buffer.alloc(0)]));
        expect(msgpackMessages.decode(bytes, LIMITS).map(({ kind }) => kind)).toEqual(records.map(() => 'other'));
      }),
    );
    fc.assert(
      fc.property(packedMap, (map) => {
        const bytes = alone(inEvent(map));
        expect(msgpackMessages.decode(bytes, LIMITS)).toMatchObject([
          { kind: 'map', start: 16, end: bytes.length, map: { start: 16 + NOW.length, end: bytes.length } },
        ]);
      }),
    );
  });
  it('says what is wrong with a message', () => {
    const problems = [
      Buffer.of(0x81),
      inEvent(encode('text')),
      Buffer.alloc(0),
      Buffer.concat([inEvent(encode({})), NOW]),
    ].map((bytes) => {
      const [record] = msgpackMessages.decode(alone(bytes), LIMITS);
      return record!.kind === 'other' ? `${record!.problem.code}: ${record!.problem.message}` : record!.kind;
    });
    expect(problems).toMatchInlineSnapshot(`
      [
        "record.malformed: byte 16: found a header that promises more than the 1 bytes left",
        "record.not_a_map: byte 29: expected a map",
        "record.malformed: byte 16: found the end, inside a value",
        "record.malformed: byte 30: found more bytes after the value",
      ]
    `);
  });
});

it('tags maps of MessagePack one after another', () => {
  const body = (...maps: Uint8Array[]) =>
    messagesBody(maps.map((map, index) => ({ partition: 0, offset: BigInt(index), parts: [inEvent(map)] })));
  const tagged = taggedBody(batchOf(msgpackMessages, body(encode({ a: 1 }), encode({ b: 2 })), () => TAG));
  expect(Buffer.from(tagged)).toEqual(body(encode({ a: 1, tripline: TAG }), encode({ b: 2, tripline: TAG })));
});

it('gives the partition and offset of the message of a record', () => {
  const bytes = messagesBody([
    { partition: 3, offset: 2n ** 40n, parts: [Buffer.from('{}')] },
    { partition: 4_000_000_000, offset: 0n, parts: [Buffer.from('{'), Buffer.from('}')] },
  ]);
  const records = jsonMessages.decode(bytes, LIMITS);
  expect(records.map((record) => positionOf(bytes, record))).toEqual([
    { partition: 3, offset: 2n ** 40n },
    { partition: 4_000_000_000, offset: 0n },
  ]);
});
