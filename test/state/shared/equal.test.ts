/** Correlations find on a shared store what they find in memory. */
import { expect, test } from 'vitest';
import fc, { runs } from '../../properties.ts';
import { fakeServer } from './fake-server.ts';
import { correlations, eventOf, streams, timeOf } from './streams.ts';
import { loneWorker, rulesetOf, sharedWorker } from './workers.ts';

const ruleset = rulesetOf(...correlations);

test('one worker gives the same tags, and the same events are too late', async () => {
  const found = new Set<string>();
  await fc.assert(
    fc.asyncProperty(streams, async (batches) => {
      const shared = await sharedWorker(ruleset, fakeServer().connect);
      const alone = loneWorker(ruleset, shared.secret());
      for (const batch of batches) {
        const tags = await alone.tags(batch);
        expect(await shared.tags(batch)).toEqual(tags);
        for (const tag of tags)
          for (const { rule } of [...(tag?.findings ?? []), ...(tag?.reports ?? [])]) found.add(rule);
      }
      expect(shared.late).toEqual(alone.late);
      expect(shared.exchanges.filter((result) => result !== 'written')).toEqual([]);
      shared.close();
    }),
    { numRuns: runs(12) },
  );
  for (const name of ['many', 'few', 'values', 'both', 'then', 'without', 'chain', 'new'])
    expect(found).toContain(name);
});

test('several workers that take turns, one of which restarts now and then, give the same tags', async () => {
  await fc.assert(
    fc.asyncProperty(streams, fc.array(fc.nat(3), { minLength: 20, maxLength: 20 }), async (batches, turns) => {
      const { connect } = fakeServer();
      const open = () => sharedWorker(ruleset, connect);
      const workers = [await open(), await open(), await open()];
      const alone = loneWorker(ruleset, workers[0]!.secret());
      for (const [index, batch] of batches.entries()) {
        const turn = turns[index % turns.length]!;
        if (turn === 3) workers[index % 3] = await open();
        expect(await workers[turn % 3]!.tags(batch)).toEqual(await alone.tags(batch));
      }
      for (const { close } of workers) close();
    }),
    { numRuns: runs(6) },
  );
});

test('an event in a window that was emitted does not move the time of its group', async () => {
  const { connect } = fakeServer();
  const shared = await sharedWorker(ruleset, connect);
  const alone = loneWorker(ruleset, shared.secret());
  for (const [index, seconds] of [0, 1, 2, 50, -930].entries()) {
    const batch = [eventOf({ index, time: timeOf(seconds) })];
    // Only the server remembers it.
    const other = await sharedWorker(ruleset, connect);
    expect(await other.tags(batch)).toEqual(await alone.tags(batch));
    shared.late.push(...other.late);
    other.close();
  }
  expect(alone.late).not.toContain('many');
  expect(shared.late).toEqual(alone.late);
  shared.close();
});
