/** Texts by which it is seen that an item does not hold, without deciding it. */
import type { BlockItem, Condition, Item, Test } from '../ast.ts';
import { holdsForNothing, isAround } from './block.ts';
import { anyOf, bestOf, type Needles, needlesIn, regexNeedles, SHORTEST_NEEDLE } from './needles.ts';
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

/** Of the bytes that the values of a field are read from, keys and numbers among them: where none of these stands, the item
 * does not hold but for its negation. */
export function wordsOf(item: Item): Needles {
  if (item.kind === 'block') return holdsForNothing(item.members) ? undefined : wordsOfBody(item.body);
  const needles = needlesOf(item);
  return needles?.every(isWordy) ? needles : undefined;
}

/** Texts of values that do not stand in the bytes as they are. */
const SPELLED = ['true', 'false', 'infinity', 'nan'];

/** Whether a text can stand in those values alone that are texts in the bytes too. */
function isWordy(needle: string): boolean {
  return !/^[\d.e+-]*$/.test(needle) && !SPELLED.some((text) => text.includes(needle)) && !needle.includes('-inf');
}

function wordsOfBody(body: BlockItem['body']): Needles {
  if (body.kind === 'items') return bestOf(body.items.map(wordsOfMember));
  const within = (part: Condition): Needles => {
    switch (part.kind) {
      case 'selection':
        return anyOf(body.selections.get(part.name)!.alternatives.map((items) => bestOf(items.map(wordsOfMember))));
      case 'not':
        return undefined;
      case 'and':
        return bestOf(part.operands.map(within));
      case 'or':
        return anyOf(part.operands.map(within));
      case 'atLeast':
        return part.count > 0 ? anyOf(part.operands.map(within)) : undefined;
    }
  };
  return within(body.condition);
}

/** Of an item about a member of a list. Beside its values, the key is looked for that they stand under. */
function wordsOfMember(item: Item): Needles {
  if (isAround(item.field) || mayHoldForNothing(item)) return undefined;
  const key = keyIn(item.field);
  return bestOf([wordsOf(item), key === undefined ? undefined : [key]]);
}

function mayHoldForNothing(item: Item): boolean {
  if (item.kind === 'block') return holdsForNothing(item.members);
  const isForNothing = (test: Test): boolean =>
    test.kind === 'null' || (test.kind === 'either' && test.tests.some(isForNothing));
  return item.negated || item.tests.some(isForNothing);
}

/** The last part of a dotted name that tells something, folded: it is a key, or stands in one that has dots in it. */
export function keyIn(name: string): string | undefined {
  const isTelling = (part: string) => part.length >= SHORTEST_NEEDLE && /^[\w/-]*[a-z_][\w/-]*$/i.test(part);
  return name.split('.').findLast(isTelling)?.toLowerCase();
}
