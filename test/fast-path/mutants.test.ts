/** The tests that compare the fast path with its steps must notice mistakes in it. MUTANTS=all tries every one of them. */
import { expect, test } from 'vitest';
import type { Mutant } from './mutant.ts';
import { sourceOf } from './mutant.ts';
import { differenceOf, sendBodies } from './mutant-bodies.ts';
import { collide, forgetful, mutants, small, unseenMutants } from './mutant-list.ts';

const isLong = process.env.MUTANTS === 'all';
/** One in this many mutants is tried in the short form. */
const EVERY = 50;
const sent = await sendBodies(isLong ? 160 : 15);

const differenceWith = ({ as = [], changes }: Mutant) => differenceOf([...as, ...changes], sent);

test('the text that each mistake replaces occurs once', () => {
  for (const { changes } of [...mutants, ...unseenMutants])
    for (const [file, from] of changes) {
      expect(sourceOf(file).split(from).length, `${file}: ${from}`).toBe(2);
    }
});

test('without a mistake there is no difference, not even in small or colliding tables', async () => {
  for (const changes of isLong ? [[], collide, small, forgetful] : [[...collide, ...small, ...forgetful]])
    expect(await differenceOf(changes, sent)).toBeUndefined();
});

test.each(isLong ? mutants : mutants.filter((_, index) => index % EVERY === 0))('noticed: $name', async (mutant) => {
  expect(await differenceWith(mutant)).toBeDefined();
});

test.each(isLong ? unseenMutants : [])('not noticed, with a reason: $name', async (mutant) => {
  expect(await differenceWith(mutant)).toBeUndefined();
});
