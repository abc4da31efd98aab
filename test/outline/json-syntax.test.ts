/** What is skipped is exactly what JSON.parse reads: the same texts, to the same ends. */
import { describe, expect, test } from 'vitest';
import { MAX_LEVELS, skipString, skipValue, Text } from '../../src/outline/json-syntax.ts';
import { jsonText } from '../json/arbitrary.ts';
import fc from '../properties.ts';

const { value } = jsonText({ space: ' \n\r\t', beyondJson: false });

/** Where the value at the start of a text ends, with other bytes before and after it, which must have no effect. */
function endOf(text: Uint8Array, before: number, behind: Uint8Array, maxLevels = MAX_LEVELS): number {
  const whole = Buffer.concat([Buffer.alloc(before, 0x22), text, behind]);
  const { bytes, view } = new Text(whole.subarray(before, before + text.length));
  return skipValue(bytes, view, 0, maxLevels);
}

/** Bytes after the end that would complete many values that are cut. */
const completions = ['', '"', '"}', '}', ']', '0', 'e', ' ', '\\"', 'rue', 'ull', 'u0041"'].map((text) =>
  Buffer.from(text),
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A value has no blanks around it. */
function checkSame(text: Uint8Array): void {
  const spelled = Buffer.from(text).toString();
  const isValue = isJson(spelled) && !/^[ \n\r\t]|[ \n\r\t]$/.test(spelled);
  for (const [index, behind] of completions.entries()) {
    const end = endOf(text, index % 4, behind);
    if ((end === text.length) !== isValue) throw new Error(`${JSON.stringify(spelled)} ends at ${end}`);
    if (end > text.length) throw new Error(`${JSON.stringify(spelled)} is read beyond its end`);
  }
}

const change = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('replace', 'insert', 'remove', 'cut'),
  byte: fc.oneof(
    fc.constantFrom(...Buffer.from('"\\{}[]:,0123456789+-.eEtrufalsn/bx \n\t\r\0\u001f\u007f')),
    fc.nat({ max: 255 }),
  ),
});

function changed(text: string, { at, kind, byte }: { at: number; kind: string; byte: number }): Buffer {
  const bytes = Buffer.from(text);
  const place = at % (bytes.length + (kind === 'insert' ? 1 : 0));
  if (kind === 'cut') return bytes.subarray(0, place);
  const middle = kind === 'remove' ? [] : [byte];
  return Buffer.concat([
    bytes.subarray(0, place),
    Buffer.from(middle),
    bytes.subarray(place + (kind === 'insert' ? 0 : 1)),
  ]);
}

describe('skipValue', () => {
  test('skips everything that JSON.parse reads, whatever follows', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(',', ']', '}', ' ', '\n', ':', ''), (text, behind) => {
        checkSame(Buffer.from(text));
        const { bytes, view } = new Text(Buffer.from(`x${text}${behind}`));
        expect(skipValue(bytes, view, 1, MAX_LEVELS)).toBe(bytes.length - behind.length);
      }),
      { numRuns: 500 },
    );
  });

  test('accepts nothing else: one byte changed, added, removed, or the rest cut', () => {
    fc.assert(
      fc.property(value, change, (text, how) => checkSame(changed(text, how))),
      { numRuns: 3000 },
    );
  });

  test('agrees with JSON.parse on each text of up to four tokens', () => {
    const tokens = ['{', '}', '[', ']', ':', ',', '"a"', '"', '1', 'true', ' '];
    for (const a of tokens) {
      for (const b of ['', ...tokens]) {
        for (const c of ['', ...tokens]) for (const d of ['', ...tokens]) checkSame(Buffer.from(a + b + c + d));
      }
    }
  });

  test('agrees with JSON.parse on numbers of every form', () => {
    const parts = [
      '',
      '-',
      '+',
      '0',
      '1',
      '9',
      '00',
      '01',
      '10',
      '.',
      '.0',
      '.5',
      'e',
      'E',
      'e1',
      'E+1',
      'e-01',
      'e+',
      '_',
      'n',
    ];
    for (const a of parts) for (const b of parts) for (const c of parts) checkSame(Buffer.from(a + b + c));
  });

  test('agrees with JSON.parse on every byte after a backslash, and every digit of a code', () => {
    for (let byte = 0; byte < 128; byte++) {
      const letter = String.fromCharCode(byte);
      checkSame(Buffer.from(`"a\\${letter}b"`));
      checkSame(Buffer.from(`{"\\${letter}":1}`));
      for (let place = 0; place < 4; place++)
        checkSame(Buffer.from(`"\\u${'0aF9'.slice(0, place)}${letter}${'0aF9'.slice(place + 1)}"`));
    }
  });

  test('finds the end of a string with any byte at any place of a word', () => {
    for (let length = 0; length <= 40; length++) {
      for (const special of [...Array(0x30).keys(), 0x5b, 0x5c, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff]) {
        for (let place = 0; place < length; place++) {
          const inner = Buffer.alloc(length, 0x61);
          inner[place] = special;
          for (let shift = 0; shift < 4; shift++) {
            const { bytes, view } = new Text(
              Buffer.concat([Buffer.alloc(shift), Buffer.from('"'), inner, Buffer.from('"')]),
            );
            const expected =
              special === 0x22 ? shift + place + 2 : special < 0x20 || special === 0x5c ? -1 : bytes.length;
            if (skipString(bytes, view, shift) !== expected) {
              expect.fail(`byte ${special} at ${place} of ${length}, shifted by ${shift}`);
            }
          }
        }
      }
    }
  });

  test.each([1, 2, 12, 255, 256, 1000])('nests %i levels and no deeper', (most) => {
    const wholes = (depth: number) => [
      '['.repeat(depth) + ']'.repeat(depth),
      `${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`,
    ];
    const mixed = (depth: number) => `${'[{"a":['.repeat(depth)}1${']}]'.repeat(depth)}`;
    const allowed = Math.min(most, MAX_LEVELS);
    for (const text of wholes(allowed)) expect(endOf(Buffer.from(text), 0, Buffer.alloc(0), most)).toBe(text.length);
    for (const text of wholes(allowed + 1)) expect(endOf(Buffer.from(text), 0, Buffer.alloc(0), most)).toBe(-1);
    const third = Math.floor(allowed / 3);
    if (third > 0) expect(endOf(Buffer.from(mixed(third)), 0, Buffer.alloc(0), most)).toBe(mixed(third).length);
    expect(endOf(Buffer.from(mixed(third + 1)), 0, Buffer.alloc(0), most)).toBe(-1);
    // An empty map or list is a level as well, and earlier siblings do not count.
    const siblings = `[${'[],{},'.repeat(500)}0]`;
    expect(endOf(Buffer.from(siblings), 0, Buffer.alloc(0), most)).toBe(most > 1 ? siblings.length : -1);
  });

  test('accepts only scalars if no level is allowed', () => {
    expect(endOf(Buffer.from('1'), 0, Buffer.alloc(0), 0)).toBe(1);
    expect(endOf(Buffer.from('[]'), 0, Buffer.alloc(0), 0)).toBe(-1);
  });
});
