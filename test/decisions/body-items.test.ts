/** The decision of an item on a body that does not hold what it needs is the same as when the body is read. */
import { expect, test } from 'vitest';
import * as bodyItems from '../../src/decisions/body-items.ts';
import * as bodyNotation from '../../src/decisions/body-notation.ts';
import * as bodySearch from '../../src/decisions/body-search.ts';
import { bodyMutants } from '../fast-path/body-mutants.ts';
import { productWith } from '../fast-path/mutants.ts';
import { compareItems, texts } from './random-bodies.ts';

const layouts = ['JSON', 'MessagePack'] as const;

test.each(layouts)('items on bodies in %s are decided as if the bodies were read', (layout) => {
  const { settled, left, unsaid, wrong } = compareItems(layout, { bodyItems, bodyNotation, bodySearch }, 4000);
  expect(wrong).toBeUndefined();
  expect(texts.filter((text) => !settled.has(text))).toEqual([]);
  expect(texts.filter((text) => !left.has(text))).toEqual([]);
  expect(unsaid).toBeLessThan(3000);
});

/** One in this many mutants is tried unless MUTANTS is `all`. */
const EVERY = process.env.MUTANTS === 'all' ? 1 : 6;

test.each(bodyMutants.filter((_, index) => index % EVERY === 0))('noticed: $name', async ({ changes }) => {
  const modules = await productWith(changes);
  const wrong = layouts.map((layout) => compareItems(layout, modules, 4000).wrong);
  expect(wrong.some((each) => each !== undefined)).toBe(true);
});
