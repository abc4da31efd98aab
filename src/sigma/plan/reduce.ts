/** Rules of which some items are already decided: only the rest is left to evaluate on an event. */
import type { Condition } from '../ast.ts';
import { atLeast, type Decision, every, not, type Predicate, some } from '../match/predicate.ts';
import type { CompiledFilter, CompiledItem, CompiledRule } from './compile.ts';

/** As much of a rule as its evaluation needs. */
export type EvaluatedRule = Pick<CompiledRule, 'decide'> & {
  readonly exceptions: readonly Pick<CompiledFilter, 'decide' | 'filter'>[];
};

export type ReducedRule = EvaluatedRule & {
  /** The decisions of the rule's items that are known. */
  readonly known: ReadonlyMap<CompiledItem, Decision>;
};

/** Decides an event as the rule does, including which field is missing, if each item decides what is known of it.
 * @param known what an item decides; undefined if it has to be evaluated on the event */
export function reduceRule(rule: CompiledRule, known: (item: CompiledItem) => Decision | undefined): ReducedRule {
  const { exceptions } = rule;
  const decisions = rule.items.map((item) => [item, known(item)] as const);
  return {
    known: new Map(decisions.filter((each): each is [CompiledItem, Decision] => each[1] !== undefined)),
    decide: predicateOf(reduce(rule, rule.rule.condition, known)),
    exceptions: exceptions
      .map((exception) => ({ ...exception, term: reduce(exception, exception.filter.condition, known) }))
      .filter(({ term }) => term !== true)
      .map(({ filter, term }) => ({ filter, decide: predicateOf(term) })),
  };
}

/** Whether a rule does not match, even without its exceptions, if each item decides what is known of it. */
export function isRuledOut(rule: CompiledRule, known: (item: CompiledItem) => Decision | undefined): boolean {
  return reduce(rule, rule.rule.condition, known) === false;
}

/** The items that the condition of a rule asks for. */
export function askedBy({ rule, selections }: CompiledRule): CompiledItem[] {
  const within = (part: Condition): CompiledItem[] => {
    if (part.kind === 'selection') return selections.get(part.name)!.flat();
    return 'operand' in part ? within(part.operand) : part.operands.flatMap(within);
  };
  return within(rule.condition);
}

/** What is left of a part of a condition. */
type Term = boolean | Predicate;

function predicateOf(term: Term): Predicate {
  return typeof term === 'boolean' ? () => term : term;
}

function reduce(
  { selections }: Pick<CompiledRule, 'selections'>,
  condition: Condition,
  known: (item: CompiledItem) => Decision | undefined,
): Term {
  const termOf = (item: CompiledItem): Term => {
    const decision = known(item);
    return decision === undefined ? item.decide : typeof decision === 'boolean' ? decision : () => decision;
  };
  const within = (part: Condition): Term => {
    switch (part.kind) {
      case 'selection':
        return anyOf(selections.get(part.name)!.map((items) => allOf(items.map(termOf))));
      case 'not': {
        const term = within(part.operand);
        return typeof term === 'boolean' ? !term : not(term);
      }
      case 'and':
        return allOf(part.operands.map(within));
      case 'or':
        return anyOf(part.operands.map(within));
      case 'atLeast': {
        const terms = part.operands.map(within);
        const left = terms.filter((term) => typeof term !== 'boolean');
        const count = part.count - terms.filter((term) => term === true).length;
        return count <= 0 || (count <= left.length && atLeast(count, left));
      }
    }
  };
  return within(condition);
}

/** Terms that are known settle the conjunction or are dropped from it, whatever their order. */
function allOf(terms: readonly Term[]): Term {
  if (terms.includes(false)) return false;
  const left = terms.filter((term) => typeof term !== 'boolean');
  return left.length === 0 || (left.length === 1 ? left[0]! : every(left));
}

function anyOf(terms: readonly Term[]): Term {
  if (terms.includes(true)) return true;
  const left = terms.filter((term) => typeof term !== 'boolean');
  return left.length > 0 && (left.length === 1 ? left[0]! : some(left));
}
