import { expect, test } from 'vitest';
import { openProgress } from '../../../src/sinks/request/progress.ts';
import { numberedBatch } from '../contract.ts';

test('the outcome of records is remembered until their batch is done', () => {
  const progress = openProgress();
  const own = progress.of(numberedBatch(3));
  own.settle(1, 'arrived');
  own.settle(1, 'set aside');
  own.settle(2, 'set aside');
  progress.keep(numberedBatch(3), own);
  const again = progress.of(numberedBatch(3));
  expect([0, 1, 2].map(again.isSettled)).toEqual([false, true, true]);
  expect([again.count('arrived'), again.count('set aside')]).toEqual([1, 1]);
  expect(progress.of(numberedBatch(2)).isSettled(1)).toBe(false);
  progress.end(numberedBatch(3));
  expect(progress.of(numberedBatch(3)).isSettled(1)).toBe(false);
});

test('the oldest progress is forgotten beyond a number of bytes', () => {
  const progress = openProgress(1000);
  const batches = [1, 2, 3, 4].map((first) => numberedBatch(100, { first }));
  for (const batch of batches) {
    const own = progress.of(batch);
    own.settle(0, 'arrived');
    progress.keep(batch, own);
  }
  expect(batches.map((batch) => progress.of(batch).isSettled(0))).toEqual([false, true, true, true]);
  const large = numberedBatch(2000);
  const own = progress.of(large);
  own.settle(0, 'arrived');
  progress.keep(large, own);
  expect(progress.of(large).isSettled(0)).toBe(false);
});
