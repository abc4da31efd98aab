/** The condition of a temporal correlation in disjunctive normal form: the combinations of rules that make it true. */
import type { Condition } from '../ast.ts';

/** One combination. The numbers are indexes into the correlation's list of rules, in ascending order. */
export interface Conjunction {
  /** Each has to match within the timespan. */
  required: readonly number[];
  /** None may match within a timespan in which all the required do. */
  forbidden: readonly number[];
}

const MAX_CONJUNCTIONS = 100;

/** Leaves the recursion if the form has more than MAX_CONJUNCTIONS. */
class TooManyConjunctions extends Error {}

/** The combinations that make the condition true, or undefined if there are more than 100.
 * @param rules the names that the condition uses, in order */
export function dnfOf(condition: Condition, rules: readonly string[]): Conjunction[] | undefined {
  const indexOf = new Map(rules.map((rule, index) => [rule, index]));
  try {
    return expand(condition, false, indexOf);
  } catch (error) {
    if (error instanceof TooManyConjunctions) return undefined;
    throw error;
  }
}

const always: readonly Conjunction[] = [{ required: [], forbidden: [] }];

function expand(condition: Condition, negated: boolean, indexOf: ReadonlyMap<string, number>): Conjunction[] {
  switch (condition.kind) {
    case 'selection': {
      const index = indexOf.get(condition.name)!;
      return [negated ? { required: [], forbidden: [index] } : { required: [index], forbidden: [] }];
    }
    case 'not':
      return expand(condition.operand, !negated, indexOf);
    case 'and':
    case 'or': {
      const operands = condition.operands.map((operand) => expand(operand, negated, indexOf));
      const isEvery = (condition.kind === 'and') !== negated;
      return isEvery ? operands.reduce<Conjunction[]>(both, [...always]) : operands.reduce<Conjunction[]>(either, []);
    }
    case 'atLeast': {
      // Fewer than k of n hold if at least n - k + 1 do not.
      const { count, operands } = condition;
      const least = negated ? operands.length - count + 1 : count;
      return choose(
        operands.map((operand) => expand(operand, negated, indexOf)),
        least,
      );
    }
  }
}

function choose(operands: readonly Conjunction[][], least: number): Conjunction[] {
  // chosen[k]: the combinations by which k of the operands so far hold; none if the rest could not make up the number.
  let chosen: Conjunction[][] = [[...always]];
  for (const [index, operand] of operands.entries()) {
    const owed = least - (operands.length - index - 1);
    chosen = Array.from({ length: Math.min(least, chosen.length) + 1 }, (_, k) =>
      k < owed ? [] : either(chosen[k] ?? [], k === 0 ? [] : both(chosen[k - 1] ?? [], operand)),
    );
  }
  return least <= 0 ? [...always] : (chosen[least] ?? []);
}

function either(some: readonly Conjunction[], others: readonly Conjunction[]): Conjunction[] {
  return unique([...some, ...others]);
}

function both(some: readonly Conjunction[], others: readonly Conjunction[]): Conjunction[] {
  if (some.length * others.length > MAX_CONJUNCTIONS ** 2) throw new TooManyConjunctions();
  const joined = some.flatMap((one) =>
    others.map((other) => ({
      required: union(one.required, other.required),
      forbidden: union(one.forbidden, other.forbidden),
    })),
  );
  return unique(joined.filter(({ required, forbidden }) => !required.some((index) => forbidden.includes(index))));
}

function union(some: readonly number[], others: readonly number[]): number[] {
  return [...new Set([...some, ...others])].sort((a, b) => a - b);
}

function unique(all: readonly Conjunction[]): Conjunction[] {
  const found = new Map(all.map((one) => [`${one.required};${one.forbidden}`, one]));
  if (found.size > MAX_CONJUNCTIONS) throw new TooManyConjunctions();
  return [...found.values()];
}
