import { decode as decodeOther, encode as encodeOther } from '@msgpack/msgpack';
import { describe, expect, it, test } from 'vitest';
import { fromJson } from '../../src/msgpack/from-json.ts';
import { toJson } from '../../src/msgpack/to-json.ts';
import { jsonText } from '../json/arbitrary.ts';
import fc from '../properties.ts';
import { packedValue } from './arbitrary.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const jsonOf = (packed: Uint8Array, first?: string) => Buffer.from(toJson(packed, 0, packed.length, first)).toString();
const packed = (json: string) => fromJson(Buffer.from(json), 0, Buffer.byteLength(json), { maxDepth: 100_000 });
const { value } = jsonText({ space: ' \n\r\t', beyondJson: false });

describe('toJson', () => {
  it('is reversed by fromJson: every value is restored, with keys in order, duplicates included', () => {
    fc.assert(
      fc.property(value, (text) => {
        const before = packed(text);
        // 1e400 is beyond a float.
        fc.pre(!jsonOf(before).includes('Infinity'));
        expect(Buffer.from(packed(jsonOf(before))).equals(before)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is JSON on one line, whatever the value', () => {
    fc.assert(
      fc.property(packedValue, (bytes) => {
        const json = jsonOf(bytes);
        JSON.parse(json);
        expect(json).not.toContain('\n');
      }),
      { numRuns: 500 },
    );
  });

  it('has the values that another decoder finds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // A key that the other decoder refuses.
        fc.pre(!JSON.stringify(value).includes('__proto__'));
        expect(decodeOther(packed(jsonOf(encodeOther(value))))).toEqual(decodeOther(encodeOther(value)));
      }),
    );
  });

  test.each([
    ['the largest integer', 'cf ffffffffffffffff', '18446744073709551615'],
    ['the smallest integer', 'd3 8000000000000000', '-9223372036854775808'],
    ['a negative byte', 'ff', '-1'],
    ['a float without a fraction', 'cb 3ff0000000000000', '1.0'],
    ['a negative zero', 'cb 8000000000000000', '-0.0'],
    ['a float of 32 bits', 'ca 3dcccccd', '0.10000000149011612'],
    ['a large float', 'cb 4415af1d78b58c40', '100000000000000000000.0'],
    ['a larger one', 'cb 7fefffffffffffff', '1.7976931348623157e+308'],
    ['no number', 'cb 7ff8000000000000', '"NaN"'],
    ['no end', 'ca 7f800000', '"Infinity"'],
    ['no end below', 'ca ff800000', '"-Infinity"'],
    ['nil and booleans', '93 c0 c2 c3', '[null,false,true]'],
    ['a text', 'a7 61220a5cc3a9f0', '"a\\"\\n\\\\é\ufffd"'],
    ['a text with a NUL', 'a1 00', '"\\u0000"'],
    ['a bin that is a text', 'c4 02 c3a9', '"é"'],
    ['a bin that is none', 'c4 02 ff00', '"/wA="'],
    ['an ext', 'd7 00 6553f100075bcd15', '{"ext":0,"data":"ZVPxAAdbzRU="}'],
    ['an ext of any length', 'c7 03 fb 010203', '{"ext":-5,"data":"AQID"}'],
    ['an empty ext of a wide length', 'c9 00000000 07', '{"ext":7,"data":""}'],
    ['keys that are no texts', '84 01 c0 c0 01 cb3ff8000000000000 02 c4016b 03', '{"1":null,"null":1,"1.5":2,"k":3}'],
    ['keys that nest', '82 81c0c0 01 9101 02', '{"{…}":1,"[…]":2}'],
    ['a key twice', '82 a161 01 a161 02', '{"a":1,"a":2}'],
    ['nothing in them', '92 80 90', '[{},[]]'],
  ])('writes %s', (_, bytes, json) => {
    expect(jsonOf(hex(bytes))).toBe(json);
  });

  it('puts members before those of a map', () => {
    expect(jsonOf(hex('81 a161 80'), '"b":1')).toBe('{"b":1,"a":{}}');
    expect(jsonOf(hex('80'), '"b":1')).toBe('{"b":1}');
  });

  it('handles a value however deep it nests', () => {
    const deep = `${'['.repeat(50_000)}9007199254740993${']'.repeat(50_000)}`;
    expect(jsonOf(packed(deep))).toBe(deep);
  });
});
