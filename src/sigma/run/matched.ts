/** Which fields made a rule match an event. */

import type { FieldLookup, Found } from '../field.ts';
import type { Branch, Decision, Leaf, Observer } from '../match/predicate.ts';
import type { CompiledRule } from '../plan/compile.ts';

const MAX_VALUES = 10;

/** The fields that made the rule match, each with the values that passed.
 *
 * Taken are the predicates that are true and that stand on a way of true nodes from the top down to them, under no
 * `not` and in no exception: what an exclusion looks at did not make the rule match, and of an `or` only the branches that
 * hold did. Of a field only the values that passed are given, each once, at most 10; a field that had to be missing has
 * none. Fields that the finding shows anyway can be left out, unless nothing would be left.
 * @param shownElsewhere names of fields to leave out */
export function matchedFields(
  { decide }: CompiledRule,
  lookup: FieldLookup,
  shownElsewhere: ReadonlySet<string> = new Set(),
): { field: string; values: unknown[] }[] {
  const collector = new Collector();
  decide(lookup, collector);
  const own = collector.matches.filter(({ leaf }) => !shownElsewhere.has(leaf.name));
  const matched = new Map<string, Set<unknown>>();
  const done = new Map<Leaf, Found>();
  for (const { leaf, found, lookup } of own.length > 0 ? own : collector.matches) {
    const values = matched.get(leaf.name) ?? new Set();
    matched.set(leaf.name, values);
    if (values.size === MAX_VALUES || (leaf.isSameForAll && done.get(leaf) === found)) continue;
    done.set(leaf, found);
    for (const value of leaf.passing(found, lookup, MAX_VALUES)) {
      if (values.size < MAX_VALUES) values.add(value);
    }
  }
  return [...matched].map(([field, values]) => ({ field, values: [...values] }));
}

interface Match {
  leaf: Leaf;
  found: Found;
  lookup: FieldLookup;
}

/** Keeps what is true, and drops it again where the branch around it is not. */
class Collector implements Observer {
  readonly stopsAt = false;
  readonly matches: Match[] = [];
  /** How many matches there were before each branch that is being evaluated. */
  readonly #before: number[] = [];

  enter({ kind }: Branch): Observer | undefined {
    this.#before.push(this.matches.length);
    return kind === 'not' ? undefined : this;
  }

  leave(_branch: Branch, decision: Decision): void {
    const before = this.#before.pop()!;
    if (decision !== true) this.matches.length = before;
  }

  look(leaf: Leaf, found: Found, lookup: FieldLookup, decision: Decision): void {
    if (decision === true && !leaf.item.negated) this.matches.push({ leaf, found, lookup });
  }
}
