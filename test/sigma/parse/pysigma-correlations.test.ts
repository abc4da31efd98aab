/** Compares how we and pySigma, the reference implementation, read correlations. The vectors are its answers, written
 * by test/fixtures/sigma/make_correlations.py. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import type { Condition, Correlation } from '../../../src/sigma/ast.ts';
import { parseRules } from '../../../src/sigma/index.ts';
import { parseCondition } from '../../../src/sigma/parse/condition.ts';
import { dnfOf } from '../../../src/sigma/parse/dnf.ts';

type Tree = string | Tree[];
type Body = Record<string, any>;
interface Made {
  type: string;
  rules: string[] | null;
  seconds: number;
  'group-by': string[];
  generate: boolean;
  aliases: Record<string, Record<string, string>>;
  condition: Tree | { operator: string; count: number; field: string | string[] | null; percentile: number | null };
}

const file = fileURLToPath(new URL('../../fixtures/sigma/correlations.json', import.meta.url));
const vectors: { correlations: [Body, Made | 'error'][]; conditions: [string, Tree | 'error'][] } = JSON.parse(
  readFileSync(file, 'utf8'),
);

function ours(body: Body): Correlation | 'error' {
  // JSON is YAML.
  const { correlations, problems } = parseRules(`title: T\nname: it\ncorrelation: ${JSON.stringify(body)}`, 'it.yml');
  return problems.length > 0 ? 'error' : correlations[0]!;
}

const names = ['a', 'b', 'c', 'd'];
const subsets = Array.from({ length: 16 }, (_, bits) => new Set(names.filter((_, index) => bits & (1 << index))));

function holds(condition: Condition, present: ReadonlySet<string>): boolean {
  switch (condition.kind) {
    case 'selection':
      return present.has(condition.name);
    case 'not':
      return !holds(condition.operand, present);
    case 'and':
      return condition.operands.every((operand) => holds(operand, present));
    case 'or':
      return condition.operands.some((operand) => holds(operand, present));
    case 'atLeast':
      return condition.operands.filter((operand) => holds(operand, present)).length >= condition.count;
  }
}

function holdsTheirs(tree: Tree, present: ReadonlySet<string>): boolean {
  if (typeof tree === 'string') return present.has(tree);
  const [kind, ...operands] = tree as [string, ...Tree[]];
  const truths = operands.map((operand) => holdsTheirs(operand, present));
  return kind === 'not' ? !truths[0] : kind === 'and' ? truths.every(Boolean) : truths.some(Boolean);
}

const compare: Record<string, (value: number, bound: number) => boolean> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  eq: (value, bound) => value === bound,
  neq: (value, bound) => value !== bound,
};

/** Whether it is true for each subset of the rules, as a string of digits. */
function truthOf({ rules, condition }: Pick<Made, 'rules' | 'condition'>): string {
  return subsets
    .map((present) => {
      if (typeof condition === 'string' || Array.isArray(condition)) return holdsTheirs(condition, present);
      return compare[condition.operator]!(rules!.filter((rule) => present.has(rule)).length, condition.count);
    })
    .map(Number)
    .join('');
}

/** In the same shape as `shownOurs`. */
function shownTheirs(made: Made): unknown {
  const { type, seconds, generate, aliases, condition } = made;
  const base = { type, rules: made.rules, seconds, groupBy: made['group-by'], generate, aliases };
  if (type.startsWith('temporal')) {
    const isTree = typeof condition === 'string' || Array.isArray(condition);
    return { ...base, rules: isTree ? undefined : base.rules, truth: truthOf(made) };
  }
  const { operator, count, field, percentile } = condition as Exclude<Made['condition'], Tree>;
  const fields = type === 'event_count' ? [] : [field].flat();
  return {
    ...base,
    bounds: [{ operator, value: count }],
    fields,
    ...(type === 'value_percentile' && { percentile: percentile ?? 50 }),
  };
}

function shownOurs(correlation: Correlation, isTree: boolean): unknown {
  const { test, rules, timespan: seconds, groupBy, generate } = correlation;
  const aliases = Object.fromEntries(
    [...correlation.aliases].map(([name, fields]) => [name, Object.fromEntries(fields)]),
  );
  const base = { type: test.type, rules, seconds, groupBy, generate, aliases };
  if ('condition' in test) {
    const truth = subsets.map((present) => Number(holds(test.condition, present))).join('');
    return { ...base, rules: isTree ? undefined : rules, truth };
  }
  return {
    ...base,
    bounds: 'bounds' in test ? test.bounds : [],
    fields: 'fields' in test ? test.fields : 'field' in test ? [test.field] : [],
    ...(test.type === 'value_percentile' && { percentile: test.percentile }),
  };
}

/** Where we differ, and why. */
function difference({ type, condition, aliases, ...body }: Body): string | undefined {
  const bounds = typeof condition === 'object' && condition !== null ? condition : {};
  const operators = Object.keys(bounds).filter((key) => key in compare);
  if (type === 'new_terms') return 'an extension of ours';
  if (operators.length > 1) return 'a range, which the specification has and pySigma refuses';
  const isTemporal = /^temporal/.test(type);
  if (isTemporal && condition === 'not a or b and c') return 'true if no rule matches';
  if (isTemporal && operators.some((key) => ['lt', 'lte', 'neq'].includes(key))) return 'true if no rule matches';
  if (isTemporal && bounds.gt === 3) return 'never true';
  if (isTemporal && (bounds.gte === 2.5 || 'field' in bounds)) return 'says nothing of rules';
  if (/^event_count$/i.test(type) && 'field' in bounds) return 'says nothing: value_count is meant';
  if (type !== 'value_percentile' && 'percentile' in bounds) return 'says nothing: value_percentile is meant';
  if (/^value_(sum|avg|median|percentile)$/.test(type) && Array.isArray(bounds.field))
    return 'no number is made of two';
  if (Array.isArray(body.rules) && body.rules.length === 0) return 'nothing can match';
  return undefined;
}

describe('correlations', () => {
  it('are read as pySigma reads them', () => {
    const different: unknown[] = [];
    const unreasoned: unknown[] = [];
    for (const [body, made] of vectors.correlations) {
      const own = ours(body);
      const isTree = typeof body.condition === 'string';
      const shown = own === 'error' ? own : shownOurs(own, isTree);
      const expected = made === 'error' ? made : shownTheirs(made);
      if (JSON.stringify(shown) === JSON.stringify(expected)) continue;
      different.push(body);
      if (difference(body) === undefined) unreasoned.push({ body, shown, expected });
    }
    expect(unreasoned).toEqual([]);
    expect(vectors.correlations.filter(([, made]) => made !== 'error').length).toBeGreaterThan(50);
    // A reason that no longer applies has to be removed.
    expect(new Set(different.map((body) => difference(body as Body)))).toEqual(
      new Set(vectors.correlations.flatMap(([body]) => difference(body) ?? [])),
    );
  });
});

describe('extended conditions', () => {
  /** pySigma reads a lone `and` as the name of a rule. */
  const isReserved = (tree: Tree): boolean =>
    typeof tree === 'string' ? ['and', 'or', 'not'].includes(tree) : tree.slice(1).some(isReserved);

  it('are read as pySigma reads them', () => {
    const different: unknown[] = [];
    for (const [text, theirs] of vectors.conditions) {
      const condition = parseCondition(text, names, 'rule');
      const own =
        'message' in condition ? 'error' : subsets.map((present) => Number(holds(condition, present))).join('');
      const expected =
        theirs === 'error' || isReserved(theirs) ? 'error' : truthOf({ rules: names, condition: theirs });
      if (own !== expected) different.push({ text, own, expected });
    }
    expect(vectors.conditions.length).toBeGreaterThan(1_000);
    expect(different).toEqual([]);
  });

  it('are true exactly when their dnf is', () => {
    for (const [text] of vectors.conditions) {
      const condition = parseCondition(text, names, 'rule');
      if ('message' in condition) continue;
      const dnf = dnfOf(condition, names)!;
      const truths = subsets.map((present) =>
        dnf.some(
          ({ required, forbidden }) =>
            required.every((rule) => present.has(names[rule]!)) && !forbidden.some((rule) => present.has(names[rule]!)),
        ),
      );
      expect(truths, text).toEqual(subsets.map((present) => holds(condition, present)));
    }
  });
});

test.each([
  ['2 of 4', '2 of them', 6],
  ['not 2 of 4', 'not (2 of them)', 4],
  ['all', 'all of them', 1],
])('the dnf of a count: %s', (_, text, count) => {
  const condition = parseCondition(text, names, 'rule') as Condition;
  expect(dnfOf(condition, names)).toHaveLength(count);
});

test.each([
  ['all', 100, 1],
  ['all but one', 99, 100],
])('the dnf of a large count is short: %s of a hundred', (_, count, dnf) => {
  const rules = Array.from({ length: 100 }, (_, i) => `r${i}`);
  const operands = rules.map((name): Condition => ({ kind: 'selection', name }));
  expect(dnfOf({ kind: 'atLeast', count, operands }, rules)).toHaveLength(dnf);
});
