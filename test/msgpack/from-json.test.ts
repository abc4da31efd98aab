import { decode as decodeOther } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/msgpack/decode.ts';
import { encode } from '../../src/msgpack/encode.ts';
import { fromJson } from '../../src/msgpack/from-json.ts';
import { endOfValue, pairs } from '../../src/msgpack/scan.ts';
import { Problem } from '../../src/problem.ts';
import { jsonText, textOfMap } from '../json/arbitrary.ts';
import fc from '../properties.ts';

const limits = { maxDepth: 64 };
const convert = (json: Uint8Array) => Buffer.from(fromJson(json, 0, json.length, limits));
const hexOf = (json: string) => convert(Buffer.from(json)).toString('hex');
const { value, map, gap } = jsonText({ space: ' \n\r\t', beyondJson: false });

/** The result of JSON.parse for a text, but with integers exact to 64 bits. */
function exact(text: string): unknown {
  return JSON.parse(text, (_, value, context?: { source?: string }) => {
    const source = context?.source ?? '';
    if (typeof value !== 'number' || !/^-?\d+$/.test(source) || Number.isSafeInteger(value)) return value;
    const integer = BigInt(source);
    return integer >= -(2n ** 63n) && integer < 2n ** 64n ? integer : value;
  });
}

describe('fromJson', () => {
  it('keeps the values of any JSON, integers exactly', () => {
    fc.assert(
      fc.property(gap, value, gap, (before, text, behind) => {
        // A reviver treats `__proto__` as the prototype, and UTF-8 has no lone surrogates.
        fc.pre(!/__proto__|\\u[dD][89a-fA-F]|\\u005f/.test(text));
        const packed = convert(Buffer.from(before + text + behind));
        expect(decode(packed, 0, packed.length, limits)).toEqual(exact(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('writes the smallest forms, as encode does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/[\d.]e|__proto__|\d{16}/.test(text) && !Object.is(value, -0));
        expect(hexOf(text)).toBe(Buffer.from(encode(JSON.parse(text))).toString('hex'));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the order of keys, and duplicate keys', () => {
    fc.assert(
      fc.property(map, (made) => {
        const packed = convert(Buffer.from(textOfMap(made)));
        const keys = pairs(packed, 0, packed.length).map(({ start }) =>
          decodeOther(packed.subarray(start, endOfValue(packed, start, packed.length) as number)),
        );
        expect(keys).toEqual(made.members.map(({ key }) => key.toWellFormed()));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['the largest uint64', '18446744073709551615', 'cfffffffffffffffff'],
    ['the integer behind it', '18446744073709551616', 'cb43f0000000000000'],
    ['the smallest int64', '-9223372036854775808', 'd38000000000000000'],
    ['the integer before it', '-9223372036854775809', 'cbc3e0000000000000'],
    ['an integer of many digits', '100000000000000000000000000000000', 'cb4693b8b5b5056e17'],
    ['1.0', '1.0', 'cb3ff0000000000000'],
    ['1e3', '1e3', 'cb408f400000000000'],
    ['-0', '-0', 'cb8000000000000000'],
    ['nan', 'nan', 'cb7ff8000000000000'],
    ['-inf', '-inf', 'cbfff0000000000000'],
    ['a key that is no string', '{1:null}', '81a131c0'],
    ['a pair of surrogates', '"\\ud83d\\ude00"', 'a4f09f9880'],
    ['a lone surrogate', '"\\ud83dx\\ude00"', 'a7efbfbd78efbfbd'],
    ['two high surrogates', '"\\ud83d\\ud83d\\ude00"', 'a7efbfbdf09f9880'],
    ['bad escapes', '"\\x12\\u12"', 'a85c7831325c753132'],
    ['every short escape', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', 'a8225c2f080c0a0d09'],
    ['an escape that makes the header smaller', `"${'\\u0061'.repeat(31)}"`, `bf${'61'.repeat(31)}`],
    ['an array of 16', `[${Array(16).fill(0)}]`, `dc0010${'00'.repeat(16)}`],
    ['an array of 65,536', `[${Array(65536).fill(0)}]`, `dd00010000${'00'.repeat(65536)}`],
    ['containers behind wide headers', `[[${Array(16).fill('{}')}],[]]`, `92dc0010${'80'.repeat(16)}90`],
  ])('writes %s', (_, json, hex) => {
    expect(hexOf(json)).toBe(hex);
  });

  it('keeps bytes that are not UTF-8', () => {
    expect(convert(Buffer.from([0x22, 0xff, 0x5c, 0x6e, 0xc3, 0x22])).toString('hex')).toBe('a3ff0ac3');
  });

  it.each([
    ['a cut map', '{"a":1', "byte 6: expected ',' or '}', found the end"],
    ['a cut string', '{"a":"x', `byte 7: expected '"', found the end`],
    ['a missing comma', '{"a":1 "b":2}', `byte 7: expected ',' or '}', found '"'`],
    ['a missing colon', '{"a" 1}', "byte 5: expected ':', found '1'"],
    ['a comma too many', '[1,]', "byte 3: expected a value, found ']'"],
    ['a missing key', '{"a":1,}', "byte 7: expected a key, found '}'"],
    ['a word', '[oops]', "byte 1: expected a value, found 'o'"],
    ['a second value', '{} 1', "byte 3: expected nothing more, found '1'"],
    ['nothing', ' ', 'byte 1: expected a value, found the end'],
  ])('refuses %s', (_, json, message) => {
    expect(() => hexOf(json)).toThrow(expect.objectContaining({ code: 'record.malformed', message }));
  });

  it('refuses more levels than the limit, even 100,000', () => {
    expect(hexOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toHaveLength(128);
    for (const levels of [65, 100_000]) {
      expect(() => hexOf('['.repeat(levels))).toThrow(expect.objectContaining({ code: 'record.too_deep' }));
    }
  });

  it('throws problems only', () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.nat({ max: 255 }), (text, at, byte) => {
        const bytes = Buffer.from(text);
        bytes[at % bytes.length] = byte;
        try {
          const packed = convert(bytes);
          expect(endOfValue(packed, 0, packed.length)).toBe(packed.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
