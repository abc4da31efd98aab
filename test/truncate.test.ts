import { expect, test } from 'vitest';
import { truncate, truncateText } from '../src/truncate.ts';
import fc from './properties.ts';

test.each([
  ['', 3, ''],
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  // Half of a surrogate pair is not valid text.
  ['a😀b', 3, 'a\u{fffd}…'],
])('%j is at most %i long: %j', (text, length, expected) => expect(truncateText(text, length)).toBe(expected));

const long = 'x'.repeat(100_000);

test.each([
  ['a text', long, `${'x'.repeat(1999)}…`],
  ['a text that would be cut inside a surrogate pair', `${'x'.repeat(1998)}😀${long}`, `${'x'.repeat(1998)}\ufffd…`],
  ['a text in a map', { code: 400, message: long }, { code: 400, message: `${'x'.repeat(1999)}…` }],
])('%s that is long ends with …', (_name, value, expected) => {
  expect(truncate(value)).toEqual(expected);
});

test.each([
  ['a list', Array(100_000).fill('10.0.0.1')],
  ['a list of long texts', Array(100).fill(long)],
  ['a list of lists', Array(100_000).fill([[]])],
  ['a map', Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, n]))],
  ['a map with long keys', { a: 1, [long]: 1, b: { [`${long}b`]: 1 } }],
  ['maps in maps', Array.from({ length: 4000 }).reduce<unknown>((inner) => ({ inner }), 1)],
])('%s that is long says that there is more', (_name, value) => {
  const text = JSON.stringify(truncate(value));
  expect(text.length).toBeLessThan(20_000);
  expect(text).toContain('…');
});

test('what is short is shown as it is, whatever its keys', () => {
  for (const value of [null, 7, 2n ** 64n, '', 'ann', [], ['10.0.0.1', 7], JSON.parse('{"__proto__":{"a":null}}')]) {
    expect(truncate(value)).toStrictEqual(value);
  }
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      fc.pre(JSON.stringify(value).length < 500);
      expect(JSON.stringify(truncate(value))).toBe(JSON.stringify(value));
    }),
  );
});
