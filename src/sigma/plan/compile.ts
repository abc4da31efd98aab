/** Turns a rule into predicates of a field look-up. */
import type { BlockItem, Condition, Detection, FieldItem, Filter, Item, Members, Rule, RuleLevel } from '../ast.ts';
import type { FieldLookup, Found } from '../field.ts';
import { compileOpening, fieldWithin, holdsDespiteGap, holdsForNothing, isAround, printBlock } from '../match/block.ts';
import {
  atLeast,
  type Branch,
  type Decision,
  endsAt,
  every,
  type Gap,
  type Leaf,
  not,
  type Observer,
  opposite,
  type Predicate,
  some,
  withOperand,
} from '../match/predicate.ts';
import {
  type CompiledTest,
  compileAny,
  compileTest,
  compileTextFilter,
  matchesNothing,
  referencesOf,
} from '../match/value-test.ts';

export interface CompiledRule {
  readonly rule: Rule;
  readonly decide: Predicate;
  /** True if the rule matches: its condition without what must not hold, as that makes no rule match. */
  readonly affirmed: Predicate;
  /** All items of the selections, each once. */
  readonly items: readonly CompiledItem[];
  readonly selections: CompiledSelections;
  /** If one of them is false, a match is silenced. */
  readonly exceptions: readonly CompiledFilter[];
  /** The first that holds sets the level. */
  readonly levels: readonly { decide: Predicate; level: RuleLevel }[];
}

export interface CompiledFilter {
  readonly filter: Filter;
  readonly decide: Predicate;
  readonly items: readonly CompiledItem[];
  readonly selections: CompiledSelections;
}

/** By name, the alternatives of a selection. */
export type CompiledSelections = ReadonlyMap<string, readonly (readonly CompiledItem[])[]>;

export interface CompiledItem {
  readonly item: Item;
  readonly decide: Predicate;
}

/** The rule, ready to be evaluated. Accepts what `parseRules` returns; never throws on it. */
export function compileRule(rule: Rule, exceptions: readonly CompiledFilter[] = []): CompiledRule {
  return new Compiler().rule(rule, exceptions);
}

/** The filter, ready to be an exception of any number of rules. */
export function compileFilter(filter: Filter): CompiledFilter {
  return new Compiler().filter(filter);
}

/** Compiles the documents of a set; an item that several of them share is compiled once. */
export class Compiler {
  readonly #items = new Map<string, CompiledItem>();

  rule(rule: Rule, exceptions: readonly CompiledFilter[]): CompiledRule {
    const selections = this.#selections(rule);
    const predicates = predicatesOf(selections);
    return {
      rule,
      decide: compileCondition(rule.condition, predicates),
      affirmed: compileCondition(affirmedIn(rule.condition), predicates),
      items: itemsOf(selections),
      selections,
      exceptions,
      levels: rule.levels.map(({ condition, level }) => ({ decide: compileCondition(condition, predicates), level })),
    };
  }

  filter(filter: Filter): CompiledFilter {
    const selections = this.#selections(filter);
    const decide = compileCondition(filter.condition, predicatesOf(selections));
    return { filter, decide, items: itemsOf(selections), selections };
  }

  #selections(detection: Detection): CompiledSelections {
    return selectionsOf(detection, (item) => this.#item(item));
  }

  #item(item: Item): CompiledItem {
    const key = keyOf(item);
    let compiled = this.#items.get(key);
    if (compiled === undefined) this.#items.set(key, (compiled = { item, decide: compileItem(item, '') }));
    return compiled;
  }
}

/** Each item once. */
function itemsOf(selections: CompiledSelections): CompiledItem[] {
  return [...new Set([...selections.values()].flat(2))];
}

/** The same for items that ask the same. Numbers in rules are finite, so JSON distinguishes them. */
function keyOf(item: Item): string {
  return JSON.stringify(item, (name, value) =>
    name === 'position' ? undefined : value instanceof Map ? [...value] : value,
  );
}

/** Successive rules ask the same of one event. With an observer, it is evaluated again. */
function rememberLast(decide: Predicate): Predicate {
  let event: object | undefined;
  let decision: Decision = false;
  return (lookup, observer) => {
    if (observer !== undefined || lookup.event === undefined) return decide(lookup, observer);
    if (lookup.event !== event) {
      decision = decide(lookup);
      event = lookup.event;
    }
    return decision;
  };
}

function selectionsOf<T>({ selections }: Detection, make: (item: Item) => T): Map<string, T[][]> {
  const made = new Map<string, T[][]>();
  for (const { name, alternatives } of selections.values()) {
    made.set(
      name,
      alternatives.map((items) => items.map(make)),
    );
  }
  return made;
}

function predicatesOf(
  selections: ReadonlyMap<string, readonly (readonly Pick<CompiledItem, 'decide'>[])[]>,
): ReadonlyMap<string, Predicate> {
  const predicates = new Map<string, Predicate>();
  for (const [name, alternatives] of selections) {
    const each = alternatives.map((items) => allOf(items.map(({ decide }) => decide)));
    predicates.set(name, some(each, { kind: 'selection', name }));
  }
  return predicates;
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

/** The condition without the negated operands of its conjunctions. */
function affirmedIn(condition: Condition): Condition {
  if (condition.kind !== 'and') return condition;
  return { kind: 'and', operands: condition.operands.filter(({ kind }) => kind !== 'not').map(affirmedIn) };
}

/** A single predicate stays as it is. */
function allOf(predicates: readonly Predicate[]): Predicate {
  return predicates.length === 1 ? predicates[0]! : every(predicates);
}

/** @param blocks the enclosing array blocks, as the file spells them; empty for an item of the event itself */
function compileItem(item: Item, blocks: string): Predicate {
  return item.kind === 'field' ? compileField(item, blocks) : compileBlock(item, blocks);
}

/** The predicate of an item of a block as if its field were one of an event; undefined for one that reads other fields too. */
export function decideAlone(item: FieldItem): Predicate | undefined {
  return item.tests.some((test) => referencesOf(test).length > 0) ? undefined : compileField(item, '');
}

/** Any value that is present and passes decides the item; a gap leaves open what else there is. */
function compileField(item: FieldItem, blocks: string): Predicate {
  const { field, quantifier, negated } = item;
  const groups = quantifier === 'all' ? item.tests.map((test) => [test]) : [item.tests];
  const tests = groups.map((group) => ({
    passes: compileAny(group),
    // There are many words, and few of them are searched for.
    mayPass: field === '' ? compileTextFilter(group) : undefined,
    isForNothing: group.some(({ kind }) => kind === 'null'),
  }));
  const gapOf = compileGap(item, blocks);
  const decide = (found: Found, lookup: FieldLookup): Decision => {
    const holds = tests.every(
      ({ passes, mayPass, isForNothing }) =>
        ((mayPass === undefined || found.text === undefined || mayPass(found.text)) &&
          found.values.some(passes(lookup))) ||
        (isForNothing && isAbsent(found)),
    );
    const decision = holds || (gapOf(found, lookup) ?? false);
    return negated ? opposite(decision) : decision;
  };
  const isSameForAll = isAround(field) && item.tests.every((test) => referencesOf(test).length === 0);
  const decideFound = isSameForAll ? decidedOnce(decide) : decide;
  const eachTest = groups.length === item.tests.length ? tests.map(({ passes }) => passes) : undefined;
  const leaf = leafOf(item, blocks, { isSameForAll, gapOf }, eachTest);
  const decideField = rememberLast((lookup) => decideFound(lookup(field), lookup));
  return (lookup, observer) => {
    const decision = decideField(lookup);
    observer?.look(leaf, lookup(field), lookup, decision);
    return decision;
  };
}

/** @param tests one for each test of the item, if there are such */
function leafOf(
  item: FieldItem,
  blocks: string,
  known: Pick<Leaf, 'isSameForAll' | 'gapOf'>,
  tests: readonly CompiledTest[] | undefined,
): Leaf {
  return {
    item,
    field: fieldWithin(blocks, item.field),
    name: fieldWithin(blocks, item.field === '' ? 'keywords' : item.field),
    ...known,
    passing({ values }, lookup, most = Number.POSITIVE_INFINITY) {
      // Most items are never shown.
      tests ??= item.tests.map(compileTest);
      const passing = new Set<unknown>();
      for (const test of tests) {
        const passes = test(lookup);
        for (const value of values) {
          if (passing.size >= most) return [...passing];
          if (passes(value)) passing.add(value);
        }
      }
      return [...passing];
    },
  };
}

/** For what surrounds a list: it is the same for all its members, however many values there are. */
function decidedOnce(
  decide: (found: Found, lookup: FieldLookup) => Decision,
): (found: Found, lookup: FieldLookup) => Decision {
  const decisions = new WeakMap<Found, Decision>();
  return (found, lookup) => {
    let decision = decisions.get(found);
    if (decision === undefined) decisions.set(found, (decision = decide(found, lookup)));
    return decision;
  };
}

/** Any of the lists that the field leads to can decide the block. A gap leaves open what other members and lists there are,
 * so only what they cannot change is known. */
function compileBlock(item: BlockItem, blocks: string): Predicate {
  const { field, members, body } = item;
  const within = fieldWithin(blocks, printBlock(field, members));
  const predicateOf = (inner: Item) => compileItem(inner, within);
  const compiled =
    body.kind === 'items'
      ? allOf(body.items.map(predicateOf))
      : compileCondition(body.condition, predicatesOf(selectionsOf(body, (inner) => ({ decide: predicateOf(inner) }))));
  const open = compileOpening(item);
  const decideList = joinMembers(members, compiled);
  const gapField = fieldWithin(blocks, field);
  const branch: Branch = { kind: 'block', field: within };
  return rememberLast((lookup, observer) => {
    const opened = open(lookup(field), lookup);
    const gap = opened.gap === undefined ? undefined : { field: gapField, reason: opened.gap };
    const inner = observer?.enter(branch);
    let decision: Decision = false;
    for (const list of opened.lists) {
      decision = withOperand(decision, decideList(list, inner), true);
      if (decision === true && endsAt(true, inner)) break;
    }
    if (opened.lists.length === 0) decision = gap ?? holdsForNothing(members);
    else if (gap !== undefined && !(decision === true && holdsDespiteGap(members))) decision = gap;
    observer?.leave(branch, decision, opened.gap);
    return decision;
  });
}

/** The joint decision of the members of one list. */
function joinMembers(
  members: Members,
  predicate: Predicate,
): (list: readonly FieldLookup[], observer: Observer | undefined) => Decision {
  const quantifier = 'index' in members ? 'any' : members.quantifier;
  const deciding = quantifier === 'any' || quantifier === 'none';
  return (list, observer) => {
    if (list.length === 0) return holdsForNothing(members);
    let decision: Decision = !deciding;
    for (const member of list) {
      decision = withOperand(decision, predicate(member, observer), deciding);
      if (decision === deciding && endsAt(deciding, observer)) break;
    }
    return quantifier === 'none' ? opposite(decision) : decision;
  };
}

/** Reports where there may be more values for an item: in its field, or in one that it is compared with. */
function compileGap(
  { field, tests, quantifier }: FieldItem,
  blocks: string,
): (found: Found, lookup: FieldLookup) => Gap | undefined {
  // Whatever other values there may be, they do not pass.
  if (quantifier === 'all' ? tests.some(matchesNothing) : tests.every(matchesNothing)) return () => undefined;
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
function isAbsent(found: Found): boolean {
  return found.values.length === 0 && found.gap === undefined;
}
