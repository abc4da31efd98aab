/** Decides a rule on an event, as fast as it can. */
import type { CompiledRule, Gap } from './compile.ts';
import type { FieldLookup, Truth } from './field.ts';

/** `undecided` names the first field that was missing where truth is unknown. */
export interface Evaluation {
  truth: Truth;
  undecided?: Gap;
}

/** Whether the rule matches; stops at the first predicate that settles it. */
export function evaluate(rule: CompiledRule, lookup: FieldLookup): Evaluation {
  const decision = rule.decide(lookup);
  return typeof decision === 'boolean' ? { truth: decision } : { truth: 'unknown', undecided: decision };
}
