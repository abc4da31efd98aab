/** What is left of open rules without everything that a profile decides. */
import { type CompiledItem, type CompiledRule, type Program, type ReducedRule, reduceRule } from '../sigma/index.ts';
import type { GuardedLookup } from './guard.ts';

/** Most reduced rules that are kept: profiles mostly agree in what they leave open. */
const MOST_REDUCED = 4096;

type Known = (item: CompiledItem) => ReturnType<CompiledItem['decide']> | undefined;

/** A function that returns what an item decides on every event of a profile; undefined for an item that depends on more.
 * @param byMembers for items that ask for one field only
 * @param byWords for others */
export function knownItems(program: Program, byMembers: GuardedLookup, byWords: GuardedLookup): Known {
  const decisions = new Map<CompiledItem, ReturnType<Known>>();
  const decide = (item: CompiledItem) => {
    const guarded = program.isOfOneField(item) ? byMembers : byWords;
    guarded.hasDeferred = false;
    const decision = item.decide(guarded.lookup);
    return guarded.hasDeferred ? undefined : decision;
  };
  return (item) => {
    if (!decisions.has(item)) decisions.set(item, decide(item));
    return decisions.get(item);
  };
}

/** Makes a reduced rule once for all profiles about which the same is known. */
export class Reductions {
  readonly #rules = new Map<CompiledRule, Map<string, ReducedRule>>();
  #count = 0;

  of(rule: CompiledRule, known: Known): ReducedRule {
    const items = [...rule.items, ...rule.exceptions.flatMap((exception) => exception.items)];
    const key = JSON.stringify(items.map((item) => known(item) ?? null));
    let reduced = this.#rules.get(rule)?.get(key);
    if (reduced === undefined) {
      if (this.#count === MOST_REDUCED) {
        this.#rules.clear();
        this.#count = 0;
      }
      let ofRule = this.#rules.get(rule);
      if (ofRule === undefined) this.#rules.set(rule, (ofRule = new Map()));
      ofRule.set(key, (reduced = reduceRule(rule, known)));
      this.#count++;
    }
    return reduced;
  }
}
