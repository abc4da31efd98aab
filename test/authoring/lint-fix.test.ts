/** What lint fixes by itself: nothing else in the file changes, nor does what the rule matches. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RE2JS } from 're2js';
import { describe, expect, it, test } from 'vitest';
import { checks, fixFile, lintFile } from '../../src/authoring/lint.ts';
import { compileRule, evaluate, parseRules } from '../../src/sigma/index.ts';
import { withoutEnds } from '../../src/sigma/lint/edits.ts';
import fc from '../properties.ts';

const placeholders = new Map([['names', ['ann', 'bob']]]);
const fixed = (text: string) => fixFile(text, 'rule.yml', { placeholders });

const head = `# A comment before all else
title:   Pods   # one title
id: 7be7453a-1401-47e2-a68a-bf9404941cda
status: test
level: low
falsepositives: [none]
logsource: {product: kubernetes, service: audit}
`;
/** A rule around the selection `a`, which is its condition unless another is given. */
const around = (selection: string, condition = 'a') =>
  `${head}detection:\n  a:\n${selection}  condition: ${condition}\n`;

/** Files before and after; what is in both is left as it is. */
const rows: [name: string, before: string, after: string][] = [
  [
    'the case of a modifier',
    around('    name|Contains|ALL: # both\n      - x\n      - y\n'),
    around('    name|contains|all: # both\n      - x\n      - y\n'),
  ],
  ['the case in a quoted key', around("    'name|StartsWith': x\n"), around("    'name|startswith': x\n")],
  ['the case of an operator', around('    name: x\n', 'a AND NOT a'), around('    name: x\n', 'a and not a')],
  [
    'the case of a level',
    `${head.replace('low', 'Low   # why')}detection: {a: {name: x}, condition: a}\n`,
    `${head.replace('low', 'low   # why')}detection: {a: {name: x}, condition: a}\n`,
  ],
  ['all of one value', around("    name|all|contains: 'x' # only\n"), around("    name|contains: 'x' # only\n")],
  ['all of one list', around('    name|expand|all: "%names%"\n'), around('    name|expand: "%names%"\n')],
  [
    'a value twice, a line each',
    around('    name:\n      - x # first\n      - y\n      - X\n      - z\n'),
    around('    name:\n      - x # first\n      - y\n      - z\n'),
  ],
  ['a value twice, in brackets', around("    name: [x, y,  'x' , z, x]\n"), around('    name: [x, y , z]\n')],
  ['a quantity of one', around('    name: x\n', '1 of a # one'), around('    name: x\n', 'a # one')],
  ['all of them that are one', around('    name: x\n', 'not all of them'), around('    name: x\n', 'not a')],
  ['open ends of an expression', around("    name|re|i: '.*foo(bar)?.*'\n"), around("    name|re|i: 'foo(bar)?'\n")],
  [
    'the period of a title',
    `${head.replace('Pods ', 'Pods. ')}detection: {a: {name: x}, condition: a}\n`,
    `${head}detection: {a: {name: x}, condition: a}\n`,
  ],
  [
    'a comment that accepts nothing',
    around('    # lint: allow verb\n    name: x # lint: allow title\n'),
    around('    name: x\n'),
  ],
  [
    'lines that end with a carriage return',
    around('    name|all: x # lint: allow verb\n').replaceAll('\n', '\r\n'),
    around('    name: x\n').replaceAll('\n', '\r\n'),
  ],
  ['a byte order mark', `\uFEFF${around('    name|all: x\n')}`, `\uFEFF${around('    name: x\n')}`],
];

describe('what is fixed', () => {
  test.each(rows)('%s', (_, before, after) => {
    const { text, fixed: problems } = fixed(before);
    expect(text).toBe(after);
    expect(problems.length).toBeGreaterThan(0);
    expect(fixed(text)).toEqual({ text, fixed: [] });
  });

  it('a missing id, after the title', () => {
    const without = head.replace(/^id: .*\n/m, '');
    const rule = `${without}detection: {a: {name: x}, condition: a}\n`;
    const ids: string[] = [];
    for (const before of [rule, `${rule}---\n${rule.replace('Pods', 'Others')}`, rule.replaceAll('\n', '\r\n')]) {
      const { text } = fixed(before);
      const added = text.match(/^id: [0-9a-f-]{36}\r?\n/gm)!;
      expect(text.replaceAll(/^id: .*\r?\n/gm, '')).toBe(before);
      expect(text).toMatch(/^title: .*\r?\nid: /m);
      expect(lintFile(text, 'rule.yml', {}).filter(({ check }) => check === 'no-id')).toEqual([]);
      ids.push(...added);
    }
    expect(new Set(ids).size).toBe(4);
    expect(fixed(rule.replace(/^title:.*$/m, 'title: >-\n  Pods\n  that fold')).text).toMatch(/that fold\nid: /);
  });
});

test('the checks that say what --fix does are exactly those that it fixes', () => {
  const all = rows.flatMap(([, before]) => fixed(before).fixed.flatMap(({ check }) => check ?? []));
  const said = Object.entries(checks).filter(([, { fixes }]) => fixes !== undefined);
  expect(new Set([...all, 'no-id'])).toEqual(new Set([...said.map(([name]) => name), 'allow']));
});

describe('what is left to a person', () => {
  test.each<[string, string]>([
    ['a value twice with a comment', around('    name:\n      - x\n      - x # this one\n')],
    ['a modifier that is no word in lower case either', around('    name|Contians: x\n')],
    ['all, where the key is there without it', around('    name|all: x\n    name: y\n')],
    ['an expression that begins at a line', around("    name|re: '^.*foo'\n")],
    ['an expression that is nothing else', around("    name|re: '.*'\n")],
    ['an expression that begins the text', around("    name|re|startswith: '.*foo'\n")],
    ['an expression that would be a number', around('    name|re: .*17\n')],
    ['a comment with a reason', around('    name: x # lint: allow verb because of this\n')],
    [
      'a comment that is text',
      `${head}description: |\n  # lint: allow verb\ndetection: {a: {name: x}, condition: a}\n`,
    ],
    [
      'an id for a template',
      `action: global\n${head.replace(/^id: .*\n/m, '')}---\ndetection: {a: {name: x}, condition: a}\n`,
    ],
    ['a map in one line', '{title: a, logsource: {product: kubernetes}, detection: {a: {name: x}, condition: a}}\n'],
    ['what is no YAML', 'title: [\n'],
  ])('%s', (_, text) => {
    expect(lintFile(text, 'rule.yml', { placeholders }).length).toBeGreaterThan(0);
    expect(fixed(text)).toEqual({ text, fixed: [] });
  });
});

describe('a fixed rule matches what it matched before', () => {
  const path = fileURLToPath(new URL('../../rules/kubernetes/pod-host-pid.yml', import.meta.url));
  const word = fc.constantFrom(
    'foo',
    'Foo',
    'bar',
    'a.b',
    'a|b',
    '[.]',
    '\\.',
    '(foo)?',
    'x+',
    '.',
    '.*',
    'o.*',
    '\\',
    '(?i)',
  );
  const pattern = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(''));
  const subject = fc.string({
    unit: fc.constantFrom('f', 'o', 'F', 'b', 'a', 'r', '.', '\n', 'x', '|'),
    maxLength: 12,
  });

  it('with an expression without its open ends', () => {
    const compiled = (source: string) => {
      try {
        return RE2JS.compile(source);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(pattern, fc.array(subject, { minLength: 1, maxLength: 8 }), (middle, texts) => {
        for (const source of [`.*${middle}`, `${middle}.*`, `.*${middle}.*`]) {
          const whole = compiled(source);
          if (whole === undefined) continue;
          const shorter = compiled(withoutEnds(source))!;
          for (const text of texts) {
            expect([source, text, shorter.matcher(text).find()]).toEqual([source, text, whole.matcher(text).find()]);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('whatever its selection contains', () => {
    const value = fc.constantFrom('x', 'X', 'xy', '"x"', "'.*x'", '7', 'null', "'*'", 'true', '"%names%"');
    const modifiers = fc.constantFrom(
      '',
      '|all',
      '|Contains',
      '|contains|all',
      '|cased',
      '|re',
      '|RE|i',
      '|neq|all',
      '|expand|all',
    );
    const line = fc.tuple(fc.constantFrom('name', 'verb'), modifiers, fc.array(value, { minLength: 1, maxLength: 4 }));
    // A duplicate key is an error of its own.
    const selector = ([field, change]: [string, string, string[]]) => field + change;
    const lines = fc.uniqueArray(line, { minLength: 1, maxLength: 3, selector });
    const condition = fc.constantFrom('a', '1 of a', 'all of them', 'not 1 of a*', 'a and not a');
    fc.assert(
      fc.property(lines, condition, fc.boolean(), (items, asked, isFlow) => {
        const selection = items.map(([field, change, values]) => {
          const list = isFlow ? ` [${values.join(', ')}]` : values.map((one) => `\n      - ${one}`).join('');
          return `    ${field}${change}:${list}\n`;
        });
        const before = around(selection.join(''), asked);
        const { text } = fixed(before);
        const [old, now] = [before, text].map((each) => parseRules(each, 'rule.yml', { placeholders }));
        expect(fixed(text).fixed).toEqual([]);
        if (old!.rules.length === 0) return;
        expect(now!.problems).toEqual([]);
        const [first, second] = [old!, now!].map(({ rules }) => compileRule(rules[0]!));
        for (const name of ['x', 'X', 'xy', 'ayx', '', 7, null, true, 'ann']) {
          for (const verb of ['x', 'xy', undefined]) {
            const values: Record<string, unknown> = { name, verb };
            const lookup = (field: string) => ({ values: values[field] === undefined ? [] : [values[field]] });
            expect(evaluate(second!, lookup).truth).toBe(evaluate(first!, lookup).truth);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('and a rule for which lint reports nothing is not touched', () => {
    const text = readFileSync(path, 'utf8');
    expect(fixed(text)).toEqual({ text, fixed: [] });
  });
});
