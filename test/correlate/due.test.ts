/** Groups that wait for the end of a window, compared with a list that is sorted again each time. */
import { expect, test } from 'vitest';
import type { Current } from '../../src/correlate/current-event.ts';
import { type Due, firstDue, schedule, takeDue } from '../../src/correlate/due.ts';
import type { Planned } from '../../src/correlate/plan.ts';
import { memoryStore } from '../../src/state/memory.ts';
import fc from '../properties.ts';

const planned = { due: { name: 'c@1/due', lifetime: null } } as Planned;
const currentAt = (clock: number) => ({ place: 'here', clock }) as Current;

function waiting() {
  const store = memoryStore({ maxBytes: 2 ** 30 });
  return {
    schedule: (group: string, at: number) => schedule(store, planned, group, at, currentAt(0)),
    take: (most: number, clock: number) => takeDue(store, planned, most, currentAt(clock)),
    first: () => firstDue(store, planned, currentAt(0)),
    entries: () => store.entries(),
    /** How many entries there are; some may be left from groups that were taken out. */
    kept: () => (store.load(planned.due, 'here') as Due | undefined)?.length ?? 0,
  };
}

test('groups are taken out in order of time, and those of one time in order of arrival', () => {
  const step = fc.oneof(
    fc.record({ at: fc.nat(40) }),
    fc.record({ at: fc.nat(40) }),
    fc.record({ most: fc.integer({ min: 1, max: 5 }), clock: fc.nat(45) }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 600, size: 'max' }), (steps) => {
      const groups = waiting();
      let plain: Due = [];
      for (const [i, one] of steps.entries()) {
        if ('at' in one) {
          expect(groups.schedule(`g${i}`, one.at)).toBe(0);
          plain = [...plain, [one.at, `g${i}`] as Due[number]].sort(([a], [b]) => a - b);
        } else {
          const past = plain.filter(([at]) => at < one.clock).slice(0, one.most);
          expect(groups.take(one.most, one.clock)).toEqual(past);
          plain = plain.slice(past.length);
        }
        expect(groups.first()).toBe(plain[0]?.[0] ?? Number.MAX_SAFE_INTEGER);
        expect(groups.kept()).toBeLessThanOrEqual(2 * plain.length + 65);
        expect(groups.entries()).toBe(plain.length);
      }
    }),
  );
});

test('when there are too many, the first in time are forgotten, whatever was taken out before', () => {
  const groups = waiting();
  for (let at = 0; at <= 40; at++) groups.schedule(`gone-${at}`, at);
  expect(groups.take(40, 40)).toHaveLength(40);
  let forgotten = 0;
  for (let i = 0; i < 100_003; i++) forgotten += groups.schedule(`g${i}`, 1000 + i);
  expect(forgotten).toBe(4);
  expect(groups.first()).toBe(1003);
});

test('nothing is kept when no group waits', () => {
  const groups = waiting();
  groups.schedule('g', 1);
  groups.take(1, 2);
  expect(groups.kept()).toBe(0);
  expect(groups.first()).toBe(Number.MAX_SAFE_INTEGER);
});
