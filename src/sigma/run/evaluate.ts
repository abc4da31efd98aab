/** Evaluates a rule on an event, as fast as possible. */
import type { RuleLevel } from '../ast.ts';
import type { FieldLookup, Truth } from '../field.ts';
import type { Gap } from '../match/predicate.ts';
import type { CompiledRule } from '../plan/compile.ts';
import type { EvaluatedRule } from '../plan/reduce.ts';

/** `undecided` names the first field that was missing if truth is unknown; `silencedBy` the first exception if the rule
 * would otherwise match. */
export interface Evaluation {
  truth: Truth;
  undecided?: Gap;
  silencedBy?: string;
}

/** Whether the rule matches, and none of its exceptions silences it; stops at the first predicate that settles it. */
export function evaluate({ decide, exceptions }: EvaluatedRule, lookup: FieldLookup): Evaluation {
  const decision = decide(lookup);
  if (decision === false) return { truth: false };
  let gap = decision === true ? undefined : decision;
  for (const exception of exceptions) {
    const allowed = exception.decide(lookup);
    if (allowed === false) return { truth: false, ...(decision === true && { silencedBy: exception.filter.name }) };
    if (allowed !== true) gap ??= allowed;
  }
  return gap === undefined ? { truth: true } : { truth: 'unknown', undecided: gap };
}

/** The level of a finding that the rule raises for an event. */
export function levelOf({ rule, levels }: CompiledRule, lookup: FieldLookup): RuleLevel {
  return levels.find(({ decide }) => decide(lookup) === true)?.level ?? rule.level;
}
