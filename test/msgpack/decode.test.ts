import { describe, expect, it } from 'vitest';
import { CUT } from '../../src/json/map.ts';
import { decode } from '../../src/msgpack/decode.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const read = (bytes: Buffer) => decode(bytes, 0, bytes.length, { maxDepth: 8 });

// The codec contract covers that valid values are read as another reader reads them.
describe('decode', () => {
  it.each([
    ['the largest safe integer', 'cf 001fffffffffffff', 9007199254740991],
    ['the first beyond it, exactly', 'cf 0020000000000001', 9007199254740993n],
    ['the largest uint64', 'cf ffffffffffffffff', 18446744073709551615n],
    ['the smallest int64', 'd3 8000000000000000', -9223372036854775808n],
    ['nan', 'cb 7ff8000000000000', Number.NaN],
    ['a float32', 'ca 3fc00000', 1.5],
    ['bin as text', 'c4 02 c3a9', 'é'],
    ['what is not UTF-8', 'a3 61ff62', 'a\ufffdb'],
    ['bin that is not UTF-8', 'c4 01 ff', '\ufffd'],
    ['ext as null', 'd7 00 6553f100 075bcd15', null],
    ['the last of two members', '82 a161 01 a161 02', { a: 2 }],
    [
      'keys that are no strings',
      '87 01 a0 ff a0 c0 a0 c3 a0 cb3ff8000000000000 a0 cfffffffffffffffff a0 c40161 a0',
      { 1: '', '-1': '', null: '', true: '', '1.5': '', '18446744073709551615': '', a: '' },
    ],
    ['keys that are maps or arrays', '82 81a161 01 02 91c0 03', { '{…}': 2, '[…]': 3 }],
  ])('reads %s', (_, bytes, value) => {
    expect(read(hex(bytes))).toEqual(value);
  });

  it('keeps `__proto__` an own member', () => {
    const value = read(Buffer.concat([hex('81 a9'), Buffer.from('__proto__'), hex('81 a161 01')])) as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it.each([
    ['arrays', '91'],
    ['maps', '81a161'],
  ])('marks levels of %s beyond the limit, and continues after them', (_, level) => {
    const leaf = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && Object.keys(value).length > 0
        ? leaf(Object.values(value)[0])
        : value;
    for (const levels of [7, 8, 9, 1000]) {
      const value = read(hex(`92${level.repeat(levels)}c001`)) as unknown[];
      expect(value[1]).toBe(1);
      expect(leaf(value)).toEqual(levels < 8 ? null : { [CUT]: 'too_deep' });
    }
  });
});
