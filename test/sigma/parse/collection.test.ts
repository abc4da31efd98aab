import { describe, expect, it } from 'vitest';
import { compileRule, evaluate, parseRules } from '../../../src/sigma/index.ts';
import { lookupIn } from '../lookup.ts';

const logsource = 'logsource: {product: x}';
const rule = (title: string, detection: string) => `title: ${title}\n${logsource}\ndetection: ${detection}`;

function titlesOf(...documents: string[]) {
  const { rules, problems } = parseRules(documents.join('\n---\n'), 'dir/file.yml');
  return { titles: rules.map(({ title, name }) => [title, name]), problems: problems.map(({ message }) => message) };
}

describe('several documents', () => {
  it.each<[string, string[], string[][], string[]]>([
    [
      'two rules',
      [rule('a', '{s: {f: 1}, condition: s}'), rule('b', '{s: {f: 1}, condition: s}')],
      [
        ['a', 'file'],
        ['b', 'file-2'],
      ],
      [],
    ],
    [
      'a template',
      [`action: global\n${logsource}`, 'title: a\ndetection: {s: {f: 1}, condition: s}'],
      [['a', 'file']],
      [],
    ],
    [
      'a template over what a rule says',
      ['action: global\ntitle: t', rule('a', '{s: {f: 1}, condition: s}')],
      [['t', 'file']],
      [],
    ],
    [
      'a template that was taken back',
      ['action: global\ntitle: t', 'action: reset', rule('a', '{s: {f: 1}, condition: s}')],
      [['a', 'file']],
      [],
    ],
    [
      'a rule repeated',
      [rule('a', '{s: {f: 1}, condition: s}'), 'action: repeat\ntitle: b'],
      [
        ['a', 'file'],
        ['b', 'file-2'],
      ],
      [],
    ],
    [
      'one that is broken leaves the others',
      [rule('a', '{s: {f: 1}, condition: t}'), rule('b', '{s: {f: 1}, condition: s}')],
      [['b', 'file-2']],
      ["there is no selection 't'"],
    ],
    [
      'what is wrong with a template, once',
      ['action: global\nlevel: hi', rule('a', '{s: {f: 1}, condition: s}'), rule('b', '{s: {f: 1}, condition: s}')],
      [],
      ["'hi' is not a valid level"],
    ],
    [
      'nothing but a template',
      ['action: global\ntitle: t'],
      [],
      ["no rule follows 'action: global', which merges its keys into the rules after it"],
    ],
    [
      'more than anyone would write',
      Array.from({ length: 101 }, () => 'a: b'),
      [],
      ['the file holds more than 100 documents'],
    ],
    ['nothing behind the last line', [rule('a', '{s: {f: 1}, condition: s}'), ''], [['a', 'file']], []],
  ])('%s', (_, documents, titles, problems) => {
    expect(titlesOf(...documents)).toEqual({ titles, problems });
  });

  it('are merged map by map', () => {
    const text = `${rule('a', '{s: {f: 1}, condition: s}')}\n---\naction: repeat\ndetection: {s: {g: 2}}`;
    const [first, second] = parseRules(text, 'f.yml').rules.map((rule) => compileRule(rule));
    expect(evaluate(first!, lookupIn({ f: 1 })).truth).toBe(true);
    expect(evaluate(second!, lookupIn({ f: 1 })).truth).toBe(false);
    expect(evaluate(second!, lookupIn({ f: 1, g: 2 })).truth).toBe(true);
  });
});

describe('a rule about other events', () => {
  const knownFields = ['verb'];
  it.each([
    ['another product', 'logsource: {product: windows}'],
    ['no product', 'logsource: {category: process_creation}'],
    ['another taxonomy', 'logsource: {product: kubernetes}\ntaxonomy: ecs'],
  ])('may have any field: %s', (_, source) => {
    const text = `title: t\n${source}\ndetection: {s: {Image: x}, condition: s}`;
    expect(parseRules(text, 'f.yml', { knownFields }).problems).toEqual([]);
  });

  it('keeps its own keys as data', () => {
    const source = 'logsource: {product: x, tenant: [a], definition: d}\n__proto__: {a: 1}\ntaxonomy: ecs';
    const { rules } = parseRules(`title: t\n${source}\ndetection: {s: {f: 1}, condition: s}`, 'f.yml');
    expect(rules[0]).toMatchObject({ logsource: { product: 'x', custom: { tenant: ['a'] } }, taxonomy: 'ecs' });
    expect(Object.entries(rules[0]!.custom)).toEqual([['__proto__', { a: 1 }]]);
  });
});

describe('keywords', () => {
  const event = { user: { name: 'Ann' }, code: 403, items: [{ 'break-glass': 'true' }, 'C:\\Temp\\x'], on: true };
  it.each<[string, boolean]>([
    ['[ann]', true],
    ['ann', true],
    ['[bob, an]', true],
    ['[bob]', false],
    ['[break-glass]', true],
    ['[40]', true],
    ['[4031]', false],
    ["['c:\\temp']", true],
    ["['t*p']", true],
    ["['^Ann']", false],
    ['[bob, {code: 403}]', true],
    ['[bob, {code: 404}, {user.name: ann}]', true],
    ["{'|all': [ann, 403]}", true],
    ["{'|all': [ann, bob]}", false],
    ["{'|re': '^A.n$'}", true],
    ["{'|cased': ann}", false],
    ["{'|startswith': nn}", false],
    ["{'|neq': bob}", true],
    ["{'': ann, code: 403}", true],
    ["{'|base64offset|contains': bob}", false],
  ])('%s: %s', (selection, truth) => {
    const { rules, problems } = parseRules(rule('t', `{s: ${selection}, condition: s}`), 'f.yml');
    expect(problems).toEqual([]);
    expect(evaluate(compileRule(rules[0]!), lookupIn(event)).truth).toBe(truth);
  });
});
