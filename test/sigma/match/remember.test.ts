import { expect, test } from 'vitest';
import { remembered } from '../../../src/sigma/match/remember.ts';

function counted() {
  let calls = 0;
  const isLong = remembered((value) => {
    calls++;
    return typeof value === 'string' && value.length > 5;
  });
  return { isLong, calls: () => calls };
}

test('a repeated text is not tested again, and gives the same answer', () => {
  const { isLong, calls } = counted();
  for (let round = 0; round < 3; round++) {
    expect(isLong('nginx')).toBe(false);
    expect(isLong('registry')).toBe(true);
  }
  expect(calls()).toBe(2);
});

test('long texts and values that are not text are tested each time', () => {
  const { isLong, calls } = counted();
  for (const value of [1, null, undefined, true, {}, 'x'.repeat(65)]) {
    const first = isLong(value);
    expect(isLong(value)).toBe(first);
  }
  expect(calls()).toBe(12);
});

test('texts that are never repeated are no longer kept, and those that are repeated are kept again', () => {
  const { isLong, calls } = counted();
  for (let index = 0; index < 2000; index++) isLong(`new ${index}`);
  const before = calls();
  // Kept from the beginning, as long as there was credit.
  expect(isLong('new 10')).toBe(true);
  expect(calls()).toBe(before);
  // One in sixteen is kept after that.
  for (let index = 1000; index < 1160; index++) isLong(`new ${index}`);
  expect(calls() - before).toBe(150);
  for (let round = 0; round < 40; round++) isLong('word');
  const learnt = calls();
  isLong('word');
  expect(calls()).toBe(learnt);
});

test('many texts of many tests are forgotten at once, and answers stay correct', () => {
  const tests = Array.from({ length: 300 }, counted);
  for (const { isLong } of tests) {
    for (let index = 0; index < 250; index++) expect(isLong(`text ${index}`)).toBe(`text ${index}`.length > 5);
  }
  expect(tests[0]!.isLong('text 1')).toBe(true);
});
