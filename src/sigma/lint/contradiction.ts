/** Looks for items about one field that no value can fulfil together. */
import type { FieldItem, Item, Test } from '../ast.ts';
import { literalOf } from '../match/pattern.ts';
import { compileTest, printTest } from '../match/value-test.ts';
import { quote } from '../rule-problem.ts';
import type { Report } from './check.ts';
import type { SourceMap } from './source-map.ts';

/** With more pairs of values than this, items are not checked for whether they can hold together. */
const MAX_COMPARISONS = 10_000;

/** Reports where a field that has to be one of some plain values has to be something else as well. */
export function findContradiction(items: readonly Item[], isList: SourceMap['isList'], report: Report): void {
  const byField = Map.groupBy(
    items.filter((item) => item.kind === 'field'),
    ({ field }) => field,
  );
  for (const [field, asked] of byField) {
    if (field === '' || holdsMany(field, isList)) continue;
    const demands = asked.flatMap(demandsOf);
    const plain = demands.find(({ literals }) => literals !== undefined);
    if (plain?.literals === undefined || demands.length < 2) continue;
    const tests = demands.reduce((sum, { size }) => sum + size, 0);
    if (plain.literals.length * tests > MAX_COMPARISONS) continue;
    const others = demands.filter((demand) => demand !== plain);
    if (plain.literals.some((value) => others.every(({ passes }) => passes(value)))) continue;
    const failed = others.find(({ passes }) => !plain.literals!.some(passes)) ?? others[0]!;
    const message = `${quote(field)} cannot be ${plain.text} and match this, too`;
    report(failed.item.position, message, "write the values as one list, or join the selections by 'or'");
  }
}

interface Demand {
  item: FieldItem;
  text: string;
  size: number;
  /** All the values that pass, if they can be listed. */
  literals: unknown[] | undefined;
  passes(value: unknown): boolean;
}

/** What an item asks of a field with one value: one demand, or one for each value under `all`. */
function demandsOf(item: FieldItem): Demand[] {
  const { tests, quantifier, negated } = item;
  const groups = quantifier === 'all' && !negated ? tests.map((test) => [test]) : [tests];
  return groups.map((group) => {
    const literals = group.map(literalsOf);
    const compiled = group.some(({ kind }) => kind === 'fieldref') ? undefined : group.map((test) => compileTest(test));
    return {
      item,
      text: printTest(group[0]!),
      size: group.length,
      literals: negated || literals.includes(undefined) ? undefined : literals.flat(),
      passes: (value) => {
        if (compiled === undefined) return true;
        const passed = compiled.map((test) => test(() => ({ values: [] }))(value));
        return (quantifier === 'all' ? passed.every(Boolean) : passed.some(Boolean)) !== negated;
      },
    };
  });
}

function literalsOf(test: Test): unknown[] | undefined {
  switch (test.kind) {
    case 'number':
    case 'boolean':
      return [test.value];
    case 'text': {
      const literal = literalOf(test.pattern);
      return literal === undefined ? undefined : [literal];
    }
    case 'either': {
      const all = test.tests.map(literalsOf);
      return all.includes(undefined) ? undefined : all.flat();
    }
    default:
      return undefined;
  }
}

function holdsMany(field: string, isList: SourceMap['isList']): boolean {
  for (let end = field.indexOf('.'); end !== -1; end = field.indexOf('.', end + 1)) {
    if (isList(field.slice(0, end))) return true;
  }
  return isList(field);
}
