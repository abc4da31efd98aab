/** Which fields made a rule match an event. */
import type { RuleLevel } from '../ast.ts';
import type { FieldLookup, Found } from '../field.ts';
import type { Branch, Decision, Leaf, Observer } from '../match/predicate.ts';
import type { CompiledRule } from '../plan/compile.ts';
import { levelOf } from './evaluate.ts';

const MAX_VALUES = 10;

/** A predicate that made a rule match. */
export interface Match {
  readonly leaf: Leaf;
  /** What it looked at within a list; undefined for a field of the event itself. */
  readonly member?: { readonly found: Found; readonly lookup: FieldLookup };
}

/** The result of a rule's match. */
export interface RuleMatch {
  readonly level: RuleLevel;
  readonly predicates: readonly Match[];
}

/** For a rule that matches. If called right after `evaluate`, it reevaluates only what is within lists. */
export function matchOf(rule: CompiledRule, lookup: FieldLookup): RuleMatch {
  return { level: levelOf(rule, lookup), predicates: matchesOf(rule, lookup) };
}

/** The predicates that made the rule match: those that are true and have only true nodes above them, under no `not` and in
 * no exception. What an exclusion looks at did not make the rule match, and of an `or` only the branches that hold did. */
function matchesOf({ affirmed }: CompiledRule, lookup: FieldLookup): readonly Match[] {
  try {
    collector.ofEvent = lookup;
    affirmed(lookup, collector);
    return collector.matches;
  } finally {
    collector.forget();
  }
}

/** The fields that made the rule match, each with the values that passed.
 *
 * For each field only the values that passed are returned, each once, at most 10; a field that had to be missing has none.
 * Fields that the finding shows anyway can be left out, unless nothing would remain.
 * @param shownElsewhere names of fields to leave out
 * @param matches the predicates that made the rule match, if they are known */
export function matchedFields(
  rule: CompiledRule,
  lookup: FieldLookup,
  shownElsewhere: ReadonlySet<string> = new Set(),
  matches: readonly Match[] = rule.decide(lookup) === true ? matchesOf(rule, lookup) : [],
): { field: string; values: readonly unknown[] }[] {
  const own = matches.filter(({ leaf }) => !shownElsewhere.has(leaf.name));
  const matched: { field: string; values: unknown[] }[] = [];
  const done = new Map<Leaf, Found>();
  for (const { leaf, member } of own.length > 0 ? own : matches) {
    const found = member?.found ?? lookup(leaf.item.field);
    let one = matched.find(({ field }) => field === leaf.name);
    if (one === undefined) matched.push((one = { field: leaf.name, values: [] }));
    if (one.values.length === MAX_VALUES) continue;
    if (leaf.isSameForAll) {
      if (done.get(leaf) === found) continue;
      done.set(leaf, found);
    }
    addValues(one.values, passingIn(leaf, found, member?.lookup ?? lookup));
  }
  return matched;
}

function addValues(values: unknown[], more: readonly unknown[]): void {
  for (const value of more) {
    if (values.length === MAX_VALUES) return;
    if (!values.includes(value)) values.push(value);
  }
}

/** The values that pass a predicate that is true. */
function passingIn(leaf: Leaf, found: Found, lookup: FieldLookup): readonly unknown[] {
  // If there is only one, it is that one.
  return found.values.length <= 1 && leaf.item.tests.length > 0
    ? found.values
    : leaf.passing(found, lookup, MAX_VALUES);
}

/** Keeps what is true, and drops it again if the branch around it is not. */
class Collector implements Observer {
  readonly stopsAt = false;
  matches: Match[] = [];
  ofEvent: FieldLookup | undefined;
  /** How many matches there were before each branch that is being evaluated. */
  readonly #before: number[] = [];

  forget(): void {
    this.matches = [];
    this.ofEvent = undefined;
    this.#before.length = 0;
  }

  enter({ kind }: Branch): Observer | undefined {
    this.#before.push(this.matches.length);
    return kind === 'not' ? undefined : this;
  }

  leave(_branch: Branch, decision: Decision): void {
    const before = this.#before.pop()!;
    if (decision !== true) this.matches.length = before;
  }

  look(leaf: Leaf, found: Found, lookup: FieldLookup, decision: Decision): void {
    if (decision !== true || leaf.item.negated) return;
    this.matches.push(lookup === this.ofEvent ? { leaf } : { leaf, member: { found, lookup } });
  }
}

/** One for all rules: each is finished before the next begins. */
const collector = new Collector();
