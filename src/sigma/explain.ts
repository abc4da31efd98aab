/** Decides a rule a second time, by way of every predicate, so that a person can see why it matched or did not. */
import type { Condition, Item } from './ast.ts';
import { type CompiledRule, isAbsent } from './compile.ts';
import type { FieldLookup, Truth } from './field.ts';
import { printable } from './rule-problem.ts';
import { printTest } from './value-test.ts';

export type Explanation =
  | { kind: 'and' | 'or' | 'not'; truth: Truth; operands: Explanation[] }
  | { kind: 'selection'; name: string; truth: Truth; operands: Explanation[] }
  | PredicateExplanation;

export interface PredicateExplanation {
  kind: 'predicate';
  truth: Truth;
  field: string;
  negated: boolean;
  /** The tests, in words of Sigma. */
  expected: string;
  /** Every value that the event has there. */
  values: readonly unknown[];
  /** Those of them that pass a test, whether or not the item is negated. */
  passing: readonly unknown[];
  /** Why there may be more values. */
  gap?: string;
}

/** The tree of a rule's condition with the truth of each node. Its own truth is that of `evaluate`. */
export function explain(rule: CompiledRule, lookup: FieldLookup): Explanation {
  return explainCondition(rule, rule.rule.condition, lookup);
}

function explainCondition(rule: CompiledRule, condition: Condition, lookup: FieldLookup): Explanation {
  switch (condition.kind) {
    case 'selection': {
      const { name, alternatives } = rule.rule.selections.get(condition.name)!;
      const operands = alternatives.map((items) => {
        const predicates = items.map((item) => explainItem(rule, item, lookup));
        return predicates.length === 1 ? predicates[0]! : node('and', predicates);
      });
      return { kind: 'selection', name, truth: greatest(operands), operands };
    }
    case 'not':
      return node('not', [explainCondition(rule, condition.operand, lookup)]);
    case 'and':
    case 'or':
      return node(
        condition.kind,
        condition.operands.map((operand) => explainCondition(rule, operand, lookup)),
      );
  }
}

function node(kind: 'and' | 'or' | 'not', operands: Explanation[]): Explanation {
  switch (kind) {
    case 'and':
      return { kind, truth: least(operands), operands };
    case 'or':
      return { kind, truth: greatest(operands), operands };
    case 'not':
      return { kind, truth: opposite(operands[0]!.truth), operands };
  }
}

function explainItem(rule: CompiledRule, item: Item, lookup: FieldLookup): PredicateExplanation {
  const found = lookup(item.field);
  const passing = new Set<unknown>();
  let passed = 0;
  for (const test of item.tests) {
    const values = found.values.filter(rule.valueTests.get(test)!);
    for (const value of values) passing.add(value);
    if (values.length > 0 || (test.kind === 'null' && isAbsent(found))) passed++;
  }
  const enough = item.quantifier === 'all' ? item.tests.length : 1;
  const truth = passed >= enough || (found.gap === undefined ? false : 'unknown');
  return {
    kind: 'predicate',
    truth: item.negated ? opposite(truth) : truth,
    field: item.field,
    negated: item.negated,
    expected: item.tests.map(printTest).join(item.quantifier === 'all' ? ' and ' : ' or '),
    values: found.values,
    passing: [...passing],
    ...(found.gap !== undefined && { gap: found.gap }),
  };
}

/** Truth as a number, for Kleene's logic: `and` is the least of its operands, `or` the greatest. */
const rank = { false: 0, unknown: 1, true: 2 };
const truths: readonly Truth[] = [false, 'unknown', true];

function rankOf(truth: Truth): number {
  return rank[String(truth) as keyof typeof rank];
}

function least(operands: readonly Explanation[]): Truth {
  return truths[operands.reduce((lowest, { truth }) => Math.min(lowest, rankOf(truth)), 2)]!;
}

function greatest(operands: readonly Explanation[]): Truth {
  return truths[operands.reduce((highest, { truth }) => Math.max(highest, rankOf(truth)), 0)]!;
}

function opposite(truth: Truth): Truth {
  return truths[2 - rankOf(truth)]!;
}

const MAX_MATCHED_VALUES = 10;
const MAX_MATCHED_LENGTH = 1000;

/** The fields that made the rule match, each with the value that passed, or a list of several.
 *
 * Taken are the predicates that are true and that stand on a way of true nodes from the top down to them, under no
 * `not`: what an exclusion looks at did not make the rule match, and of an `or` only the branches that hold did. Of a
 * field only the values that passed are shown, at most 10, long text cut; a field that had to be missing is null, a map
 * or list `true`. Fields that the finding shows anyway can be left out, unless nothing would be left.
 * @param shownElsewhere names of fields to leave out */
export function matchedFields(
  explanation: Explanation,
  shownElsewhere: ReadonlySet<string> = new Set(),
): Record<string, unknown> {
  const predicates = decidingPredicates(explanation);
  const own = predicates.filter(({ field }) => !shownElsewhere.has(field));
  const values = new Map<string, Set<unknown>>();
  for (const { field, passing } of own.length > 0 ? own : predicates) {
    values.set(field, new Set([...(values.get(field) ?? []), ...passing.map(matchedValue)]));
  }
  // fromEntries defines own members, whatever their names.
  return Object.fromEntries(
    [...values].map(([field, passing]) => {
      const shown = [...passing].slice(0, MAX_MATCHED_VALUES);
      return [field, shown.length > 1 ? shown : (shown[0] ?? null)];
    }),
  );
}

function decidingPredicates(explanation: Explanation): PredicateExplanation[] {
  if (explanation.truth !== true) return [];
  switch (explanation.kind) {
    case 'not':
      return [];
    case 'predicate':
      return explanation.negated ? [] : [explanation];
    case 'and':
    case 'or':
    case 'selection':
      return explanation.operands.flatMap(decidingPredicates);
  }
}

function matchedValue(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.length > MAX_MATCHED_LENGTH ? `${value.slice(0, MAX_MATCHED_LENGTH - 1).toWellFormed()}…` : value;
  }
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'object' && value !== null ? true : value;
}

/** The explanation as indented text: a mark for each node (+ true, - false, ? unknown), what was expected and found. */
export function printExplanation(explanation: Explanation, indent = ''): string {
  const mark = { true: '+', false: '-', unknown: '?' }[String(explanation.truth)];
  if (explanation.kind !== 'predicate') {
    const label = explanation.kind === 'selection' ? printable(explanation.name) : explanation.kind;
    return [`${indent}${mark} ${label}`]
      .concat(explanation.operands.map((operand) => printExplanation(operand, `${indent}  `)))
      .join('\n');
  }
  const { field, negated, expected, values, gap } = explanation;
  const found = values.length === 0 ? 'nothing' : values.slice(0, MAX_MATCHED_VALUES).map(printValue).join(', ');
  const more = values.length > MAX_MATCHED_VALUES ? `, … (${values.length} values)` : '';
  const reason = gap === undefined ? '' : ` (gap: ${gap})`;
  return printable(`${indent}${mark} ${field} ${negated ? 'not ' : ''}${expected}: found ${found}${more}${reason}`);
}

function printValue(value: unknown): string {
  if (Array.isArray(value)) return '[…]';
  if (typeof value === 'object' && value !== null) return '{…}';
  const shown = matchedValue(value);
  return typeof shown === 'string' ? `'${shown}'` : String(shown);
}
