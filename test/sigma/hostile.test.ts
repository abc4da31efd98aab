/** Rules written with malice or mangled by an editor: never an exception, always a message or a rule that runs. */
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Item } from '../../src/sigma/ast.ts';
import { compileRule, evaluate, explain, parseRule, parseRules, printRuleProblem } from '../../src/sigma/index.ts';
import fc from '../properties.ts';
import { lookupOf } from './lookup.ts';

const rule = `\
title: Some rule
sigma-version: 3
id: 5b3f0f64-7f0e-4d0f-a4a8-0a3b7a0d9a11
level: high
tags: [attack.t1611]
logsource: {product: kubernetes, service: audit}
detection:
  a:
    verb|contains|all: [cre, ate]
    name|re|i: '^a+$'
    ip|cidr: 10.0.0.0/8
  b:
    - code|gte: 400
    - note: null
      flag|exists: false
    - note|windash|contains: -x
      list[any].code[all]|hour: 5
      verb|fieldref|contains: name
      ip[0]: {"note[none]": 1, ".|base64": ab}
    - word
  condition: a and not (1 of b* or b)
tripline:
  summary: '[{verb}] {name}'
  context: [verb]
`;

const lookup = lookupOf({ verb: 'create', name: ['aaa', null, {}], ip: '10.1.1.1', code: '403' }, { note: 'cut' });

function survives(text: string): void {
  const { rule, problems } = parseRule(text, 'r.yml', ['verb', 'name', 'ip', 'code', 'note', 'flag', 'list']);
  expect(rule === undefined).toBe(problems.length > 0);
  for (const problem of problems) {
    expect(problem.line).toBeGreaterThan(0);
    expect(problem.column).toBeGreaterThan(0);
    expect(problem.message).not.toBe('');
    expect(problem.hint).not.toBe('');
    const printed = printRuleProblem(problem);
    expect(printed.length).toBeLessThan(1_500);
    expect(printed.split('\n')).toHaveLength(3);
  }
  if (rule === undefined) return;
  const compiled = compileRule(rule);
  expect(explain(compiled, lookup).truth).toBe(evaluate(compiled, lookup).truth);
}

it('the rule itself is valid', () => {
  expect(parseRule(rule, 'r.yml').problems).toEqual([]);
});

it('a rule whose list of conditions is empty is reported', () => {
  const { rule, problems } = parseRule(
    'title: t\nlogsource: { service: audit }\ndetection: { s: { a: b }, condition: [] }',
    'r.yml',
  );
  expect(rule).toBeUndefined();
  expect(problems).toMatchObject([{ line: 3, message: "'condition' is an empty list" }]);
});

it('lines after invalid YAML are still counted', () => {
  const { problems } = parseRules('a: }\n  b\n  c\nd: e\n', 'r.yml');
  expect(problems.map(({ line, column }) => [line, column])).toEqual([
    [1, 4],
    [2, 3],
    [4, 1],
    [4, 2],
    [4, 4],
  ]);
});

it('invalid YAML is quoted in part, and its control characters do not reach a terminal', () => {
  const [, problem] = parseRules(`a: }\n${'\u202eb'.repeat(10_000)}\n`, 'r.yml').problems;
  expect(problem!.message.length).toBeLessThan(200);
  expect(problem!.message).not.toMatch(/\u202e/);
});

it('survives a rule with characters changed, dropped and inserted', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...'[]{}:-|>&*!%@`\'"#,?\n\t \\()',
      '\n  ',
      '- ',
      ': ',
      '? ',
      '---\n',
      '|re: ',
      'null',
      '1e999',
      '~',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const edit = fc.record({ at: fc.nat(rule.length), drop: fc.nat(12), insert: piece });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      survives(edits.reduce((text, { at, drop, insert }) => text.slice(0, at) + insert + text.slice(at + drop), rule));
    }),
    { numRuns: 500 },
  );
});

it('survives a rule with values of any type in any place', () => {
  const any = fc.anything({ withNullPrototype: false, maxDepth: 3, maxKeys: 4 });
  const key = fc.constantFrom(
    'verb',
    'name|re',
    'ip|cidr',
    'code|lt',
    'flag|exists',
    '|all',
    'verb|contains|all|neq',
    'ip[any]',
    'ip[0].x',
  );
  const detection = fc.dictionary(
    fc.constantFrom('a', 'b', 'condition', '__proto__', 'constructor', ''),
    fc.oneof(any, fc.dictionary(key, any), fc.array(fc.dictionary(key, any)), fc.constantFrom('a', 'all of them')),
  );
  const keys = fc.constantFrom('title', 'id', 'level', 'tags', 'name', 'sigma-version', 'tripline', 'x', '__proto__');
  fc.assert(
    fc.property(fc.dictionary(keys, any), detection, any, (members, detection, logsource) => {
      const whole = { title: 't', ...members, logsource: logsource ?? { service: 'audit' }, detection };
      survives(stringify(whole, { aliasDuplicateObjects: false }));
    }),
    { numRuns: 200 },
  );
});

it.each([
  ['a template', 1000, 99],
  // The rules that were complete by then are used.
  ['a template with which the rules are too large', 10_000, 10],
])('%s in many rules', (_, count, expected) => {
  const values = Array.from({ length: count }, (_, i) => `x${i}`).join(', ');
  const template = `action: global\nlogsource: {service: audit}\ndetection: {s: {f|contains: [${values}]}, condition: s}`;
  const { rules, problems } = parseRules(`${template}${'\n---\ntitle: t'.repeat(99)}`, 'r.yml');
  expect(rules).toHaveLength(expected);
  expect(rules.every(({ selections }) => selections.get('s')!.alternatives.flat().every(isWhole))).toBe(true);
  const message = 'the rules of the file have more than 100000 values';
  expect(problems.map((problem) => problem.message.slice(0, message.length))).toEqual(problems.map(() => message));
  expect(problems.length > 0).toBe(expected < 99);

  function isWhole(item: Item): boolean {
    return item.kind === 'field' && item.tests.length === count;
  }
});

it('survives values of any type in the event', () => {
  const { rule: parsed } = parseRule(rule, 'r.yml');
  const compiled = compileRule(parsed!);
  const value = fc.anything({ withBigInt: true, withNullPrototype: true });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('verb', 'name', 'ip', 'code', 'note', 'flag'), value), (event) => {
      const hostile = lookupOf(event);
      expect(explain(compiled, hostile).truth).toBe(evaluate(compiled, hostile).truth);
    }),
  );
});
