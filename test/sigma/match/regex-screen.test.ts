import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import type { RegexFlag } from '../../../src/sigma/ast.ts';
import { screenOf } from '../../../src/sigma/match/regex-screen.ts';
import { compileRegex } from '../../../src/sigma/match/value-test.ts';
import fc from '../../properties.ts';

function screen(source: string, ...flags: RegexFlag[]): string | undefined {
  return screenOf([{ source, flags }]);
}

/** An expression, and a text that it may match in part. */
type Pair = readonly [source: string, text: string];

const samples = [
  'abc',
  'sh',
  'kS',
  'a',
  'b',
  'c',
  '/dev',
  '.',
  '$',
  '=',
  '-',
  ']',
  '{',
  ' ',
  '\n',
  '_',
  '7',
  'ß',
  '😀',
];
const pieces = fc.constantFrom<Pair[]>(
  ...['abc', 'sh', 'kS', '/dev', 'ß', '{', '\\.', '\\$', '\\s', '\\S', '\\w', '\\W', '\\d', '\\D', '\\n', '.']
    .concat(['[^a]', '[ab]', '[a-c]', '[ =]', '[\\s-]', '[[:alpha:]]', '[]a]', '[a\\]b]', '[\\pL]'])
    .flatMap((source) => samples.map((text): Pair => [source, text]))
    .filter(([source, text]) => RE2JS.compile(`\\A${source}\\z`).test(text)),
);
const literals = fc.constantFrom('abc', 'sh', 'kS', '/dev', '-').map((text): Pair => [text, text]);
const anchors = fc.constantFrom<Pair[]>(['\\b', ''], ['\\B', ''], ['^', ''], ['$', '']);
const quantifiers = fc.constantFrom<[sign: string, times: number][]>(
  ...[0, 1, 2, 4].flatMap((times) =>
    ['?', '*', '+', '??', '*?', '+?', '{2}', '{0,2}', '{1,}', '{0}'].map((sign): [string, number] => [sign, times]),
  ),
);
const groups = fc.constantFrom('(', '(?:', '(?i:', '(?s:', '(?-i:', '(?:(?i)');
const { expression } = fc.letrec<{ expression: Pair; part: Pair }>((tie) => {
  const sequence = fc
    .array(tie('part'), { minLength: 3, maxLength: 6 })
    .map((all): Pair => [all.map(([source]) => source).join(''), all.map(([, text]) => text).join('')]);
  const group = fc
    .tuple(groups, tie('expression'))
    .map(([group, [source, text]]): Pair => [`${group}${source})`, text]);
  const repeated = fc
    .tuple(fc.oneof(pieces, group), quantifiers)
    .map(([[source, text], [sign, times]]): Pair => [`(?:${source})${sign}`, text.repeat(times)]);
  return {
    expression: fc
      .tuple(fc.array(sequence, { minLength: 1, maxLength: 3 }), fc.nat())
      .map(([all, chosen]): Pair => [all.map(([source]) => source).join('|'), all[chosen % all.length]![1]]),
    part: fc.oneof(
      { depthSize: 'small' },
      { arbitrary: literals, weight: 4 },
      { arbitrary: pieces, weight: 2 },
      anchors,
      group,
      repeated,
    ),
  };
});
const around = fc.string({ unit: fc.constantFrom(...'ab-/ \nß'), maxLength: 2 });
const respellings = fc.constantFrom<((text: string) => string)[]>(
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => text.replaceAll(/s/gi, 'ſ').replaceAll(/k/gi, '\u212a'),
);

describe('the screen of an expression', () => {
  it('is found wherever the expression is found, also in a longer text', () => {
    let found = 0;
    fc.assert(
      fc.property(
        expression,
        fc.subarray<RegexFlag>(['i', 'm', 's']),
        fc.tuple(around, around, respellings),
        ([source, sample], flags, [before, behind, respell]) => {
          const plain = screen(source, ...flags);
          if (plain === undefined) return;
          const text = respell(before + sample + behind);
          if (!compileRegex(source, flags).test(text)) return;
          found++;
          expect(new RegExp(plain).test(text)).toBe(true);
          expect(new RegExp(plain).test(`x\0${text}\0y`)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(found).toBeGreaterThan(200);
  });

  it('is the rarest sequence that a match must contain', () => {
    expect(screen('^GET .*/secrets/\\w+ HTTP$')).toBe('\\/secrets\\/[0-9A-Za-z_]');
    expect(screen('(?:nc|ncat)\\s+-e')).toBe('(?:nc|ncat)[\\t\\n\\f\\r ]');
    expect(screen('xx?yy+')).toBe('x(?:x)?yy');
    expect(screen('ab(?:x?c)d')).toBe('ab(?:x)?cd');
    expect(screen('ask', 'i')).toBe('[aA][sS\\u017f][kK\\u212a]');
  });

  it('combines the screens of several expressions', () => {
    const [one, other]: { source: string; flags: RegexFlag[] }[] = [
      { source: 'mkfifo', flags: [] },
      { source: 'telnet', flags: [] },
    ] as const;
    expect(screenOf([one!, other!])).toBe('mkfifo|telnet');
    expect(screenOf([one!, { source: '.*', flags: [] }])).toBeUndefined();
    expect(screenOf([])).toBeUndefined();
  });

  it.each([
    '',
    'a',
    '\\w+',
    '[^a]b',
    '.*',
    'abc|',
    '(?:abc)?',
    '(?P<n>abc)',
    '\\x41bc',
    'ß123',
    '\\pLabc',
    '\\Qabc\\E',
    'abc|x',
  ])('is undefined for %j, which is too vague or not understood', (source) => expect(screen(source)).toBeUndefined());

  it('has no more ways to match at a position than are quick to try', () => {
    expect(screen('a?'.repeat(40) + 'b'.repeat(40))).toBe('b'.repeat(40));
    expect(screen('(?:a|b)'.repeat(40))!.length).toBeLessThan(100);
    expect(screen('((((((((xy?){9}){9}){9}){9}){9}){9}){9}){9}')).toBeUndefined();
    const many = Array.from({ length: 2_000 }, (_, index) => `word-${index}`).join('|');
    expect(screen(`(?:${many})`)).toBeUndefined();
  });
});

it('agrees with RE2 on whitespace, word characters and word boundaries', () => {
  for (let code = 0; code < 0x3000; code++) {
    const text = String.fromCharCode(code);
    for (const [re2, screen] of [
      ['\\s', '[\\t\\n\\f\\r ]'],
      ['\\w', '[0-9A-Za-z_]'],
      ['\\b', '\\b'],
    ] as const) {
      expect(RE2JS.compile(re2).test(text), `${re2} on ${code}`).toBe(new RegExp(screen).test(text));
    }
  }
});
