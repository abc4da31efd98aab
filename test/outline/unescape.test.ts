import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unescapeTo } from '../../src/outline/unescape.ts';
import { spelled } from '../json/arbitrary.ts';

/** What a string says, and how many bytes it takes; undefined for half of a surrogate pair. */
function unescaped(text: string): Buffer | undefined {
  const bytes = Buffer.from(text);
  const target = Buffer.alloc(bytes.length + 8, 0x2a);
  const length = unescapeTo(target, 3, bytes, 1, bytes.length - 1);
  const used = Math.max(0, length);
  // Nothing is written before or beyond.
  if (length !== -1) {
    expect(target.subarray(0, 3).toString()).toBe('***');
    expect(target.subarray(3 + used).every((byte) => byte === 0x2a)).toBe(true);
  }
  return length === -1 ? undefined : target.subarray(3, 3 + used);
}

const units = fc.oneof(
  fc.nat({ max: 0x7f }),
  fc.nat({ max: 0xffff }),
  fc.integer({ min: 0xd800, max: 0xdfff }),
  fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff),
);

test('gives the bytes of what JSON.parse gives', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }).chain(spelled), (text) => {
      expect(unescaped(text)).toEqual(Buffer.from(JSON.parse(text)));
    }),
    { numRuns: 1000 },
  );
});

test('refuses half of a surrogate pair, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(units, { maxLength: 6 }), fc.boolean(), (codes, isUpper) => {
      const hex = (code: number) => code.toString(16).padStart(4, '0');
      const text = `"${codes.map((code) => `\\u${isUpper ? hex(code).toUpperCase() : hex(code)}`).join('')}"`;
      const said: string = JSON.parse(text);
      expect(unescaped(text)).toEqual(said.isWellFormed() ? Buffer.from(said) : undefined);
    }),
    { numRuns: 2000 },
  );
});

test.each([...'bfnrt"/\\'])('the escape %s', (letter) => {
  const text = `"a\\${letter}b\\\\"`;
  expect(unescaped(text)).toEqual(Buffer.from(JSON.parse(text)));
});

test('half of a pair at the end, before a text and before an escape that is none', () => {
  for (const inner of ['\\ud800', '\\ud800a', '\\ud800\\n', '\\udc00', '\\ud800\\ud800\\udc00', 'x\\udbff']) {
    expect(unescaped(`"${inner}"`), inner).toBeUndefined();
  }
});
