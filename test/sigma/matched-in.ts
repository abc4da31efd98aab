/** What made a rule match, according to the tree of its explanation. */
import type { Explanation } from '../../src/sigma/index.ts';

type Predicate = Explanation & { kind: 'predicate' };

/** The fields of the predicates that are true and on a path of true nodes from the top, under no `not` and in no exception,
 * with at most ten of the values that passed. */
export function matchedIn(explanation: Explanation): { field: string; values: unknown[] }[] {
  const byField = Map.groupBy(decisiveIn(explanation), ({ field }) => field);
  return [...byField].map(([field, predicates]) => ({
    field,
    values: [...new Set(predicates.flatMap(({ passing }) => passing.slice(0, 10)))].slice(0, 10),
  }));
}

function decisiveIn(explanation: Explanation): Predicate[] {
  if (explanation.truth !== true || explanation.kind === 'not' || explanation.kind === 'exception') return [];
  if (explanation.kind === 'predicate') return explanation.negated ? [] : [explanation];
  return explanation.operands.flatMap(decisiveIn);
}
