import { describe, expect, it } from 'vitest';
import {
  compileFilter,
  compileRule,
  evaluate,
  explain,
  matchedFields,
  parseRules,
  printExplanation,
} from '../../../src/sigma/index.ts';
import fc from '../../properties.ts';
import { lookupIn, lookupOf } from '../lookup.ts';

const filterWith = (filter: string, more = '') =>
  `title: Ours\nname: ours\nlogsource: {product: kubernetes}\nfilter: ${filter}\n${more}`;
const ruleText = (selection: string) =>
  `title: T\nlogsource: {product: kubernetes}\ndetection: {a: ${selection}, condition: a}\n`;

function compiled(selection: string, ...filters: string[]) {
  const { rules } = parseRules(ruleText(selection), 'rule.yml');
  const parsed = filters.map((filter, index) => parseRules(filterWith(filter), `${index}.yml`));
  expect(parsed.flatMap(({ problems }) => problems)).toEqual([]);
  return compileRule(
    rules[0]!,
    parsed
      .flatMap(({ filters }) => filters)
      .map((filter, index) => compileFilter({ ...filter, name: `filter-${index}` })),
  );
}

it('a filter is read with its selections, which do not include the rules that it names', () => {
  const { filters, rules, problems } = parseRules(
    filterWith('{rules: [pod-exec, pod-attach], ann: {username: ann}, condition: not ann}', 'description: Hers.\n'),
    'exceptions/ours.yml',
    { knownFields: ['username'] },
  );
  expect({ rules, problems }).toEqual({ rules: [], problems: [] });
  expect(filters).toMatchObject([
    {
      path: 'exceptions/ours.yml',
      name: 'ours',
      title: 'Ours',
      description: 'Hers.',
      rules: ['pod-exec', 'pod-attach'],
      logsource: { product: 'kubernetes' },
      position: { line: 4, column: 1 },
    },
  ]);
  expect([...filters[0]!.selections.keys()]).toEqual(['ann']);
});

it('a filter may be for any rule, or for one', () => {
  const rulesOf = (rules: string) =>
    parseRules(filterWith(`{rules: ${rules}, s: {f: 1}, condition: not s}`), 'f.yml').filters[0]!.rules;
  expect(rulesOf('any')).toBe('any');
  expect(rulesOf('pod-exec')).toEqual(['pod-exec']);
  expect(rulesOf('[any]')).toEqual(['any']);
});

it('a filter may be in the same file as the rule, and a template of rules leaves it alone', () => {
  const template = 'action: global\nlevel: high\nlogsource: {service: audit}\n';
  const text = [template, ruleText('{f: 1}'), filterWith('{rules: any, s: {f: 1}, condition: not s}')].join('---\n');
  const { rules, filters, problems } = parseRules(text, 'f.yml');
  expect(problems).toEqual([]);
  expect(rules).toHaveLength(1);
  expect(filters[0]!.logsource).toEqual({ product: 'kubernetes' });
});

describe('silences', () => {
  const notAnn = '{rules: any, a: {user: ann}, condition: not a}';
  const notNight = '{rules: any, a: {hour: 3}, condition: not a}';
  it.each([
    ['a match where it is false', { f: 1, user: 'ann' }, {}, { truth: false, silencedBy: 'filter-0' }],
    ['no match where it is true', { f: 1, user: 'bob' }, {}, { truth: true }],
    ['nothing where the rule is false', { f: 2, user: 'ann' }, {}, { truth: false }],
    ['a match where another does not', { f: 1, user: 'bob', hour: 3 }, {}, { truth: false, silencedBy: 'filter-1' }],
    ['a match as the first of two', { f: 1, user: 'ann', hour: 3 }, {}, { truth: false, silencedBy: 'filter-0' }],
    ['a match though another is unknown', { f: 1, hour: 3 }, { user: 'cut' }, { truth: false, silencedBy: 'filter-1' }],
    ['no rule that is unknown by a name, but it is false', { user: 'ann' }, { f: 'cut' }, { truth: false }],
    [
      'nothing for sure where it is unknown',
      { f: 1 },
      { user: 'cut' },
      { truth: 'unknown', undecided: { field: 'user', reason: 'cut' } },
    ],
  ])('%s', (_, event, gaps, evaluation) => {
    expect(evaluate(compiled('{f: 1}', notAnn, notNight), lookupOf(event, gaps))).toEqual(evaluation);
  });

  it('by selections of its own, whatever those of the rule are called', () => {
    const rule = compiled('{f: 1}', '{rules: any, a: {f: 2}, b: {f: 3}, condition: not 1 of them}');
    expect(evaluate(rule, lookupOf({ f: 1 })).truth).toBe(true);
  });

  it('by array blocks under sigma-version 3', () => {
    const text = filterWith('{rules: any, s: {"list[any]": {a: 1, b: 2}}, condition: not s}', 'sigma-version: 3\n');
    const { filters } = parseRules(text, 'f.yml');
    const { rules } = parseRules(ruleText('{f: 1}'), 'r.yml');
    const rule = compileRule(rules[0]!, filters.map(compileFilter));
    expect(evaluate(rule, lookupIn({ f: 1, list: [{ a: 1, b: 2 }] })).truth).toBe(false);
    expect(evaluate(rule, lookupIn({ f: 1, list: [{ a: 1 }, { b: 2 }] })).truth).toBe(true);
  });
});

describe('explained', () => {
  const selection = fc.constantFrom('{f: 1}', '{g: 1}', '{f|exists: false}', '{f: 1, g: 2}', '[{f: 2}, {g: null}]');
  const filter = fc
    .tuple(selection, selection, fc.constantFrom('a', 'not a', 'a or b', 'not (a and b)', '1 of them'))
    .map(([a, b, condition]) => `{rules: any, a: ${a}, b: ${b}, condition: ${condition}}`);
  const event = fc.dictionary(fc.constantFrom('f', 'g'), fc.constantFrom(1, 2, null));
  const gaps = fc.dictionary(fc.constantFrom('f', 'g'), fc.constant('cut'));

  it('it agrees with evaluation', () => {
    fc.assert(
      fc.property(selection, fc.array(filter, { maxLength: 3 }), event, gaps, (rule, filters, fields, missing) => {
        const lookup = lookupOf(fields, missing);
        const decided = compiled(rule, ...filters);
        expect(explain(decided, lookup).truth).toBe(evaluate(decided, lookup).truth);
      }),
    );
  });

  it('it is shown, and its fields are not among those that matched', () => {
    const rule = compiled('{f: 1}', '{rules: any, day: {g: 2}, condition: day}');
    const lookup = lookupOf({ f: 1, g: 2 });
    const explanation = explain(rule, lookup);
    expect(matchedFields(rule, lookup)).toEqual([{ field: 'f', values: [1] }]);
    expect(printExplanation(explanation)).toBe(
      ['+ and', '  + a', '    + f 1: found 1', '  + exception filter-0', '    + day', '      + g 2: found 2'].join(
        '\n',
      ),
    );
  });
});

it('all problems of a filter are reported at once', () => {
  const { problems } = parseRules('name: f\nfilter: {rules: [], s: {f|contians: 1}, condition: not t}', 'f.yml');
  expect(problems.map(({ message }) => message)).toEqual([
    "the filter has no 'title'",
    "the filter has no 'logsource'",
    "'rules' names no rule",
    "unknown modifier 'contians'",
    "there is no selection 't'",
  ]);
});

describe('refused', () => {
  it.each([
    ['{s: {f: 1}, condition: not s}', "the filter has no 'rules'"],
    ['{rules: [], s: {f: 1}, condition: not s}', "'rules' names no rule"],
    ['{rules: [{}], s: {f: 1}, condition: not s}', "'rules' has to be the names or ids of rules"],
    ['{rules: {a: b}, s: {f: 1}, condition: not s}', "'rules' has to be the names or ids of rules"],
    ['{rules: any, s: {f: 1}}', "the filter has no 'condition'"],
    ['{rules: any}', "'filter' has to be a map"],
    ['any', "the filter has no 'rules'"],
    ['{rules: any, s: {f: 1}, condition: not t}', "there is no selection 't'"],
    ['{rules: any, s: {usernam: 1}, condition: not s}', "no event has a field 'usernam'"],
    [`{rules: [${Array(101).fill('r').join(', ')}], s: {f: 1}, condition: not s}`, 'names more than 100 rules'],
  ])('%s', (filter, message) => {
    const { filters, problems } = parseRules(filterWith(filter), 'f.yml', { knownFields: ['username', 'f'] });
    expect(filters).toEqual([]);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
  });

  it.each([
    [
      'without a logsource',
      'title: T\nfilter: {rules: any, s: {f: 1}, condition: not s}',
      "the filter has no 'logsource'",
    ],
    [
      'with levels',
      filterWith('{rules: any, s: {f: 1}, condition: not s}', 'tripline: {levels: []}'),
      "unknown key 'levels'",
    ],
    ['in Sigma 4', filterWith('{rules: any, s: {f: 1}, condition: not s}', 'sigma-version: 4'), 'is not supported'],
  ])('%s', (_, text, message) => {
    const { filters, problems } = parseRules(text, 'f.yml');
    expect(filters).toEqual([]);
    expect(problems[0]!.message).toContain(message);
  });
});
