import { expect, test } from 'vitest';
import { parseExactly, stringifyExactly } from '../../src/json/exact.ts';
import fc from '../properties.ts';

test.each<[string, unknown]>([
  ['9007199254740993', 9007199254740993n],
  ['-9223372036854775808', -9223372036854775808n],
  ['{"a":[18446744073709551615]}', { a: [18446744073709551615n] }],
  ['9007199254740991', 9007199254740991],
  ['1234567890123456.5', 1234567890123456.5],
  ['1e300', 1e300],
  ['1'.repeat(30), Number('1'.repeat(30))],
  ['"9007199254740993"', '9007199254740993'],
  ['{"id":"9007199254740993","n":1}', { id: '9007199254740993', n: 1 }],
])('%s', (text, value) => expect(parseExactly(text)).toEqual(value));

test.each([
  '{"a":[1,"b",null,true],"n":9007199254740993}',
  '[18446744073709551615,-9223372036854775808,{"__proto__":9007199254740993}]',
  '{"a":1.5,"b":"9007199254740993"}',
])('%s is written as it was read', (text) => expect(stringifyExactly(parseExactly(text))).toBe(text));

test('a key is data, whatever its name', () => {
  const parsed = parseExactly('{"__proto__":9007199254740993}') as object;
  expect(Object.entries(parsed)).toEqual([['__proto__', 9007199254740993n]]);
});

test('everything else equals the result of JSON.parse', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify({ long: '1234567890123456', value });
      const exact = JSON.parse(
        JSON.stringify(parseExactly(text), (_, item) => (typeof item === 'bigint' ? Number(item) : item)),
      );
      expect(exact).toEqual(JSON.parse(text));
    }),
  );
});

test('an integer of sixteen or more digits is exact, wherever it begins', () => {
  for (let before = 0; before < 40; before++) {
    for (const digits of ['9007199254740993', '-9007199254740993', '90071992547409931', '18446744073709551615']) {
      const text = `["${'1'.repeat(before % 16)}${' '.repeat(before)}",${digits}]`;
      expect((parseExactly(text) as unknown[])[1]).toBe(BigInt(digits));
    }
  }
});
