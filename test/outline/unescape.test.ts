import { expect, test } from 'vitest';
import { Unescaped } from '../../src/outline/unescape.ts';
import { spelled } from '../json/arbitrary.ts';
import fc from '../properties.ts';

/** The content of a string; undefined for half of a surrogate pair, and for anything that is not a string. */
function unescaped(text: string): Buffer | undefined {
  const bytes = Buffer.from(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const target = new Unescaped(2 * bytes.length);
  // After another text, which must not change.
  target.add(Buffer.from('"***"'), new DataView(Uint8Array.from(Buffer.from('"***"')).buffer), 0);
  const end = target.add(bytes, view, 0);
  expect(Buffer.from(target.bytes.subarray(0, 3)).toString()).toBe('***');
  if (end === -1) {
    expect(target.length).toBe(3);
    return undefined;
  }
  expect(end).toBe(bytes.length);
  return Buffer.from(target.bytes.subarray(3, target.length));
}

const units = fc.oneof(
  fc.nat({ max: 0x7f }),
  fc.nat({ max: 0xffff }),
  fc.integer({ min: 0xd800, max: 0xdfff }),
  fc.constantFrom(0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff),
);

test('gives the same bytes as JSON.parse', () => {
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

test('half of a surrogate pair is refused at the end, before a text and before another escape', () => {
  for (const inner of ['\\ud800', '\\ud800a', '\\ud800\\n', '\\udc00', '\\ud800\\ud800\\udc00', 'x\\udbff']) {
    expect(unescaped(`"${inner}"`), inner).toBeUndefined();
  }
});

test('anything but a string is refused: cut anywhere, control characters, invalid escapes', () => {
  const text = '"a\\u00e4b\\n\\\\c\\ud83d\\ude00d"';
  expect(unescaped(text)).toEqual(Buffer.from(JSON.parse(text)));
  for (let end = 1; end < text.length; end++) expect(unescaped(text.slice(0, end)), text.slice(0, end)).toBeUndefined();
  for (const inner of ['\n', '\u0000', 'abcd\u001fefgh', '\\x12', '\\u12g4', '\\']) {
    expect(unescaped(`"${inner}"`), inner).toBeUndefined();
  }
});
