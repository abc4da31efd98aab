/** Why a rule matched an event or did not, as a tree of the evaluation. */

import { truncateText } from '../../truncate.ts';
import type { RuleLevel } from '../ast.ts';
import type { FieldLookup, Found, Truth } from '../field.ts';
import type { Branch, Decision, Leaf, Observer, Predicate } from '../match/predicate.ts';
import { printTest } from '../match/value-test.ts';
import type { CompiledRule } from '../plan/compile.ts';
import { printable } from '../rule-problem.ts';

export type Explanation =
  | { kind: 'and' | 'or' | 'not'; truth: Truth; operands: Explanation[] }
  | { kind: 'atLeast'; count: number; truth: Truth; operands: Explanation[] }
  | { kind: 'selection'; name: string; truth: Truth; operands: Explanation[] }
  /** A filter; if it is false, it silences the rule. */
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

/** The tree of a rule's condition, and of the conditions of its exceptions, with the truth of each node. Its own truth is
 * the one that `evaluate` returns. */
export function explain({ decide, exceptions }: CompiledRule, lookup: FieldLookup): Explanation {
  const explained = explainPredicate(decide, lookup);
  if (exceptions.length === 0) return explained;
  const operands = [
    explained,
    ...exceptions.map(({ filter, decide }): Explanation => {
      const operand = explainPredicate(decide, lookup);
      return { kind: 'exception', name: filter.name, truth: operand.truth, operands: [operand] };
    }),
  ];
  const truths = operands.map(({ truth }) => truth);
  const truth = truths.includes(false) ? false : truths.includes('unknown') ? 'unknown' : true;
  return { kind: 'and', truth, operands };
}

/** The conditions of the rule's levels, in order: the first that holds sets the level of the finding. */
export function explainLevels(
  { levels }: CompiledRule,
  lookup: FieldLookup,
): { level: RuleLevel; explanation: Explanation }[] {
  return levels.map(({ level, decide }) => ({ level, explanation: explainPredicate(decide, lookup) }));
}

function explainPredicate(decide: Predicate, lookup: FieldLookup): Explanation {
  const observer = new Explainer();
  decide(lookup, observer);
  return observer.explanation!;
}

/** Writes down every part of an evaluation. */
class Explainer implements Observer {
  readonly stopsAt = undefined;
  explanation: Explanation | undefined;
  /** The operands so far of each branch that is being evaluated. */
  readonly #open: Explanation[][] = [];
  /** What was found last around a list: the same for all its members, however many values there are. */
  readonly #around = new Map<Leaf, { found: Found; explanation: PredicateExplanation }>();

  enter(): Observer {
    this.#open.push([]);
    return this;
  }

  leave(branch: Branch, decision: Decision, gap?: string): void {
    const operands = this.#open.pop()!;
    this.#add({ ...branch, truth: truthOf(decision), operands, ...(gap !== undefined && { gap }) } as Explanation);
  }

  look(leaf: Leaf, found: Found, lookup: FieldLookup, decision: Decision): void {
    const known = this.#around.get(leaf);
    const isKnown = known?.found === found;
    const explanation = isKnown ? known.explanation : explainLeaf(leaf, found, lookup, decision);
    if (leaf.isSameForAll && !isKnown) this.#around.set(leaf, { found, explanation });
    this.#add(explanation);
  }

  #add(explanation: Explanation): void {
    const operands = this.#open.at(-1);
    if (operands === undefined) this.explanation = explanation;
    else operands.push(explanation);
  }
}

function explainLeaf(leaf: Leaf, found: Found, lookup: FieldLookup, decision: Decision): PredicateExplanation {
  const { item, field, name } = leaf;
  const gap = leaf.gapOf(found, lookup);
  return {
    kind: 'predicate',
    truth: truthOf(decision),
    field: name,
    negated: item.negated,
    // Lists are long, and not every caller needs them.
    get expected() {
      return item.tests.map(printTest).join(item.quantifier === 'all' ? ' and ' : ' or ');
    },
    values: found.values,
    passing: leaf.passing(found, lookup),
    ...(gap !== undefined && { gap: gap.field === field ? gap.reason : `${gap.field}: ${gap.reason}` }),
  };
}

function truthOf(decision: Decision): Truth {
  return typeof decision === 'boolean' ? decision : 'unknown';
}

const MAX_SHOWN_VALUES = 10;
const MAX_SHOWN_LENGTH = 1000;
/** Of what is expected, as printed: a list may have hundreds of values. */
const MAX_EXPECTED_LENGTH = 200;

/** The explanation as indented text: a mark for each node (+ true, - false, ? unknown), what was expected and found. */
export function printExplanation(explanation: Explanation, indent = ''): string {
  const mark = { true: '+', false: '-', unknown: '?' }[String(explanation.truth)];
  if (explanation.kind !== 'predicate') {
    return [`${indent}${mark} ${printable(labelOf(explanation))}`]
      .concat(shownOperands(explanation).map((operand) => printExplanation(operand, `${indent}  `)))
      .join('\n');
  }
  const { field, negated, values, gap } = explanation;
  const expected = truncateText(explanation.expected, MAX_EXPECTED_LENGTH);
  const found = values.length === 0 ? 'nothing' : values.slice(0, MAX_SHOWN_VALUES).map(printValue).join(', ');
  const more = values.length > MAX_SHOWN_VALUES ? `, … (${values.length} values)` : '';
  const reason = gap === undefined ? '' : ` (gap: ${gap})`;
  return printable(`${indent}${mark} ${field} ${negated ? 'not ' : ''}${expected}: found ${found}${more}${reason}`);
}

/** The operands, without redundant nodes in between: the `and` of the lines of a selection, an `and` in an `and`. */
function shownOperands({ kind, operands }: Exclude<Explanation, PredicateExplanation>): Explanation[] {
  return operands.flatMap((operand) => {
    const isRepeated = (operand.kind === 'and' || operand.kind === 'or') && operand.kind === kind;
    const isOnlyAnd = operand.kind === 'and' && operands.length === 1 && (kind === 'selection' || kind === 'block');
    return isRepeated || isOnlyAnd ? shownOperands(operand) : [operand];
  });
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
  return typeof value === 'string' ? `'${truncateText(value, MAX_SHOWN_LENGTH)}'` : String(value);
}
