import { describe, expect, it } from 'vitest';
import { parseRule, printRuleProblem } from '../../../src/sigma/index.ts';

const whole = `\
title: Pod with the host's processes
id: 5b3f0f64-7f0e-4d0f-a4a8-0a3b7a0d9a11
name: a-rule
status: test
description: |
  Two
  lines.
author: someone
date: 2026-01-02
custom_key: {kept: out of the way}
references:
  - https://example.com/1
tags:
  - attack.privilege-escalation
  - attack.t1611
falsepositives: none
logsource:
  product: kubernetes
  service: audit
  definition: anything
level: high
detection:
  selection:
    verb: create
    name|startswith|cased:
      - a*
      - 5
  4688:
    - hostPID: true
    - hostIPC: null
      uid|exists: false
  condition:
    - selection and 4688
    - 1 of sel*
tripline:
  summary: '[{username}] did {verb}'
  context: [username, verb]
`;
const fields = ['verb', 'name', 'hostPID', 'hostIPC', 'uid', 'username', 'requestObject'];

/** A rule with one piece of text replaced by another. */
function withChange(from: string, to: string): string {
  expect(whole).toContain(from);
  return whole.replace(from, to);
}

it('reads every part of a rule', () => {
  expect(parseRule(whole, 'rules/kubernetes/file.yml', fields)).toEqual({
    problems: [],
    rule: {
      path: 'rules/kubernetes/file.yml',
      id: '5b3f0f64-7f0e-4d0f-a4a8-0a3b7a0d9a11',
      name: 'a-rule',
      title: "Pod with the host's processes",
      description: 'Two\nlines.',
      level: 'high',
      status: 'test',
      ruleTags: ['attack.privilege-escalation', 'attack.t1611'],
      logsource: { product: 'kubernetes', service: 'audit' },
      taxonomy: 'sigma',
      mode: 'live',
      covers: {},
      levels: [],
      custom: { custom_key: { kept: 'out of the way' } },
      references: ['https://example.com/1'],
      falsepositives: ['none'],
      selections: new Map([
        [
          'selection',
          {
            name: 'selection',
            position: { line: 23, column: 3 },
            alternatives: [
              [
                {
                  kind: 'field',
                  position: { line: 24, column: 5 },
                  field: 'verb',
                  negated: false,
                  quantifier: 'any',
                  tests: [{ kind: 'text', pattern: ['create'], cased: false }],
                },
                {
                  kind: 'field',
                  position: { line: 25, column: 5 },
                  field: 'name',
                  negated: false,
                  quantifier: 'any',
                  tests: [
                    { kind: 'text', pattern: ['a', { wildcard: '*' }], cased: true },
                    { kind: 'text', pattern: ['5', { wildcard: '*' }], cased: true },
                  ],
                },
              ],
            ],
          },
        ],
        [
          '4688',
          {
            name: '4688',
            position: { line: 28, column: 3 },
            alternatives: [
              [
                {
                  kind: 'field',
                  position: { line: 29, column: 7 },
                  field: 'hostPID',
                  negated: false,
                  quantifier: 'any',
                  tests: [{ kind: 'boolean', value: true }],
                },
              ],
              [
                {
                  kind: 'field',
                  position: { line: 30, column: 7 },
                  field: 'hostIPC',
                  negated: false,
                  quantifier: 'any',
                  tests: [{ kind: 'null' }],
                },
                {
                  kind: 'field',
                  position: { line: 31, column: 7 },
                  field: 'uid',
                  negated: true,
                  quantifier: 'any',
                  tests: [{ kind: 'exists' }],
                },
              ],
            ],
          },
        ],
      ]),
      condition: {
        kind: 'or',
        operands: [
          {
            kind: 'and',
            operands: [
              { kind: 'selection', name: 'selection' },
              { kind: 'selection', name: '4688' },
            ],
          },
          { kind: 'selection', name: 'selection' },
        ],
      },
      summary: ['[', { field: 'username' }, '] did ', { field: 'verb' }],
      context: ['username', 'verb'],
    },
  });
});

it('fills in what a short rule leaves out', () => {
  const short = 'title: t\nlogsource: {service: audit}\ndetection: {s: {f: 1}, condition: s}';
  expect(parseRule(short, 'a\\b/some-rule.yaml').rule).toMatchObject({
    name: 'some-rule',
    description: '',
    level: 'medium',
    ruleTags: [],
    references: [],
    falsepositives: [],
    summary: ['t'],
    context: [],
  });
});

it('reads a file with a byte order mark and with CRLF', () => {
  const { rule, problems } = parseRule(`\uFEFF${whole.replaceAll('\n', '\r\n')}`, 'file.yml', fields);
  expect(problems).toEqual([]);
  expect(rule?.description).toBe('Two\nlines.');
});

it('prints the place, the fault, the fix, the line and a caret', () => {
  const { problems } = parseRule(withChange('name|startswith|cased', 'name|startwith|cased'), 'r.yml', fields);
  expect(problems.map(printRuleProblem)).toEqual([
    "r.yml:25:10: unknown modifier 'startwith'; did you mean 'startswith'?\n" +
      '   25 |     name|startwith|cased:\n' +
      '      |          ^',
  ]);
});

it('reports all problems at once, in order of place', () => {
  const broken = `\
name: x
level: hi
detection:
  s:
    vreb: a
    name|contain: b
    uid|re: (
  condition: s or t
tripline: {sumary: a}
`;
  const { rule, problems } = parseRule(broken, 'r.yml', fields);
  expect(rule).toBeUndefined();
  expect(problems.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
    "1:1 the rule has no 'title'",
    "1:1 the rule has no 'logsource'",
    "2:8 'hi' is not a valid level",
    "5:5 no event has a field 'vreb'",
    "6:10 unknown modifier 'contain'",
    '7:13 the regular expression is not valid: missing closing ): `(`',
    "8:19 there is no selection 't'",
    "9:12 unknown key 'sumary' below tripline",
  ]);
});

describe('refused', () => {
  it.each([
    ['tags:', 'tag:', "unknown key 'tag'", "did you mean 'tags'?"],
    ['level: high', 'level: hihg', "'hihg' is not a valid level", "did you mean 'high'?"],
    ['level: high', 'level: [high]', "'level' has to be text", 'write text after level:'],
    ['status: test', 'status: done', "'done' is not a valid status", 'write one of stable, test'],
    ['id: 5b3f', 'id: zzzz', "'id' has to be a UUID", 'a UUID'],
    ['  - attack.t1611', '  - [attack]', "'tags' has to be a tag such as attack.t1611", 'attack.t1611'],
    ['  - attack.t1611', '  - T1611', "'tags' has to be a tag such as attack.t1611", 'attack.t1611'],
    ["title: Pod with the host's processes", `title: ${'x'.repeat(257)}`, 'longer than 256 characters', 'shorten'],
    ["title: Pod with the host's processes", 'title:', "'title' has to be text", 'write text'],
    ['  service: audit', '  srevice: audit', "unknown key 'srevice' below logsource", "mean 'service'?"],
    ['custom_key', 'sigma-version', "sigma-version '' is not supported", 'write 2, or 3'],
    ['custom_key: {kept: out of the way}', 'sigma-version: 4', "sigma-version '4' is not", 'write 2, or 3'],
    ['custom_key: {kept: out of the way}', 'sigma-version: v3x', "sigma-version 'v3x' is not", 'write 2'],
    ['custom_key: {kept: out of the way}', 'taxonomy: []', "'taxonomy' has to be text", 'write text'],
    [
      'custom_key',
      'correlation',
      "a document with 'detection' cannot have 'correlation' too",
      'write a document for each',
    ],
    ['custom_key', 'filter', "a document with 'detection' cannot have 'filter' too", 'write a document for each'],
    ['custom_key: {kept: out of the way}', 'action: global', 'no rule follows', 'after a line of ---'],
    ['custom_key: {kept: out of the way}', 'action: repeat', 'there is no rule to repeat', 'write a rule before'],
    ['custom_key: {kept: out of the way}', 'action: golbal', "'golbal' is not an action", "did you mean 'global'?"],
    ['  4688:', '  timeframe: 5m\n  4688:', "'timeframe' is not supported", 'correlation rule'],
    ['    - selection and 4688', '    - 5', "'condition' has to be text", 'name the selections'],
    ['    verb: create', '    verbs: create', "no event has a field 'verbs'", "did you mean 'verb'?"],
    ['    verb: create', '    Verb: create', "no event has a field 'Verb'", "did you mean 'verb'?"],
    ['    verb: create', '    __proto__: create', "no event has a field '__proto__'", 'docs/reference/fields.md'],
    ['  4688:', '  words: [a, null]\n  4688:', 'this is neither a map nor a keyword', 'field: value'],
    ['  4688:', '  words: [[a]]\n  4688:', 'this is neither a map nor a keyword', 'field: value'],
    ['    verb: create', '    verb[any]: create', "no event has a field 'verb[any]'", 'sigma-version: 3'],
    ['  4688:', '  words:\n  4688:', "the selection 'words' is empty", 'field: value'],
    ['  4688:', '  words: {}\n  4688:', "the selection 'words' is empty", 'field: value'],
    ['  4688:', '  words: [{}]\n  4688:', "the selection 'words' is empty", 'field: value'],
    ['{username}]', '{usernam}]', "no event has a field 'usernam'", "did you mean 'username'?"],
    ['{username}]', '{username]', "a '{' that does not open", 'name a field in braces'],
    ['{username}]', 'username}]', "a '}' without its '{'", 'name a field in braces'],
    ['[username, verb]', '[username, vreb]', "no event has a field 'vreb'", "did you mean 'verb'?"],
    ['[username, verb]', '{a: b}', "'context' has to be the names of fields", 'names of fields'],
    ["  summary: '[{username}] did {verb}'", '  severity: 5', "unknown key 'severity' below tripline", 'use summary'],
    ['title:', 'title: &x', 'YAML anchors and aliases are not supported', 'write the value out'],
    ['date: 2026-01-02', 'date: !!str 5', 'YAML tags are not supported', 'drop the tag'],
    ['date: 2026-01-02', '<<: {a: b}', 'YAML merge keys are not supported', 'write the keys out'],
    ['date: 2026-01-02', '? [a]\n: b', 'a key has to be text', 'key: value'],
    ['date: 2026-01-02', 'title: again', "the key 'title' is here twice", 'rename one'],
    ['    verb: create', '    verb: create\n    verb: get', "the key 'verb' is here twice", 'rename one'],
    ['date: 2026-01-02', 'date: "x', 'not valid YAML', 'fix the YAML'],
    ['date: 2026-01-02', 'date: \ufffd', 'this is not text in UTF-8', 'save the file as UTF-8'],
    ['date: 2026-01-02', 'date: \ud800', 'this is not text in UTF-8', 'save the file as UTF-8'],
    ['date: 2026-01-02', 'date: \u0000', 'this is not text in UTF-8', 'save the file as UTF-8'],
  ])('%j with %j: %s', (from, to, message, hint) => {
    const { rule, problems } = parseRule(withChange(from, to), 'r.yml', fields);
    expect(rule).toBeUndefined();
    expect(problems[0]).toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  it.each([
    ['nothing', '', 'the file does not hold a rule'],
    ['text', 'just text', 'the file does not hold a rule'],
    ['a list', '- title: x', 'the file does not hold a rule'],
    ['no detection', 'title: x\nlogsource: {service: audit}', "the rule has no 'detection'"],
    ['no condition', 'title: x\nlogsource: {service: a}\ndetection: {s: {f: 1}}', "the detection has no 'condition'"],
    ['an empty detection', 'title: x\nlogsource: {service: a}\ndetection:', "'detection' has to be a map"],
    [
      'an empty logsource',
      'title: x\nlogsource: {}\ndetection: {s: {f: 1}, condition: s}',
      "'logsource' has to be a map",
    ],
    ['a megabyte', '#'.repeat(1_000_000), 'the file is longer than'],
    ['100,000 open brackets', `a: ${'['.repeat(100_000)}`, 'nests deeper than 20 levels'],
    ['100,000 levels of lists', '- '.repeat(100_000), 'nests deeper than 20 levels'],
    ['nested lists', `a: ${'['.repeat(100)}${']'.repeat(100)}`, 'nests deeper than 20 levels'],
    [
      'an alias bomb',
      `a: &a [1, 2]\n${[...'bcdefghijklmnop'].map((name, i) => `${name}: &${name} [${`*${'abcdefghijklmnop'[i]},`.repeat(9)}]`).join('\n')}`,
      'YAML anchors and aliases are not supported',
    ],
    ['50,000 keys', Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n'), "the rule has no 'title'"],
    [
      'a key of 100,000 modifiers',
      `title: t\nlogsource: {product: x}\ndetection:\n  s:\n    ? f${'|x'.repeat(100_000)}\n    : 1\n  condition: s`,
      'the field has more than 20 modifiers',
    ],
    ['a long line', `title: "${'x'.repeat(400_000)}`, 'not valid YAML'],
  ])('%s', (_, text, message) => {
    const { rule, problems } = parseRule(text, 'r.yml', fields);
    expect(rule).toBeUndefined();
    expect(problems[0]!.message).toContain(message);
    expect(problems.length).toBeLessThanOrEqual(50);
    for (const problem of problems) expect(printRuleProblem(problem).length).toBeLessThan(1_000);
  });

  it('says how many problems follow the fiftieth', () => {
    const items = Array.from({ length: 60 }, (_, i) => `    f${i}: []`).join('\n');
    const { problems } = parseRule(withChange('    verb: create', items), 'r.yml');
    expect(problems).toHaveLength(50);
    expect(problems[49]!.message).toContain('and 10 more problems');
  });

  it.each([
    ['many', Array.from({ length: 2_000 }, (_, i) => `r${i}`)],
    ['large', ['\\pL{1000}'.repeat(100), 'x']],
    ['long', ['x'.repeat(2_001)]],
  ])('regular expressions that are too %s', (_, expressions) => {
    const list = expressions.map((expression) => `'${expression}'`).join(', ');
    const { problems } = parseRule(withChange('    verb: create', `    verb|re: [${list}]`), 'r.yml', fields);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toMatch(/too large|longer than/);
  });
});

it('accepts fields below a known one, and any field if none are known', () => {
  expect(parseRule(withChange('    verb: create', '    requestObject.spec.x: 1'), 'r.yml', fields).problems).toEqual(
    [],
  );
  expect(parseRule(withChange('    verb: create', '    whatever: 1'), 'r.yml').problems).toEqual([]);
});

it('accepts the additional keys of SigmaHQ rules', () => {
  const more = 'related: [{id: x, type: derived}]\nmodified: 2026-01-02\nlicense: MIT\nfields: [a]\nsigma-version: 2';
  expect(parseRule(withChange('date: 2026-01-02', more), 'r.yml', fields).problems).toEqual([]);
});
