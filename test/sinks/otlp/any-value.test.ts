/** MessagePack values as AnyValues, read with an independent decoder. */
import { encode } from '@msgpack/msgpack';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, test } from 'vitest';
import { MAX_LIST_DEPTH, writeAnyValue } from '../../../src/sinks/otlp/any-value.ts';
import { decodeOtlp, encodeOtlp } from '../../otlp/proto.ts';
import fc from '../../properties.ts';

function anyValueOf(packed: Uint8Array): object {
  const bytes = Buffer.from(packed);
  const writer = protobuf.Writer.create();
  expect(writeAnyValue(writer, bytes, 0, bytes.length)).toBe(bytes.length);
  return decodeOtlp('AnyValue', writer.finish());
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

test.each([
  ['nil', 'c0', {}],
  ['false', 'c2', { boolValue: false }],
  ['zero', '00', { intValue: '0' }],
  ['a negative fixint', 'ff', { intValue: '-1' }],
  ['the least int64', 'd3 8000000000000000', { intValue: '-9223372036854775808' }],
  ['a uint64 that is an int64', 'cf 7fffffffffffffff', { intValue: '9223372036854775807' }],
  ['a uint64 that is none', 'cf ffffffffffffffff', { stringValue: '18446744073709551615' }],
  ['a float32', 'ca 3fc00000', { doubleValue: 1.5 }],
  ['minus zero', 'cb 8000000000000000', { doubleValue: -0 }],
  ['NaN', 'cb 7ff8000000000000', { doubleValue: Number.NaN }],
  ['an empty text', 'a0', { stringValue: '' }],
  ['a text that is not UTF-8', 'a2 c328', { bytesValue: hex('c328') }],
  ['bytes', 'c4 01 61', { bytesValue: hex('61') }],
  ['no bytes', 'c4 00', { bytesValue: Buffer.alloc(0) }],
  ['an ext', 'd4 05 61', { bytesValue: hex('d40561') }],
  ['an empty map', '80', { kvlistValue: {} }],
  ['an empty list', '90', { arrayValue: {} }],
  ['a nil in a list', '91 c0', { arrayValue: { values: [{}] } }],
  [
    'the same key twice, and keys that are no text',
    '84 a161 01 a161 02 05 c0 91 01 a1 62',
    {
      kvlistValue: {
        values: [
          { key: 'a', value: { intValue: '1' } },
          { key: 'a', value: { intValue: '2' } },
          { key: '5', value: {} },
          { key: '[1]', value: { stringValue: 'b' } },
        ],
      },
    },
  ],
])('%s', (_, packed, expected) => {
  expect(anyValueOf(hex(packed))).toEqual(normalized(expected));
});

/** The message as the decoder returns it. */
const normalized = (any: object) => decodeOtlp('AnyValue', encodeOtlp('AnyValue', any));

/** A value in MessagePack, and the AnyValue expected for it. */
interface Both {
  packed: Uint8Array;
  any: object;
}

const scalar = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => both(value, { intValue: String(value) })),
  fc.bigInt({ min: 2n ** 63n, max: 2n ** 64n - 1n }).map((value) => both(value, { stringValue: String(value) })),
  fc.integer({ min: -40_000, max: 40_000 }).map((value) => both(value, { intValue: value })),
  fc
    .double()
    .filter((value) => !Number.isSafeInteger(value))
    .map((value) => both(value, { doubleValue: value })),
  fc.string({ unit: 'binary', maxLength: 40 }).map((value) => both(value, { stringValue: value })),
  fc.uint8Array({ maxLength: 40 }).map((value) => both(value, { bytesValue: value })),
  fc.boolean().map((value) => both(value, { boolValue: value })),
  fc.constant(both(null, {})),
);

function both(value: unknown, any: object): Both {
  return { packed: encode(value, { useBigInt64: true }), any };
}

const header = (kind: number, length: number) => Buffer.of(kind, length >> 8, length & 0xff);

const tree = fc.letrec<{ value: Both; pair: [string, Both] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }).map((items) => ({
      packed: Buffer.concat([header(0xdc, items.length), ...items.map(({ packed }) => packed)]),
      any: { arrayValue: { values: items.map(({ any }) => any) } },
    })),
    fc.array(tie('pair'), { maxLength: 5 }).map((pairs) => ({
      packed: Buffer.concat([
        header(0xde, pairs.length),
        ...pairs.flatMap(([key, { packed }]) => [encode(key), packed]),
      ]),
      any: { kvlistValue: { values: pairs.map(([key, { any }]) => ({ key, value: any })) } },
    })),
  ),
  pair: fc.tuple(fc.string({ unit: 'binary', maxLength: 8 }), tie('value')),
}));

test('any value comes back as it was', () => {
  fc.assert(
    fc.property(tree.value, ({ packed, any }) => {
      expect(anyValueOf(packed)).toEqual(normalized(any));
    }),
  );
});

describe('a deeply nested value', () => {
  const nested = (depth: number) => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.of(0x01)]);

  test('keeps its form to the depth that readers accept, and is JSON below it', () => {
    let found: any = anyValueOf(nested(MAX_LIST_DEPTH + 2));
    for (let depth = 0; depth < MAX_LIST_DEPTH; depth++) [found] = found.arrayValue.values;
    expect(found.stringValue).toBe('[[1]]');
  });

  test('uses no stack', () => {
    let found: any = anyValueOf(nested(1_000_000));
    for (let depth = 0; depth < MAX_LIST_DEPTH; depth++) [found] = found.arrayValue.values;
    expect(found.stringValue).toHaveLength(2 * (1_000_000 - MAX_LIST_DEPTH) + 1);
  });
});
