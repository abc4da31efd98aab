/** Decides a rule a second time, by way of every predicate, so that a person can see why it matched or did not. */

import type { BlockItem, Condition, Detection, FieldItem, Item, Members, RuleLevel } from './ast.ts';
import { fieldWithin, holdsDespiteGap, holdsForNothing, isAround, openBlock, printBlock } from './block.ts';
import { clip } from './clip.ts';
import { type CompiledRule, compileGap, isAbsent } from './compile.ts';
import type { FieldLookup, Found, Truth } from './field.ts';
import { printable } from './rule-problem.ts';
import { printTest, referencesOf } from './value-test.ts';

export type Explanation =
  | { kind: 'and' | 'or' | 'not'; truth: Truth; operands: Explanation[] }
  | { kind: 'atLeast'; count: number; truth: Truth; operands: Explanation[] }
  | { kind: 'selection'; name: string; truth: Truth; operands: Explanation[] }
  /** A filter; where it is false, it silences the rule. */
  | { kind: 'exception'; name: string; truth: Truth; operands: Explanation[] }
  /** An array block; its operands are the members that were looked at, `gap` says why there may be more. */
  | { kind: 'block'; field: string; truth: Truth; operands: Explanation[]; gap?: string }
  | PredicateExplanation;

export interface PredicateExplanation {
  kind: 'predicate';
  truth: Truth;
  /** With the array blocks around it; `keywords` for the whole event. */
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

/** The tree of a rule's condition, and of those of its exceptions, with the truth of each node. Its own truth is that of
 * `evaluate`. */
export function explain({ rule, tests, exceptions }: CompiledRule, lookup: FieldLookup): Explanation {
  const explained = explainDetection(rule, { tests, lookup, blocks: '', around: new Map() });
  if (exceptions.length === 0) return explained;
  return node('and', [
    explained,
    ...exceptions.map(({ filter, tests }): Explanation => {
      const operand = explainDetection(filter, { tests, lookup, blocks: '', around: new Map() });
      return { kind: 'exception', name: filter.name, truth: operand.truth, operands: [operand] };
    }),
  ]);
}

/** The conditions of the rule's levels, in order: the first that holds sets the level of the finding. */
export function explainLevels(
  { rule, tests }: CompiledRule,
  lookup: FieldLookup,
): { level: RuleLevel; explanation: Explanation }[] {
  return rule.levels.map(({ level, condition }) => ({
    level,
    explanation: explainDetection(
      { selections: rule.selections, condition },
      { tests, lookup, blocks: '', around: new Map() },
    ),
  }));
}

interface Scope extends Pick<CompiledRule, 'tests'> {
  lookup: FieldLookup;
  /** The array blocks around, as the file spells them. */
  blocks: string;
  /** What was found last around a list: the same for all its members, however many values there are. */
  around: Map<FieldItem, { found: Found; explanation: PredicateExplanation }>;
}

function explainDetection({ selections, condition }: Detection, scope: Scope): Explanation {
  const explained = (part: Condition): Explanation => {
    switch (part.kind) {
      case 'selection': {
        const { name, alternatives } = selections.get(part.name)!;
        const operands = alternatives.map((items) => explainItems(items, scope));
        return { kind: 'selection', name, truth: greatest(operands), operands };
      }
      case 'not':
        return node('not', [explained(part.operand)]);
      case 'and':
      case 'or':
        return node(part.kind, part.operands.map(explained));
      case 'atLeast': {
        const operands = part.operands.map(explained);
        return { kind: 'atLeast', count: part.count, truth: nthGreatest(part.count, operands), operands };
      }
    }
  };
  return explained(condition);
}

function explainItems(items: readonly Item[], scope: Scope): Explanation {
  const operands = items.map((item) => (item.kind === 'field' ? explainField(item, scope) : explainBlock(item, scope)));
  return operands.length === 1 ? operands[0]! : node('and', operands);
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

function explainField(item: FieldItem, scope: Scope): PredicateExplanation {
  const found = scope.lookup(item.field);
  if (!isAround(item.field) || item.tests.some((test) => referencesOf(test).length > 0)) {
    return explainFound(item, found, scope);
  }
  const known = scope.around.get(item);
  if (known?.found === found) return known.explanation;
  const explanation = explainFound(item, found, scope);
  scope.around.set(item, { found, explanation });
  return explanation;
}

function explainFound(item: FieldItem, found: Found, { tests, lookup, blocks }: Scope): PredicateExplanation {
  const passing = new Set<unknown>();
  let passed = 0;
  for (const test of item.tests) {
    const values = found.values.filter(tests.get(test)!(lookup));
    for (const value of values) passing.add(value);
    if (values.length > 0 || (test.kind === 'null' && isAbsent(found))) passed++;
  }
  const enough = item.quantifier === 'all' ? item.tests.length : 1;
  const field = fieldWithin(blocks, item.field);
  const gap = compileGap(item, blocks)(found, lookup);
  const truth = passed >= enough || (gap === undefined ? false : 'unknown');
  return {
    kind: 'predicate',
    truth: item.negated ? opposite(truth) : truth,
    field: item.field === '' ? fieldWithin(blocks, 'keywords') : field,
    negated: item.negated,
    // Asked for by people alone, while every finding is explained: lists are long.
    get expected() {
      return item.tests.map(printTest).join(item.quantifier === 'all' ? ' and ' : ' or ');
    },
    values: found.values,
    passing: [...passing],
    ...(gap !== undefined && { gap: gap.field === field ? gap.reason : `${gap.field}: ${gap.reason}` }),
  };
}

function explainBlock(item: BlockItem, scope: Scope): Explanation {
  const { field, members, body } = item;
  const blocks = fieldWithin(scope.blocks, printBlock(field, members));
  const opened = openBlock(item, scope.lookup(field), scope.lookup);
  const lists = opened.lists.map((list) => {
    const operands = list.map((lookup) => {
      const inner = { ...scope, lookup, blocks };
      return body.kind === 'items' ? explainItems(body.items, inner) : explainDetection(body, inner);
    });
    return { truth: truthOfMembers(members, operands), operands };
  });
  const truth = lists.length === 0 ? holdsForNothing(members) : greatest(lists);
  const isOpen = opened.gap !== undefined && !(truth === true && lists.length > 0 && holdsDespiteGap(members));
  return {
    kind: 'block',
    field: blocks,
    truth: isOpen ? 'unknown' : truth,
    operands: lists.flatMap(({ operands }) => operands),
    ...(opened.gap !== undefined && { gap: opened.gap }),
  };
}

function truthOfMembers(members: Members, operands: readonly Explanation[]): Truth {
  if ('index' in members) return greatest(operands);
  switch (members.quantifier) {
    case 'any':
      return greatest(operands);
    case 'all':
      return operands.length > 0 && least(operands);
    case 'all_or_empty':
      return least(operands);
    case 'none':
      return opposite(greatest(operands));
  }
}

/** Truth as a number, for Kleene's logic: `and` is the least of its operands, `or` the greatest. */
const rank = { false: 0, unknown: 1, true: 2 };
const truths: readonly Truth[] = [false, 'unknown', true];

function rankOf(truth: Truth): number {
  return rank[String(truth) as keyof typeof rank];
}

function least(operands: readonly { truth: Truth }[]): Truth {
  return truths[operands.reduce((lowest, { truth }) => Math.min(lowest, rankOf(truth)), 2)]!;
}

function greatest(operands: readonly { truth: Truth }[]): Truth {
  return truths[operands.reduce((highest, { truth }) => Math.max(highest, rankOf(truth)), 0)]!;
}

function nthGreatest(n: number, operands: readonly { truth: Truth }[]): Truth {
  const ranks = operands.map(({ truth }) => rankOf(truth)).sort((a, b) => b - a);
  return truths[ranks[n - 1] ?? 0]!;
}

function opposite(truth: Truth): Truth {
  return truths[2 - rankOf(truth)]!;
}

const MAX_SHOWN_VALUES = 10;
const MAX_SHOWN_LENGTH = 1000;
/** Of what is expected, in print: a list may have hundreds of values. */
const MAX_EXPECTED_LENGTH = 200;

/** The fields that made the rule match, each with the values that passed.
 *
 * Taken are the predicates that are true and that stand on a way of true nodes from the top down to them, under no
 * `not` and in no exception: what an exclusion looks at did not make the rule match, and of an `or` only the branches that
 * hold did. Of a field only the values that passed are given, each once, at most 10; a field that had to be missing has
 * none. Fields that the finding shows anyway can be left out, unless nothing would be left.
 * @param shownElsewhere names of fields to leave out */
export function matchedFields(
  explanation: Explanation,
  shownElsewhere: ReadonlySet<string> = new Set(),
): { field: string; values: unknown[] }[] {
  const predicates = [...new Set(decidingPredicates(explanation))];
  const own = predicates.filter(({ field }) => !shownElsewhere.has(field));
  const matched = new Map<string, Set<unknown>>();
  for (const { field, passing } of own.length > 0 ? own : predicates) {
    const values = matched.get(field) ?? new Set();
    matched.set(field, values);
    for (const value of passing) {
      if (values.size === MAX_SHOWN_VALUES) break;
      values.add(value);
    }
  }
  return [...matched].map(([field, values]) => ({ field, values: [...values] }));
}

function decidingPredicates(explanation: Explanation): PredicateExplanation[] {
  if (explanation.truth !== true) return [];
  switch (explanation.kind) {
    case 'not':
    case 'exception':
      return [];
    case 'predicate':
      return explanation.negated ? [] : [explanation];
    case 'and':
    case 'or':
    case 'atLeast':
    case 'selection':
    case 'block':
      return explanation.operands.flatMap(decidingPredicates);
  }
}

/** The explanation as indented text: a mark for each node (+ true, - false, ? unknown), what was expected and found. */
export function printExplanation(explanation: Explanation, indent = ''): string {
  const mark = { true: '+', false: '-', unknown: '?' }[String(explanation.truth)];
  if (explanation.kind !== 'predicate') {
    return [`${indent}${mark} ${printable(labelOf(explanation))}`]
      .concat(explanation.operands.map((operand) => printExplanation(operand, `${indent}  `)))
      .join('\n');
  }
  const { field, negated, values, gap } = explanation;
  const expected = clip(explanation.expected, MAX_EXPECTED_LENGTH);
  const found = values.length === 0 ? 'nothing' : values.slice(0, MAX_SHOWN_VALUES).map(printValue).join(', ');
  const more = values.length > MAX_SHOWN_VALUES ? `, … (${values.length} values)` : '';
  const reason = gap === undefined ? '' : ` (gap: ${gap})`;
  return printable(`${indent}${mark} ${field} ${negated ? 'not ' : ''}${expected}: found ${found}${more}${reason}`);
}

function labelOf(explanation: Exclude<Explanation, PredicateExplanation>): string {
  switch (explanation.kind) {
    case 'selection':
      return explanation.name;
    case 'exception':
      return `exception ${explanation.name}`;
    case 'atLeast':
      return `${explanation.count} of`;
    case 'block': {
      const { field, operands, gap } = explanation;
      const found = operands.length === 0 ? ': found nothing' : '';
      return `${field}${found}${gap === undefined ? '' : ` (gap: ${gap})`}`;
    }
    default:
      return explanation.kind;
  }
}

function printValue(value: unknown): string {
  if (Array.isArray(value)) return '[…]';
  if (typeof value === 'object' && value !== null) return '{…}';
  return typeof value === 'string' ? `'${clip(value, MAX_SHOWN_LENGTH)}'` : String(value);
}
