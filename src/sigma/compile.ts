/** Turns a rule into a function of a field look-up. A look-up may report a gap, so truth is three-valued (Kleene). */
import type {
  BlockItem,
  Condition,
  Detection,
  FieldItem,
  Filter,
  Item,
  Members,
  Rule,
  RuleLevel,
  Test,
} from './ast.ts';
import { fieldWithin, holdsDespiteGap, holdsForNothing, isAround, openBlock, printBlock } from './block.ts';
import type { FieldLookup, Found } from './field.ts';
import { type CompiledTest, compileAny, compileTest, isHopeless, referencesOf } from './value-test.ts';

/** Why something could not be decided: the field that was missing, and what became of it. */
export interface Gap {
  field: string;
  reason: string;
}

/** True, false, or unknown for want of a field. */
export type Decision = boolean | Gap;
export type Predicate = (lookup: FieldLookup) => Decision;

/** What an explanation needs beside a detection. */
interface Compiled {
  readonly decide: Predicate;
  readonly tests: ReadonlyMap<Test, CompiledTest>;
}

export interface CompiledRule extends Compiled {
  readonly rule: Rule;
  /** Where one of them is false, a match is silenced. */
  readonly exceptions: readonly CompiledFilter[];
  /** The first that holds tells the level. */
  readonly levels: readonly { decide: Predicate; level: RuleLevel }[];
}

export interface CompiledFilter extends Compiled {
  readonly filter: Filter;
}

/** The rule, ready to be evaluated. Takes what `parseRules` returns; never throws on it. */
export function compileRule(rule: Rule, exceptions: readonly CompiledFilter[] = []): CompiledRule {
  const tests = new Map<Test, CompiledTest>();
  const selections = compileSelections(rule, { tests, blocks: '' });
  return {
    rule,
    decide: compileCondition(rule.condition, selections),
    tests,
    exceptions,
    levels: rule.levels.map(({ condition, level }) => ({ decide: compileCondition(condition, selections), level })),
  };
}

/** The filter, ready to be an exception of any number of rules. */
export function compileFilter(filter: Filter): CompiledFilter {
  const tests = new Map<Test, CompiledTest>();
  return { filter, decide: compileDetection(filter, { tests, blocks: '' }), tests };
}

interface Scope {
  /** The tests compiled so far. */
  tests: Map<Test, CompiledTest>;
  /** The array blocks around, as the file spells them. */
  blocks: string;
}

function compileDetection(detection: Detection, scope: Scope): Predicate {
  return compileCondition(detection.condition, compileSelections(detection, scope));
}

function compileSelections({ selections }: Detection, scope: Scope): Map<string, Predicate> {
  const compiled = new Map<string, Predicate>();
  for (const { name, alternatives } of selections.values()) {
    compiled.set(name, some(alternatives.map((items) => compileItems(items, scope))));
  }
  return compiled;
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
    case 'atLeast': {
      const { count, operands } = condition;
      return atLeast(
        count,
        operands.map((operand) => compileCondition(operand, selections)),
      );
    }
  }
}

function compileItems(items: readonly Item[], scope: Scope): Predicate {
  return every(items.map((item) => (item.kind === 'field' ? compileField(item, scope) : compileBlock(item, scope))));
}

/** An item of a detection, on its own. */
export function compileItem(item: Item): Predicate {
  return compileItems([item], { tests: new Map(), blocks: '' });
}

/** Any value that is present and passes decides for the item; a gap leaves open what else there is. */
function compileField(item: FieldItem, scope: Scope): Predicate {
  for (const test of item.tests) scope.tests.set(test, compileTest(test));
  const { field, quantifier } = item;
  const groups = quantifier === 'all' ? item.tests.map((test) => [test]) : [item.tests];
  const tests = groups.map((group) => {
    const passes = compileAny(group);
    const isForNothing = group.some(({ kind }) => kind === 'null');
    return (found: Found, lookup: FieldLookup) =>
      found.values.some(passes(lookup)) || (isForNothing && isAbsent(found));
  });
  const gapOf = compileGap(item, scope.blocks);
  const decide = (found: Found, lookup: FieldLookup): Decision =>
    tests.every((test) => test(found, lookup)) || (gapOf(found, lookup) ?? false);
  const isSameForAll = isAround(field) && item.tests.every((test) => referencesOf(test).length === 0);
  const predicate = isSameForAll ? decidedOnce(field, decide) : (lookup: FieldLookup) => decide(lookup(field), lookup);
  return item.negated ? not(predicate) : predicate;
}

/** Of what stands around a list: it is the same for all its members, however many values there are. */
function decidedOnce(field: string, decide: (found: Found, lookup: FieldLookup) => Decision): Predicate {
  const decisions = new WeakMap<Found, Decision>();
  return (lookup) => {
    const found = lookup(field);
    let decision = decisions.get(found);
    if (decision === undefined) decisions.set(found, (decision = decide(found, lookup)));
    return decision;
  };
}

/** Any of the lists that the field leads to decides for the block. A gap leaves open what other members and lists there
 * are, so that only what they cannot change is known. */
function compileBlock(item: BlockItem, scope: Scope): Predicate {
  const { field, members, body } = item;
  const blocks = fieldWithin(scope.blocks, printBlock(field, members));
  const inner = { ...scope, blocks };
  const compiled = body.kind === 'items' ? compileItems(body.items, inner) : compileDetection(body, inner);
  return (lookup) => {
    const opened = openBlock(item, lookup(field), lookup);
    const lists = opened.lists.map((list) =>
      joinMembers(
        members,
        list.map(
          (member): Predicate =>
            () =>
              compiled(member),
        ),
      ),
    );
    const gap = opened.gap === undefined ? undefined : { field: fieldWithin(scope.blocks, field), reason: opened.gap };
    if (lists.length === 0) return gap ?? holdsForNothing(members);
    const decision = joined(lists, lookup, true);
    return gap === undefined || (decision === true && holdsDespiteGap(members)) ? decision : gap;
  };
}

function joinMembers(members: Members, predicates: readonly Predicate[]): Predicate {
  if ('index' in members) return some(predicates);
  switch (members.quantifier) {
    case 'any':
      return some(predicates);
    case 'all':
      return predicates.length === 0 ? some([]) : every(predicates);
    case 'all_or_empty':
      return every(predicates);
    case 'none':
      return not(some(predicates));
  }
}

/** Tells where there may be more for an item to see: in its field, or in one that it is compared to. */
export function compileGap(
  { field, tests, quantifier }: FieldItem,
  blocks: string,
): (found: Found, lookup: FieldLookup) => Gap | undefined {
  // Whatever there may be more, it does not pass.
  if (quantifier === 'all' ? tests.some(isHopeless) : tests.every(isHopeless)) return () => undefined;
  const references = tests.flatMap(referencesOf);
  return (found, lookup) => {
    if (found.gap !== undefined) return { field: fieldWithin(blocks, field), reason: found.gap };
    for (const reference of references) {
      const reason = reference.gapOf(lookup(reference.field));
      if (reason !== undefined) return { field: fieldWithin(blocks, reference.field), reason };
    }
    return undefined;
  };
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

/** Unknown as long as those in a gap could make up the number. */
function atLeast(count: number, predicates: readonly Predicate[]): Predicate {
  return (lookup) => {
    let missing = count;
    let gap: Gap | undefined;
    let open = 0;
    for (const predicate of predicates) {
      const decision = predicate(lookup);
      if (decision === true && --missing === 0) return true;
      if (typeof decision === 'boolean') continue;
      gap ??= decision;
      open++;
    }
    return gap !== undefined && open >= missing ? gap : false;
  };
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
