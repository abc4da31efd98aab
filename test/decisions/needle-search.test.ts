/** One search finds what a separate search for each needle finds. */
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { NeedleSearch } from '../../src/decisions/needle-search.ts';
import { randomFrom } from '../fuzz/fuzz.ts';

/** The needles in a text; undefined if it is not searched. */
function found(search: NeedleSearch, needles: readonly string[], text: string, isJson = false): string[] | undefined {
  const bytes = Buffer.from(`#${text}#`);
  const numbers = new Set<number>();
  const isSearched = search.find(bytes, 1, bytes.length - 1, isJson, (needle) => {
    numbers.add(needle);
    return false;
  });
  return isSearched ? needles.filter((_, index) => numbers.has(index)) : undefined;
}

test('finds the needles in texts of few characters, whatever the needles are', () => {
  const random = randomFrom(3);
  const word = (characters: string, length: number) =>
    Array.from({ length }, () => characters[random(characters.length)]).join('');
  for (let round = 0; round < 60; round++) {
    const needles = [...new Set(Array.from({ length: 1 + random(300) }, () => word('ab-', 3 + random(6))))];
    const search = new NeedleSearch(needles);
    for (let index = 0; index < 30; index++) {
      const text = word('aAbB-é"\\\n', random(40));
      const folded = text.toLowerCase();
      const expected = needles.filter((needle) => folded.includes(needle));
      expect(found(search, needles, text)).toEqual(expected);
      expect(found(search, needles, JSON.stringify(text).slice(1, -1), true)).toEqual(expected);
      const spelled = [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
      expect(found(search, needles, spelled, true)).toEqual(expected);
    }
  }
});

describe('characters that may fold to ASCII', () => {
  const needles = ['k8s', 'sit', 'it-', 'ask'];
  const search = new NeedleSearch(needles);

  test.each(['\u212a8s', '\u017fit', '\u0130t-', 'a\u017fk', 'a \u212a'])('%s is not searched', (text) => {
    expect(found(search, needles, text)).toBeUndefined();
    expect(found(search, needles, text, true)).toBeUndefined();
    const escaped = [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    expect(found(search, needles, escaped, true)).toBeUndefined();
  });

  test('are these three alone', () => {
    const isCaseless = RE2JS.compile('[\\x00-\\x7f]', RE2JS.CASE_INSENSITIVE);
    const odd: string[] = [];
    for (let code = 0x80; code <= 0x10ffff; code++) {
      const text = String.fromCodePoint(code);
      if (code < 0x3000 && isCaseless.test(text)) odd.push(code.toString(16));
      else if (/[\0-\x7f]/.test(text.toLowerCase())) odd.push(code.toString(16));
    }
    expect(odd).toEqual(['130', '17f', '212a']);
  });

  test('other characters are searched', () => {
    expect(found(search, needles, 'ÅŁ…“K8S”ı')).toEqual(['k8s']);
  });
});

test('a text that is too long is not searched, and a search ends early once one needle is enough', () => {
  const search = new NeedleSearch(['abc']);
  const long = Buffer.alloc(256 * 1024 + 1, 'abc');
  expect(search.find(long, 0, long.length, false, () => true)).toBe(false);
  let calls = 0;
  expect(search.find(long, 0, long.length - 1, false, () => ++calls === 2)).toBe(true);
  expect(calls).toBe(2);
});
