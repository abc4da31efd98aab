/** MessagePack in all equivalent widths. */
import fc from '../properties.ts';

const wide = (type: number, size: 1 | 2 | 4 | 8, value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = type;
  let rest = BigInt.asUintN(size * 8, BigInt(value));
  for (let i = size; i > 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
};

/** A header in one of the widths that can hold the length. */
function header(length: number, fixed: [type: number, max: number] | undefined, ...widths: [number, 1 | 2 | 4][]) {
  const fitting = widths.filter(([, size]) => length < 2 ** (8 * size)).map(([type, size]) => wide(type, size, length));
  if (fixed && length <= fixed[1]) fitting.push(Buffer.of(fixed[0] | length));
  return fc.constantFrom(...fitting);
}

export const mapHeader = (length: number) => header(length, [0x80, 15], [0xde, 2], [0xdf, 4]);
const arrayHeader = (length: number) => header(length, [0x90, 15], [0xdc, 2], [0xdd, 4]);

export const strOf = (text: string): fc.Arbitrary<Buffer> => {
  const bytes = Buffer.from(text);
  return header(bytes.length, [0xa0, 31], [0xd9, 1], [0xda, 2], [0xdb, 4]).map((head) => Buffer.concat([head, bytes]));
};

const integer = fc.oneof(
  fc.nat({ max: 127 }).map((value) => Buffer.of(value)),
  fc.integer({ min: -32, max: -1 }).map((value) => Buffer.of(value & 0xff)),
  ...([1, 2, 4, 8] as const).flatMap((size, i) => [
    fc.bigInt({ min: 0n, max: 2n ** BigInt(size * 8) - 1n }).map((value) => wide(0xcc + i, size, value)),
    fc.bigInt({ min: 0n, max: 2n ** BigInt(size * 8) - 1n }).map((value) => wide(0xd0 + i, size, value)),
  ]),
);

const float = fc.oneof(
  fc.double().map((value) => {
    const bytes = Buffer.alloc(9, 0xcb);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }),
  fc.float().map((value) => {
    const bytes = Buffer.alloc(5, 0xca);
    bytes.writeFloatBE(value, 1);
    return bytes;
  }),
);

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 12 }));
const bin = fc
  .uint8Array({ maxLength: 40 })
  .chain((bytes) =>
    header(bytes.length, undefined, [0xc4, 1], [0xc5, 2], [0xc6, 4]).map((head) => Buffer.concat([head, bytes])),
  );
const ext = fc.oneof(
  fc
    .constantFrom([0xd4, 1], [0xd5, 2], [0xd6, 4], [0xd7, 8], [0xd8, 16])
    .map(([type, size]) => Buffer.concat([Buffer.of(type, 5), Buffer.alloc(size, 0xc1)])),
  fc
    .uint8Array({ maxLength: 20 })
    .chain((bytes) =>
      header(bytes.length, undefined, [0xc7, 1], [0xc8, 2], [0xc9, 4]).map((head) =>
        Buffer.concat([head, Buffer.of(7), bytes]),
      ),
    ),
);

const keyName = fc.oneof(
  fc.constantFrom('a', 'date', 'tripline', 'constructor', '', '0', 'é', 'log', 'Tripline'),
  fc.string({ maxLength: 40 }).filter((name) => name !== '__proto__'),
);

export interface PackedPair {
  key: string;
  bytes: Buffer;
}

/** The map with these pairs, under a header of any width. */
const mapOf = (pairs: readonly PackedPair[]): fc.Arbitrary<Buffer> =>
  mapHeader(pairs.length).map((head) => Buffer.concat([head, ...pairs.map(({ bytes }) => bytes)]));

const tree = fc.letrec<{ value: Buffer; pair: PackedPair; map: Buffer }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'msgpack' },
    integer,
    float,
    text.chain(strOf),
    bin,
    ext,
    fc.constantFrom(0xc0, 0xc2, 0xc3).map((type) => Buffer.of(type)),
    fc
      .array(tie('value'), { maxLength: 4, depthIdentifier: 'msgpack' })
      .chain((items) => arrayHeader(items.length).map((head) => Buffer.concat([head, ...items]))),
    tie('map'),
  ),
  pair: keyName.chain((key) =>
    fc.tuple(strOf(key), tie('value')).map((parts) => ({ key, bytes: Buffer.concat(parts) })),
  ),
  map: fc.array(tie('pair'), { maxLength: 18, size: '+1', depthIdentifier: 'msgpack' }).chain(mapOf),
}));

export const packedValue = tree.value;
export const packedPair = tree.pair;
export const packedMap = tree.map;
