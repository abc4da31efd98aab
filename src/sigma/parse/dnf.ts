/** Spells out the condition of a temporal correlation: the combinations of rules by which it can come true. */
import type { Condition } from '../ast.ts';

/** One combination. The numbers are places in the correlation's list of rules, from low to high. */
export interface Way {
  /** Each has to match within the timespan. */
  required: readonly number[];
  /** None may match within a timespan in which all the required do. */
  forbidden: readonly number[];
}

const MAX_WAYS = 100;

/** Carries the news of too many ways out of the recursion. */
class TooMany extends Error {}

/** Every way in which the condition can hold (its disjunctive normal form), or undefined if there are more than 100.
 * @param rules the names that the condition uses, in order */
export function waysOf(condition: Condition, rules: readonly string[]): Way[] | undefined {
  const placeOf = new Map(rules.map((rule, place) => [rule, place]));
  try {
    return spellOut(condition, false, placeOf);
  } catch (error) {
    if (error instanceof TooMany) return undefined;
    throw error;
  }
}

const always: readonly Way[] = [{ required: [], forbidden: [] }];

function spellOut(condition: Condition, negated: boolean, placeOf: ReadonlyMap<string, number>): Way[] {
  switch (condition.kind) {
    case 'selection': {
      const place = placeOf.get(condition.name)!;
      return [negated ? { required: [], forbidden: [place] } : { required: [place], forbidden: [] }];
    }
    case 'not':
      return spellOut(condition.operand, !negated, placeOf);
    case 'and':
    case 'or': {
      const operands = condition.operands.map((operand) => spellOut(operand, negated, placeOf));
      const isEvery = (condition.kind === 'and') !== negated;
      return isEvery ? operands.reduce<Way[]>(both, [...always]) : operands.reduce<Way[]>(either, []);
    }
    case 'atLeast': {
      // Not at least k of n hold where at least n - k + 1 do not.
      const { count, operands } = condition;
      const least = negated ? operands.length - count + 1 : count;
      return choose(
        operands.map((operand) => spellOut(operand, negated, placeOf)),
        least,
      );
    }
  }
}

function choose(operands: readonly Way[][], least: number): Way[] {
  // chosen[k]: ways in which k of the operands so far hold; none where the rest could not make up the number.
  let chosen: Way[][] = [[...always]];
  for (const [index, operand] of operands.entries()) {
    const owed = least - (operands.length - index - 1);
    chosen = Array.from({ length: Math.min(least, chosen.length) + 1 }, (_, k) =>
      k < owed ? [] : either(chosen[k] ?? [], k === 0 ? [] : both(chosen[k - 1] ?? [], operand)),
    );
  }
  return least <= 0 ? [...always] : (chosen[least] ?? []);
}

function either(some: readonly Way[], others: readonly Way[]): Way[] {
  return unique([...some, ...others]);
}

function both(some: readonly Way[], others: readonly Way[]): Way[] {
  if (some.length * others.length > MAX_WAYS ** 2) throw new TooMany();
  const joined = some.flatMap((one) =>
    others.map((other) => ({
      required: union(one.required, other.required),
      forbidden: union(one.forbidden, other.forbidden),
    })),
  );
  return unique(joined.filter(({ required, forbidden }) => !required.some((place) => forbidden.includes(place))));
}

function union(some: readonly number[], others: readonly number[]): number[] {
  return [...new Set([...some, ...others])].sort((a, b) => a - b);
}

function unique(ways: readonly Way[]): Way[] {
  const found = new Map(ways.map((way) => [`${way.required};${way.forbidden}`, way]));
  if (found.size > MAX_WAYS) throw new TooMany();
  return [...found.values()];
}
