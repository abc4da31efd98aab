/** Turns a rule into a function of a field look-up. A look-up may report a gap, so truth is three-valued (Kleene). */
import type { Condition, Item, Rule, Selection, Test } from './ast.ts';
import type { FieldLookup, Found } from './field.ts';
import { compileTest, type ValueTest } from './value-test.ts';

/** Why something could not be decided: the field that was missing, and what became of it. */
export interface Gap {
  field: string;
  reason: string;
}

/** True, false, or unknown for want of a field. */
export type Decision = boolean | Gap;
export type Predicate = (lookup: FieldLookup) => Decision;

export interface CompiledRule {
  readonly rule: Rule;
  readonly decide: Predicate;
  readonly valueTests: ReadonlyMap<Test, ValueTest>;
}

/** The rule, ready to be evaluated. Takes what `parseRule` returns; never throws on it. */
export function compileRule(rule: Rule): CompiledRule {
  const valueTests = new Map<Test, ValueTest>();
  const selections = new Map<string, Predicate>();
  for (const selection of rule.selections.values()) {
    for (const test of selection.alternatives.flat().flatMap((item) => item.tests)) {
      valueTests.set(test, compileTest(test));
    }
    selections.set(selection.name, compileSelection(selection, valueTests));
  }
  return { rule, decide: compileCondition(rule.condition, selections), valueTests };
}

function compileCondition(condition: Condition, selections: ReadonlyMap<string, Predicate>): Predicate {
  switch (condition.kind) {
    case 'selection':
      return selections.get(condition.name)!;
    case 'not':
      return not(compileCondition(condition.operand, selections));
    case 'and':
      return every(condition.operands.map((operand) => compileCondition(operand, selections)));
    case 'or':
      return some(condition.operands.map((operand) => compileCondition(operand, selections)));
  }
}

function compileSelection(selection: Selection, valueTests: ReadonlyMap<Test, ValueTest>): Predicate {
  return some(selection.alternatives.map((items) => every(items.map((item) => compileItem(item, valueTests)))));
}

/** Any value that is present and passes decides for the item; a gap leaves open what else there is. */
function compileItem(item: Item, valueTests: ReadonlyMap<Test, ValueTest>): Predicate {
  const { field, quantifier } = item;
  const tests = item.tests.map((test) => {
    const valueTest = valueTests.get(test)!;
    return (found: Found) => found.values.some(valueTest) || (test.kind === 'null' && isAbsent(found));
  });
  const predicate: Predicate = (lookup) => {
    const found = lookup(field);
    const passes = quantifier === 'all' ? tests.every((test) => test(found)) : tests.some((test) => test(found));
    return passes || (found.gap === undefined ? false : { field, reason: found.gap });
  };
  return item.negated ? not(predicate) : predicate;
}

/** Known to be missing, which a field in a gap is not. */
export function isAbsent(found: Found): boolean {
  return found.values.length === 0 && found.gap === undefined;
}

function not(predicate: Predicate): Predicate {
  return (lookup) => {
    const decision = predicate(lookup);
    return typeof decision === 'boolean' ? !decision : decision;
  };
}

function every(predicates: readonly Predicate[]): Predicate {
  return (lookup) => joined(predicates, lookup, false);
}

function some(predicates: readonly Predicate[]): Predicate {
  return (lookup) => joined(predicates, lookup, true);
}

/** What the first predicate says that decides; else unknown if any is, for the first reason; else the opposite. */
function joined(predicates: readonly Predicate[], lookup: FieldLookup, deciding: boolean): Decision {
  let gap: Gap | undefined;
  for (const predicate of predicates) {
    const decision = predicate(lookup);
    if (decision === deciding) return deciding;
    if (typeof decision !== 'boolean') gap ??= decision;
  }
  return gap ?? !deciding;
}
