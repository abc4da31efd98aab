import { expect, it } from 'vitest';
import { mayContainAny } from '../../../src/sigma/match/contains-any.ts';
import fc from '../../properties.ts';

const letters = (least: number, most: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'ß', '😀', '\ud800', '-'), minLength: least, maxLength: most });

it('never rules out a text that contains a word', () => {
  fc.assert(
    fc.property(fc.array(letters(3, 6), { maxLength: 40 }), letters(0, 60), (words, text) => {
      const mayContain = mayContainAny(words)!;
      if (words.some((word) => text.includes(word))) expect(mayContain(text)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

it('rules out other texts if the words differ enough', () => {
  const words = Array.from({ length: 200 }, (_, index) => `https://pool-${index}.example`);
  const mayContain = mayContainAny(words)!;
  expect(mayContain('a https://pool-17.example b')).toBe(true);
  expect(mayContain('https://pool.example '.repeat(100))).toBe(false);
  expect(mayContain('')).toBe(false);
});

it('is undefined if a word is too short', () => {
  expect(mayContainAny(['abc', 'ab'])).toBeUndefined();
});

it('rules out everything if there are no words', () => {
  expect(mayContainAny([])!('anything')).toBe(false);
});
