/** A member is found where JSON.parse finds it, or its place is reported as unclear. */
import { expect, test } from 'vitest';
import { findJsonMember, NONE, UNCLEAR } from '../../src/outline/find-member.ts';
import fc from '../properties.ts';

function find(text: string, key: string, start = 0): number {
  const bytes = Buffer.from(text);
  return findJsonMember(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, Buffer.from(key));
}

test('the value of a member is found, whatever surrounds it', () => {
  const key = fc.constantFrom('a', 'b', 'metadata', 'metadat', 'metadata2', '');
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.uniqueArray(key), fc.array(value, { minLength: 6, maxLength: 6 }), key, (names, values, wanted) => {
      for (const indent of [0, 2]) {
        const map = Object.fromEntries(names.map((name, index) => [name, values[index]]));
        const text = JSON.stringify(map, null, indent);
        const found = find(text, wanted);
        if (!names.includes(wanted)) expect(found).toBe(NONE);
        else {
          const spelled = JSON.stringify(map[wanted], null, indent).split('\n')[0]!;
          expect(text.slice(found, found + spelled.length)).toBe(spelled);
        }
      }
    }),
  );
});

test.each([
  ['{"a":1,"a":2}', UNCLEAR],
  ['{"a":1,"b":{"a":2}}', 5],
  ['{"b":{"a":2}}', NONE],
  ['{"b":"\\"a\\":1"}', NONE],
  ['{"\\u0061":1}', UNCLEAR],
  ['{"b\\u0061":1}', UNCLEAR],
  ['{"a":1', UNCLEAR],
  ['{"a":[1 2]}', UNCLEAR],
  ['{a:1}', UNCLEAR],
  ['[1]', UNCLEAR],
  ['{ }', NONE],
])('a search for a member in %s', (text, expected) => {
  expect(find(text, 'a')).toBe(expected);
});

test('a map within a text is searched at its own place', () => {
  expect(find('{"x":{"a":1}}', 'a', 5)).toBe(10);
  expect(find('{"x":{"b":1},"a":1}', 'a', 5)).toBe(NONE);
});
