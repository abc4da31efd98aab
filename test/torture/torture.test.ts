/** The short form of `npm run torture`, with the replayer. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scheduleOf } from './faults.ts';
import { torture } from './torture.ts';

test('the order of faults follows from the seed', () => {
  const plan = { seed: 1, count: 100, gapMilliseconds: 100, hasSpool: true };
  expect(scheduleOf({ ...plan, count: 50 })).toEqual(scheduleOf(plan).slice(0, 50));
  expect(scheduleOf({ ...plan, seed: 2 })).not.toEqual(scheduleOf(plan));
});

test('nothing is lost while parts are killed, stopped and refused', async () => {
  const outcome = await torture({
    // With this seed, each part fails at least once, and Tripline is killed and stopped.
    seed: 185,
    faults: 12,
    records: 3000,
    gapMilliseconds: 150,
    program: join(import.meta.dirname, '../../src/main.ts'),
    sender: 'replayer',
    mayMount: false,
    hasSpool: false,
    say() {},
  });
  expect(outcome).toMatchObject({ acknowledged: 3000, faults: {}, examples: [] });
  expect(outcome.starts).toBeGreaterThan(1);
});
