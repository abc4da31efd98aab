/** The result of a rule on an event, computed in the plainest way from the rule as written: nothing is prepared, kept or
 * skipped. The engine in src/ has to give the same. Nothing here may import the code that decides there. */
import type { BlockItem, Condition, Detection, FieldItem, Filter, Item, Rule, Test } from '../../src/sigma/ast.ts';
import { memberValues, type Read, type Reader, read, wordsOf } from './read.ts';
import { passes } from './tests.ts';

/** True, false, or unknown for a reason. */
export type Truth = true | false | Gap;

/** What was missing. */
export interface Gap {
  field: string;
  reason: string;
}

export interface Interpretation {
  truth: boolean | 'unknown';
  undecided?: Gap;
  /** The exception for which there is no match. */
  silencedBy?: string;
}

/** An event matches if the rule and all of its exceptions hold. */
export function interpret(rule: Rule, exceptions: readonly Filter[], event: Reader): Interpretation {
  const own = detection(rule, event, '');
  const allowed = exceptions.map((exception) => detection(exception, event, ''));
  const truth = and([own, ...allowed]);
  const denies = exceptions.find((_, index) => allowed[index] === false);
  if (truth === false) return { truth, ...(own === true && denies && { silencedBy: denies.name }) };
  return truth === true ? { truth } : { truth: 'unknown', undecided: truth };
}

/** The level of the first case that holds, or the rule's own. */
export function levelOf(rule: Rule, event: Reader): string {
  const holds = (condition: Condition) => detection({ selections: rule.selections, condition }, event, '') === true;
  return rule.levels.find(({ condition }) => holds(condition))?.level ?? rule.level;
}

// Truth with gaps: an unknown stays unknown unless the rest decides. Of several reasons the first counts.

function and(operands: readonly Truth[]): Truth {
  if (operands.includes(false)) return false;
  return operands.find((operand) => operand !== true) ?? true;
}

function or(operands: readonly Truth[]): Truth {
  return not(and(operands.map(not)));
}

function not(operand: Truth): Truth {
  return typeof operand === 'boolean' ? !operand : operand;
}

function atLeast(count: number, operands: readonly Truth[]): Truth {
  const sure = operands.filter((operand) => operand === true).length;
  const unknown = operands.filter((operand) => typeof operand !== 'boolean');
  if (sure >= count) return true;
  return sure + unknown.length >= count ? unknown[0]! : false;
}

// Conditions and selections.

/** @param blocks the enclosing array blocks, in display form */
function detection({ selections, condition }: Detection, event: Reader, blocks: string): Truth {
  switch (condition.kind) {
    case 'selection': {
      const { alternatives } = selections.get(condition.name)!;
      return or(alternatives.map((items) => and(items.map((each) => item(each, event, blocks)))));
    }
    case 'not':
      return not(detection({ selections, condition: condition.operand }, event, blocks));
    case 'and':
      return and(all(condition.operands));
    case 'or':
      return or(all(condition.operands));
    case 'atLeast':
      return atLeast(condition.count, all(condition.operands));
  }

  function all(operands: readonly Condition[]): Truth[] {
    return operands.map((operand) => detection({ selections, condition: operand }, event, blocks));
  }
}

function item(each: Item, event: Reader, blocks: string): Truth {
  return each.kind === 'block' ? block(each, event, blocks) : field(each, event, blocks);
}

// Fields.

function field({ field: name, tests, quantifier, negated }: FieldItem, event: Reader, blocks: string): Truth {
  const found = event(name);
  const results = tests.map((test) => holds(test, found, event));
  const isTrue = quantifier === 'all' ? results.every(Boolean) : results.some(Boolean);
  const answer = isTrue || (couldPass(tests, quantifier) && (gapOf(name, tests, found, event, blocks) ?? false));
  return negated ? not(answer) : answer;
}

/** Any existing value may pass; if there is none, a test for absence does. */
function holds(test: Test, { values, gap }: Read, event: Reader): boolean {
  if (test.kind === 'null' && values.length === 0 && gap === undefined) return true;
  return values.some((value) => passes(test, value, (name) => event(name).values));
}

/** Whether there could be a missing value that would pass. */
function couldPass(tests: readonly Test[], quantifier: 'any' | 'all'): boolean {
  const isPossible = (test: Test): boolean => test.kind !== 'either' || test.tests.some(isPossible);
  return quantifier === 'all' ? tests.every(isPossible) : tests.some(isPossible);
}

/** Why there may be more values: in the field, or in one that it is compared with. */
function gapOf(name: string, tests: readonly Test[], found: Read, event: Reader, blocks: string): Gap | undefined {
  if (found.gap !== undefined) return { field: within(blocks, name), reason: found.gap };
  for (const reference of tests.flatMap(referencesIn)) {
    const { values, gap } = event(reference.field);
    const isTooMuch = reference.anchor !== 'whole' && values.length > 100;
    const reason = gap ?? (isTooMuch ? 'more than 100 values' : undefined);
    if (reason !== undefined) return { field: within(blocks, reference.field), reason };
  }
  return undefined;
}

function referencesIn(test: Test): (Test & { kind: 'fieldref' })[] {
  if (test.kind === 'either') return test.tests.flatMap(referencesIn);
  return test.kind === 'fieldref' ? [test] : [];
}

// Array blocks.

function block({ field: name, members, body }: BlockItem, event: Reader, blocks: string): Truth {
  const found = event(name);
  const chosen = 'index' in members ? String(members.index) : members.quantifier;
  const inner = within(blocks, `${name}[${chosen}]`);
  let reason = found.gap;
  // Comparisons of members with an enclosing list are limited to this many.
  let left = isCompared(body) ? 50 : Number.POSITIVE_INFINITY;
  const lists = found.places.map((place) => {
    const all = membersOf(place, members);
    if (all.length > left) reason ??= 'more than 50 members';
    const some = all.slice(0, left);
    left -= some.length;
    return some.map((member) => {
      const reader = readerOf(member, event, found.gap);
      return body.kind === 'items'
        ? and(body.items.map((each) => item(each, reader, inner)))
        : detection(body, reader, inner);
    });
  });

  const gap = reason === undefined ? undefined : { field: within(blocks, name), reason };
  if (lists.length === 0) return gap ?? (chosen === 'none' || chosen === 'all_or_empty');
  const decision = or(lists.map((list) => joined(chosen, list)));
  if (gap === undefined) return decision;
  // One member is enough for these, whatever the others are.
  const isEnough = chosen === 'any' || ('index' in members && members.index >= 0);
  return decision === true && isEnough ? true : gap;
}

function joined(chosen: string, list: readonly Truth[]): Truth {
  switch (chosen) {
    case 'all':
      return list.length > 0 && and(list);
    case 'all_or_empty':
      return and(list);
    case 'none':
      return not(or(list));
    default:
      return or(list);
  }
}

function membersOf(place: unknown, members: BlockItem['members']): readonly unknown[] {
  if ('index' in members) {
    if (!Array.isArray(place)) return [];
    return place.filter((_, index) => index === members.index || index - place.length === members.index);
  }
  if (Array.isArray(place)) return place;
  return place === null ? [] : [place];
}

/** How a member of a list is read: as an event of its own. */
function readerOf(member: unknown, around: Reader, gap: string | undefined): Reader {
  return (name) => {
    if (name === '.') return memberValues(member);
    if (name === '') return wordsOf(member);
    return name.startsWith('^.') ? around(name.slice(2)) : read(member, name, gap === 'split' ? 'split' : undefined);
  };
}

function isCompared(body: BlockItem['body']): boolean {
  const items =
    body.kind === 'items' ? body.items : [...body.selections.values()].flatMap((one) => one.alternatives.flat());
  return items.some((each) => {
    if (each.kind === 'block') return each.field.startsWith('^.') || isCompared(each.body);
    return each.field.startsWith('^.') && each.tests.flatMap(referencesIn).length > 0;
  });
}

/** The path to a field from the event, through the enclosing blocks. */
function within(blocks: string, name: string): string {
  if (blocks === '' || name.startsWith('^.')) return name;
  if (name === '.') return blocks;
  return name.startsWith('.[') ? blocks + name.slice(1) : `${blocks}.${name}`;
}
