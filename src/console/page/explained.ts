/** What can be derived from an explanation's tree: which nodes were decisive, and where a rule stopped. */
import type { Explanation } from '../../sigma/index.ts';

type Predicate = Extract<Explanation, { kind: 'predicate' }>;

export function operandsOf(node: Explanation): readonly Explanation[] {
  return node.kind === 'predicate' ? [] : node.operands;
}

/** Operands that determined the answer of a node: all of a true conjunction, the false ones of a false conjunction. */
export function decisiveOf(node: Explanation): readonly Explanation[] {
  if (node.kind === 'predicate') return [];
  if (node.kind === 'not' || node.kind === 'atLeast') return node.operands;
  const same = node.operands.filter(({ truth }) => truth === node.truth);
  return same.length > 0 ? same : node.operands;
}

export function countPredicates(root: Explanation): number {
  let found = 0;
  const open: Explanation[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.kind === 'predicate') found++;
    else open.push(...node.operands);
  }
  return found;
}

export interface Stop {
  predicate: Predicate;
  /** Whether it is below a `not`: it held, and should not have. */
  isNegated: boolean;
  /** Name of the enclosing selection. */
  selection: string | undefined;
}

/** The first predicate, in the order of the rule, that determined its answer; undefined if there is none. */
export function stopOf(root: Explanation): Stop | undefined {
  let node = root;
  let isNegated = false;
  let selection: string | undefined;
  while (node.kind !== 'predicate') {
    if (node.kind === 'not') isNegated = !isNegated;
    if (node.kind === 'selection') selection = node.name;
    const [first] = decisiveOf(node);
    if (first === undefined) return undefined;
    node = first;
  }
  return { predicate: node, isNegated, selection };
}
