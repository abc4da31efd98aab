/** Texts by which it is seen that an item does not hold, without deciding it. */
import type { Item, Test } from '../ast.ts';
import { anyOf, bestOf, type Needles, needlesIn, regexNeedles } from './needles.ts';
import { fold, longestLiteralIn } from './pattern.ts';

/** Of the values of a field: without one that holds a needle, or without values, the item does not hold but for its negation.
 * Not known for an item that may hold on a field without values. */
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
