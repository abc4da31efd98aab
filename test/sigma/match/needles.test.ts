/** A text that passes a test contains one of its needles. */
import { expect, test } from 'vitest';
import { regexNeedles } from '../../../src/sigma/match/needles.ts';
import { fold } from '../../../src/sigma/match/pattern.ts';
import { compileRegex } from '../../../src/sigma/match/value-test.ts';
import { randomFrom } from '../../fuzz/fuzz.ts';

test.each([
  ['limit=500', ['limit=500']],
  ['[?&]resourceVersion=[1-9]', ['resourceversion=']],
  ['[?&]tty=(?:true|1)(?:&|$)', ['tty=1', 'tty=true']],
  ['^/(?:oauth|login|logout)(?:[/?]|$)', ['/oauth', '/login', '/logout']],
  ['^/(?:oauth|in)(?:[/?]|$)', ['/in', '/oauth']],
  ['(?i)ABC', ['abc']],
  ['(?i:ABC)d?', ['abc']],
  ['(?P<name>abc)(?<other>defg)', ['abcdefg']],
  ['abcd?', ['abc']],
  ['abc*de', undefined],
  ['abcd+ef', ['abcd']],
  ['abc{0,3}d', undefined],
  ['abc{2}de', ['abc']],
  ['(?:abcdef)?xyz', ['xyz']],
  ['(?:abcdef)+xyz', ['abcdefxyz']],
  ['(?:abcd|efgh)+xy', ['abcd', 'efgh']],
  ['a\\.b\\/c', ['a.b/c']],
  ['[abc]def', ['def']],
  ['[]abc]def', ['def']],
  ['[^]abc]def', ['def']],
  ['[[:alpha:]]+def', ['def']],
  ['[\\]abcd]', undefined],
  ['abc|def', ['abc', 'def']],
  ['abc|', undefined],
  ['', undefined],
  ['wörd-abc', ['rd-abc']],
  ['\\Qabc\\E', undefined],
  ['abc\\x41', undefined],
  ['abc\\pL', undefined],
  ['[\\pL]abc', undefined],
  ['abc\\d+', ['abc']],
  ['\\babc\\b', ['abc']],
  ['ab\\sc', ['ab\tc', 'ab\nc', 'ab\fc', 'ab\rc', 'ab c']],
  ['ab(?:c|d)e', ['abce', 'abde']],
  ['ab(?:c\\d)?ef', ['abc', 'abef']],
  ['(?:abc\\d|def\\d)?gh', undefined],
  ['(?:abc\\d|def\\d)?ghi', ['ghi']],
  ['abc(?:\\d|e)?fg', ['abc']],
  ['a(?:b|c)?(?:d|e)?f', undefined],
] as const)('the needles of %s', (source, needles) => {
  expect(regexNeedles(source)).toEqual(needles);
});

test('a text that matches a random expression contains one of its needles', () => {
  const random = randomFrom(5);
  const one = (list: readonly string[]) => list[random(list.length)]!;
  const expression = (depth: number): string => {
    const parts = Array.from({ length: 1 + random(4) }, () => {
      const atom =
        depth > 0 && random(3) === 0
          ? `${one(['(', '(?:', '(?i:'])}${expression(depth - 1)}${random(2) ? `|${expression(depth - 1)}` : ''})`
          : one(['abc', 'a', 'ab', 'cab', 'A', '[ab]', '.', '\\.', '^', '$', '\\w', '\\s', '\\b', 'b']);
      return atom + (/^[$^]/.test(atom) ? '' : one(['', '', '', '?', '*', '+', '{2}', '{0,1}', '{1,}', '*?']));
    });
    return parts.join('');
  };
  let passed = 0;
  for (let index = 0; index < 3000; index++) {
    const source = expression(2);
    const needles = regexNeedles(source);
    const regex = compileRegex(source, []);
    for (let each = 0; each < 30; each++) {
      const text = Array.from({ length: random(12) }, () => one(['a', 'b', 'c', 'A', '.', ' ', 'abc'])).join('');
      if (needles === undefined || !regex.test(text)) continue;
      passed++;
      expect(
        needles.some((needle) => fold(text).includes(needle)),
        `${source} in ${text}`,
      ).toBe(true);
    }
  }
  expect(passed).toBeGreaterThan(500);
});
