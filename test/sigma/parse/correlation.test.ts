import { describe, expect, test } from 'vitest';
import { type Correlation, parseRules, printRuleProblem, resolveCorrelations } from '../../../src/sigma/index.ts';

const knownFields = ['username', 'userAgent', 'responseStatus'];

/** What is wrong with a correlation, without the excerpts. */
function problemsOf(body: string, head = ''): string[] {
  const { problems } = parseRules(`title: T\n${head}\ncorrelation:\n${body}`, 'c.yml', { knownFields });
  return problems.map((problem) => printRuleProblem({ ...problem, excerpt: undefined }));
}

const count = `  type: event_count
  rules: [a]
  timespan: 5m
  condition: { gte: 3 }`;

describe('a problem is reported with its place and what to write', () => {
  test.each<[name: string, body: string, problem: string]>([
    ['no type', '  rules: [a]', "c.yml:3:1: the correlation has no 'type'; add type: event_count, or another"],
    [
      'a type that is near',
      '  type: event_cuont',
      "c.yml:4:9: 'event_cuont' is not a type of correlation; did you mean 'event_count'?",
    ],
    [
      'an unknown type',
      '  type: sessions',
      /'sessions' is not a type of correlation; write one of event_count, value_count/.source,
    ],
    [
      'a key that is near',
      '  groupby: username',
      "c.yml:4:3: unknown key 'groupby' below correlation; did you mean 'group-by'?",
    ],
    ['no rules', '  type: event_count', "c.yml:3:1: the correlation has no 'rules'; add rules: and the names of some"],
    ['no rule', '  rules: []', "c.yml:4:10: 'rules' is empty; name at least one"],
    ['a rule twice', '  rules: [a, a]', "c.yml:4:14: 'a' is here twice; drop one"],
    [
      'a rule that is a map',
      '  rules: [{ a: b }]',
      "c.yml:4:11: 'rules' has to be a name, or a list of names; write a name, or a list of names after rules:",
    ],
    [
      'no timespan',
      '  type: event_count',
      "c.yml:3:1: the correlation has no 'timespan'; add timespan: 15m, or another",
    ],
    [
      'a timespan without unit',
      '  timespan: 300',
      "c.yml:4:13: '300' is not a valid timespan; write a number and s, m, h, d, w, M (months) or y, such as 15m",
    ],
    ['a timespan of nothing', '  timespan: 0s', "c.yml:4:13: '0s' is not a valid timespan;"],
    [
      'generate as text',
      "  generate: 'true'",
      "c.yml:4:13: 'generate' has to be true or false; write true or false, without quotes",
    ],
    ['aliases that are none', '  aliases: { who: username }', "c.yml:4:19: 'who' has to be a map;"],
    [
      'no condition',
      '  type: event_count\n  rules: [a]\n  timespan: 5m',
      "c.yml:3:1: the correlation has no 'condition'; add condition: { gte: 10 }",
    ],
    ['no bound', count.replace('gte: 3', ''), "c.yml:7:14: 'condition' has to be a map;"],
    [
      'a bound that is near',
      count.replace('gte', 'gtee'),
      "c.yml:7:16: unknown key 'gtee' below condition; did you mean 'gte'?",
    ],
    ['a bound that is no number', count.replace('3', 'many'), "c.yml:7:21: 'gte' accepts only a number; write one: 10"],
    [
      'a field that is not asked for',
      count.replace('3', '3, field: username'),
      "c.yml:7:24: unknown key 'field' below condition; use gt, gte, lt, lte, eq, neq",
    ],
    [
      'no field',
      count.replace('event_count', 'value_count'),
      "c.yml:7:14: the condition of value_count has no 'field'; add field: and the name of one",
    ],
    [
      'two fields to sum up',
      count.replace('event_count', 'value_sum').replace('3', '3, field: [a, b]'),
      'c.yml:7:31: value_sum accepts only one field; drop the others',
    ],
    [
      'a percentile beyond 100',
      count.replace('event_count', 'value_percentile').replace('3', '3, field: a, percentile: 101'),
      "c.yml:7:46: 'percentile' has to be a number from 0 to 100; write one: 95",
    ],
    [
      'more than is counted',
      count.replace('3', '10000'),
      'c.yml:7:14: 10000 is more than event_count can count; write a number below 10000, and a shorter timespan',
    ],
    [
      'text where a map is',
      count.replace('{ gte: 3 }', 'a and b'),
      'c.yml:7:14: the condition of event_count has to be a map; write gte: 10, or name rules in temporal or temporal_ordered',
    ],
    [
      'a rule that is not in the list',
      '  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: a and bb',
      "c.yml:7:20: there is no rule 'bb'; did you mean 'b'?",
    ],
    [
      'a rule that the condition leaves out',
      '  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: a',
      "c.yml:7:14: the condition does not name 'b'; name it, or remove it from rules",
    ],
    [
      'nothing that has to match',
      '  type: temporal\n  timespan: 5m\n  condition: not a',
      'c.yml:6:14: the condition is true if no rule matches; require a rule, too: a and not b',
    ],
    [
      'what can never be',
      '  type: temporal\n  timespan: 5m\n  condition: a and not a',
      'c.yml:6:14: the condition can never come true; fix it',
    ],
    [
      'more rules than there are',
      '  type: temporal\n  rules: [a, b]\n  timespan: 5m\n  condition: { gte: 3 }',
      'c.yml:7:14: 3 is not a valid number of the 2 rules; write a number of rules, up to 2',
    ],
    [
      'too many ways',
      `  type: temporal\n  rules: [${Array.from({ length: 20 }, (_, i) => `r${i}`)}]\n  timespan: 5m\n  condition: { gte: 10 }`,
      'c.yml:7:14: the condition can come true in more than 100 ways; name fewer rules, or split it',
    ],
    [
      'terms without a field',
      '  type: new_terms\n  rules: [a]\n  timespan: 5m\n  condition: { gte: 1 }',
      "c.yml:7:16: unknown key 'gte' below condition; use field",
    ],
  ])('%s', (_, body, problem) => expect(problemsOf(body).join('\n')).toContain(problem));

  test('all problems are reported at once', () => {
    expect(problemsOf('  type: x\n  rules: []\n  timespan: 5\n  generate: 1\n  foo: 1').length).toBe(5);
  });

  test.each([
    [
      'generate beside the body',
      `${count}\ngenerate: true`,
      "c.yml:8:1: 'generate' is beside correlation; move it below correlation:",
    ],
    [
      'learning of what learns nothing',
      `${count}\ntripline: { learning: 7d }`,
      "c.yml:8:13: 'learning' has no effect with event_count; drop it, or use type: new_terms",
    ],
    [
      'a summary with a field that there is not',
      `${count}\ntripline: { summary: '{usernam}' }`,
      "no event has a field 'usernam'; did you mean 'username'?",
    ],
  ])('%s', (_, body, problem) => expect(problemsOf(body).join('\n')).toContain(problem));

  test('a summary may name the group and the value', () => {
    const body = `${count}\n  group-by: [who]\n  aliases: { who: { a: username } }\ntripline: { summary: '{who} {value} {username}' }`;
    expect(problemsOf(body)).toEqual([]);
  });
});

test('a hundred rules in a condition of a thousand words cost no more than others', () => {
  const names = Array.from({ length: 100 }, (_, i) => `r${i}`);
  const sums = names.map((name, i) => `(${name} or ${names[(i + 1) % 100]})`).join(' and ');
  expect(problemsOf(`  type: temporal\n  timespan: 5m\n  condition: ${sums}`).join()).toContain('more than 100 ways');
});

describe('new terms', () => {
  test.each([
    ['', 300],
    ['tripline: { learning: 2h }', 7200],
    ['tripline: { learning: 0s }', 0],
  ])('learn: %j', (head, learning) => {
    const body = '{ type: new_terms, rules: [a], timespan: 5m, condition: { field: [userAgent, username] } }';
    const { correlations } = parseRules(`title: T\ncorrelation: ${body}\n${head}`, 'c.yml');
    expect(correlations[0]?.test).toEqual({ type: 'new_terms', fields: ['userAgent', 'username'], learning });
  });
});

/** A correlation that refers to others. */
const refers = (name: string, rules: string, more = '') =>
  `title: ${name}\nname: ${name}\nid: 00000000-0000-4000-8000-00000000000${name.length}\ncorrelation: { type: temporal, rules: [${rules}], timespan: 5m${more} }`;

function resolve(...documents: string[]) {
  const { correlations, problems } = parseRules(documents.join('\n---\n'), 'c.yml', { knownFields });
  expect(problems).toEqual([]);
  const rules = [
    { name: 'a', path: 'a.yml', id: 'aaaaaaaa-0000-4000-8000-000000000000' },
    { name: 'b', path: 'b.yml' },
  ];
  const resolved = resolveCorrelations(correlations as Correlation[], rules, knownFields);
  return {
    order: resolved.correlations.map(({ correlation }) => correlation.name),
    rules: resolved.correlations.map((compiled) => compiled.rules),
    groupFields: resolved.correlations.map((compiled) => compiled.groupFields),
    problems: resolved.problems.map(printRuleProblem),
  };
}

describe('references', () => {
  test('may be names or ids of rules and correlations, and those referred to come first', () => {
    const resolved = resolve(
      refers('top', '00000000-0000-4000-8000-000000000006, AAAAAAAA-0000-4000-8000-000000000000'),
      refers('middle', 'a, b'),
    );
    expect(resolved).toMatchObject({
      order: ['middle', 'top'],
      rules: [
        ['a', 'b'],
        ['middle', 'a'],
      ],
      problems: [],
    });
  });

  test.each<[string, string[], string[], string[]]>([
    [
      'one that there is not',
      [refers('x', 'a, bb')],
      [],
      ["c.yml:4:43: there is no rule or correlation 'bb'; did you mean 'b'?"],
    ],
    [
      'a name and an id of the same',
      [refers('x', 'a, aaaaaaaa-0000-4000-8000-000000000000')],
      [],
      ["c.yml:4:43: 'aaaaaaaa-0000-4000-8000-000000000000' is 'a', which is already listed; drop one"],
    ],
    ['itself', [refers('x', 'x')], [], ["c.yml:4:40: correlations wait for each other: 'x' -> 'x'; break the cycle"]],
    [
      'a circle, and others are unharmed',
      [refers('x', 'yy'), refers('yy', 'zzz, a'), refers('zzz', 'x'), refers('fine', 'a, b')],
      ['fine'],
      [
        "c.yml:14:40: correlations wait for each other: 'x' -> 'yy' -> 'zzz' -> 'x'; break the cycle",
        "c.yml:9:40: the correlation 'zzz' cannot be used; fix that first",
        "c.yml:4:40: the correlation 'yy' cannot be used; fix that first",
      ],
    ],
    [
      'the name of a rule',
      [refers('a', 'b')],
      [],
      ["c.yml:4:1: 'a' is already the name of the rule in a.yml; give each rule and correlation a name of its own"],
    ],
    [
      'an alias of a rule that is not among them',
      [refers('x', 'a, b', ', aliases: { who: { other: username } }')],
      [],
      ["c.yml:4:79: the alias 'who' is for 'other', which is not among the rules; write one of a, b"],
    ],
    [
      'an alias that leaves a rule out',
      [refers('x', 'a, b', ', group-by: [who], aliases: { who: { a: username } }')],
      [],
      ["c.yml:4:72: the alias 'who' does not say which field it is in 'b'; add b: and the name of a field below it"],
    ],
    [
      'a field that there is not',
      [refers('x', 'a, b', ', group-by: [usernam]')],
      [],
      ["c.yml:4:72: no event has a field 'usernam'; did you mean 'username'?"],
    ],
  ])('%s', (_, documents, order, problems) => {
    const resolved = resolve(...documents);
    expect(resolved.problems).toEqual(problems);
    expect(resolved.order).toEqual(order);
  });

  test('a chain may be at most ten deep', () => {
    const chain = (depth: number) =>
      Array.from(
        { length: depth },
        (_, i) =>
          `title: T\nname: c${i}\ncorrelation: { type: temporal, rules: [${i === depth - 1 ? 'a' : `c${i + 1}`}], timespan: 5m }`,
      );
    expect(resolve(...chain(10))).toMatchObject({ problems: [], order: { length: 10 } });
    expect(resolve(...chain(11)).problems[0]).toContain('correlations are chained deeper than 10');
  });

  test('a chain can group by what the correlation below it groups by', () => {
    const below = refers('x', 'a, b', ', group-by: [who], aliases: { who: { a: username, b: userAgent } }');
    const above = refers('yy', 'x', ', group-by: [who]');
    expect(resolve(below, above)).toMatchObject({
      problems: [],
      groupFields: [[['username'], ['userAgent']], [['who']]],
    });
  });
});
