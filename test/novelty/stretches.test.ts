/** Counts by time in bounded memory, compared with a list of all times. */
import { expect, test } from 'vitest';
import { addTo, countUntil, MOST_STRETCHES, type Stretches } from '../../src/novelty/stretches.ts';
import fc from '../properties.ts';

/** What is counted at each time, and how many of those before it are in fact not later. */
function counted(times: readonly number[]): { count: number; first: number | undefined; exact: number }[] {
  const stretches: Stretches = [];
  return times.map((at, index) => {
    const earlier = times.slice(0, index).filter((other) => other <= at);
    const { times: count, first } = countUntil(stretches, at);
    addTo(stretches, at);
    expect(stretches.length).toBeLessThanOrEqual(MOST_STRETCHES);
    expect(stretches.reduce((sum, [, , count]) => sum + count, 0)).toBe(index + 1);
    return { count, first, exact: earlier.length };
  });
}

const anyTimes = fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 60 });

test('in order of time the count is exact, and so is the first time', () => {
  fc.assert(
    fc.property(anyTimes, (times) => {
      times.sort((a, b) => a - b);
      for (const [index, { count, first }] of counted(times).entries()) {
        expect(count).toBe(index);
        expect(first).toBe(index === 0 ? undefined : times[0]);
      }
    }),
  );
});

test('in any order the count is between the exact one and all, and exact for as many as there are stretches', () => {
  fc.assert(
    fc.property(anyTimes, (times) => {
      for (const [index, { count, exact }] of counted(times).entries()) {
        expect(count).toBeGreaterThanOrEqual(exact);
        expect(count).toBeLessThanOrEqual(index);
        if (index <= MOST_STRETCHES) expect(count).toBe(exact);
      }
    }),
  );
});

test('an old log that arrives after a new one is counted on its own', () => {
  const day = 86_400;
  const months = fc.array(fc.integer({ min: 0, max: 30 * day }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(months, months, (now, old) => {
      now.sort((a, b) => a - b);
      old.sort((a, b) => a - b);
      const live = now.map((at) => at + 365 * day);
      const replayed = counted([...live, ...old]).slice(live.length);
      for (const [index, { count, first }] of replayed.entries()) {
        expect(count).toBe(index);
        expect(first).toBe(index === 0 ? undefined : old[0]);
      }
    }),
  );
});
