import { decode as decodeOther, encode as encodeOther } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { encode } from '../../src/msgpack/encode.ts';
import fc from '../properties.ts';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('encode', () => {
  it('writes JSON values as another writer does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (made) => {
        // The other writer drops the sign of -0, as JSON.stringify does.
        const value: unknown = JSON.parse(JSON.stringify(made));
        expect(hexOf(encode(value))).toBe(hexOf(encodeOther(value)));
      }),
      { numRuns: 500 },
    );
  });

  it('writes every integer of 64 bits in its smallest form', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
        expect(BigInt(decodeOther(encode(value), { useBigInt64: true }) as number | bigint)).toBe(value);
        const isSafe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
        if (isSafe) expect(hexOf(encode(value))).toBe(hexOf(encode(Number(value))));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65535, 'cdffff'],
    [65536, 'ce00010000'],
    [4294967295, 'ceffffffff'],
    [4294967296, 'cf0000000100000000'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32768, 'd18000'],
    [-32769, 'd2ffff7fff'],
    [-2147483648, 'd280000000'],
    [-2147483649, 'd3ffffffff7fffffff'],
    [2n ** 64n, 'cb43f0000000000000'],
    [1.5, 'cb3ff8000000000000'],
    [-0, 'cb8000000000000000'],
    [1e300, 'cb7e37e43c8800759c'],
  ])('writes %s as %s', (value, hex) => {
    expect(hexOf(encode(value))).toBe(hex);
  });

  it.each([31, 32, 255, 256, 65535, 65536])('writes a text of %i bytes in its smallest form', (length) => {
    const text = 'x'.repeat(length);
    expect(hexOf(encode(text))).toBe(hexOf(encodeOther(text)));
  });

  it.each([15, 16, 65535, 65536])('writes %i items and members in their smallest form', (length) => {
    const items = Array.from({ length }, (_, i) => i);
    expect(hexOf(encode(items))).toBe(hexOf(encodeOther(items)));
    const map = Object.fromEntries(items.map((item) => [`k${item}`, item]));
    expect(hexOf(encode(map))).toBe(hexOf(encodeOther(map)));
  });

  it('leaves out what JSON leaves out', () => {
    expect(hexOf(encode({ a: undefined, b: [undefined], [Symbol('c')]: 1 }))).toBe('81a16291c0');
  });

  it('replaces a lone surrogate', () => {
    expect(hexOf(encode('\ud800'))).toBe('a3efbfbd');
  });

  it('goes 100,000 levels deep', () => {
    let value: unknown = null;
    for (let level = 0; level < 100_000; level++) value = [value];
    expect(encode(value)).toHaveLength(100_001);
  });
});
