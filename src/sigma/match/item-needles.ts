/** Texts whose absence shows that an item does not hold, without evaluating it. */
import type { Item, Test } from '../ast.ts';
import { anyOf, bestOf, type Needles, needlesIn, regexNeedles } from './needles.ts';
import { fold, longestLiteralIn } from './pattern.ts';

/** Needles in the values of a field: if no value contains one, or there are no values, the item is false before negation.
 * Undefined for an item that may hold on a field without values. */
export function needlesOf(item: Item): Needles {
  if (item.kind === 'block') return undefined;
  const lists = item.tests.map(needlesOfTest);
  return item.quantifier === 'all' ? bestOf(lists) : anyOf(lists);
}

function needlesOfTest(test: Test): Needles {
  switch (test.kind) {
    case 'text':
      return needlesIn(fold(longestLiteralIn(test.pattern)));
    case 'regex':
      return regexNeedles(test.source);
    case 'either':
      return anyOf(test.tests.map(needlesOfTest));
    default:
      return undefined;
  }
}
