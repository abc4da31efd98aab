import { describe, expect, it } from 'vitest';
import { compilePattern, openPattern, parsePattern, printPattern } from '../../../src/sigma/match/pattern.ts';
import fc from '../../properties.ts';

const star = { wildcard: '*' };
const one = { wildcard: '?' };

describe('reading', () => {
  it.each([
    ['a\\b', ['a\\b']],
    ['a\\\\b', ['a\\b']],
    ['a\\*b', ['a*b']],
    ['a\\\\*b', ['a\\', star, 'b']],
    ['a\\\\\\*b', ['a\\*b']],
    ['a\\\\\\b', ['a\\\\b']],
    ['a\\\\\\\\b', ['a\\\\b']],
    ['\\\\server\\share', ['\\server\\share']],
    ['C:\\Windows\\*', ['C:\\Windows*']],
    ['trailing\\', ['trailing\\']],
    ['a?b', ['a', one, 'b']],
    ['a\\?b', ['a?b']],
    ['a**b', ['a', star, 'b']],
    ['*', [star]],
    ['', []],
  ])('%s', (text, pattern) => {
    expect(parsePattern(text)).toEqual(pattern);
  });

  it('a wildcard at an edge is not doubled', () => {
    expect(openPattern(parsePattern('*a'), { before: true, after: true })).toEqual([star, 'a', star]);
  });
});

describe('matching', () => {
  it.each([
    ['abc', 'ABC', true],
    ['abc', 'abcd', false],
    ['a*c', 'a\n\r\u2028c', true],
    ['a*c', 'ac', true],
    ['a?c', 'ac', false],
    ['a?c', 'a\nc', true],
    ['a?c', 'a😀c', true],
    ['a?c', 'a\ud800c', true],
    ['a??c', 'a😀c', false],
    ['?', '', false],
    ['?*', '', false],
    ['?*', '😀', true],
    ['?*', 'ab', true],
    ['\\?*', 'ab', false],
    ['?\\*', 'ab', false],
    ['?*?', 'a', false],
    ['', '', true],
    ['', ' ', false],
    ['*ab*ab*', 'xabx', false],
    ['*ab*ab*', 'xabab', true],
    ['aba*aba', 'ababa', false],
    ['aba*aba', 'abaaba', true],
    ['a.c', 'abc', false],
    ['a.?', 'a.c', true],
    ['ΟΔΟΣ*', 'οδοσα', true],
    ['straße', 'STRASSE', false],
    ['ÄÖ', 'äö', true],
  ])('%s on %j: %s', (pattern, text, expected) => {
    expect(compilePattern(parsePattern(pattern), false)(text)).toBe(expected);
  });

  it('is case-sensitive on request', () => {
    expect(compilePattern(parsePattern('*Pod?'), true)('aPodx')).toBe(true);
    expect(compilePattern(parsePattern('*Pod?'), true)('apodx')).toBe(false);
    expect(compilePattern(parsePattern('*Pod*'), true)('apodx')).toBe(false);
  });

  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\', '.'), maxLength: 12 });

  it('agrees with a backtracking regular expression', () => {
    fc.assert(
      fc.property(letters, letters, fc.boolean(), (text, subject, isOpen) => {
        const pattern = openPattern(parsePattern(text), { before: isOpen, after: false });
        const source = pattern.map((part) => {
          if (typeof part !== 'string') return part.wildcard === '*' ? '.*' : '.';
          return part.replace(/[\\*?.]/g, '\\$&');
        });
        const oracle = new RegExp(`^(?:${source.join('')})$`, 's');
        expect(compilePattern(pattern, true)(subject)).toBe(oracle.test(subject));
      }),
    );
  });

  it('prints as text that parses to the same pattern', () => {
    fc.assert(
      fc.property(letters, (text) => {
        const pattern = parsePattern(text);
        expect(parsePattern(printPattern(pattern))).toEqual(pattern);
      }),
    );
  });

  it('stays linear where a backtracking matcher would not end', () => {
    const text = 'a'.repeat(50_000);
    expect(compilePattern(parsePattern(`${'a*'.repeat(50)}b`), false)(text)).toBe(false);
    expect(compilePattern(parsePattern(`${'?*'.repeat(50)}b`), false)(text)).toBe(false);
  });
});
