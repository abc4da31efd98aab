/** Windows that are known to be emitted: the findings are those of a correlator that always asks the store. */
import { describe, expect, test } from 'vitest';
import { OFTEN } from '../../src/correlate/known-keys.ts';
import { LATENESS } from '../../src/correlate/lateness.ts';
import { type MemoryStore, memoryStore } from '../../src/state/memory.ts';
import type { Store } from '../../src/state/store.ts';
import fc, { runs } from '../properties.ts';
import { eventOf, timeOf } from '../state/shared/streams.ts';
import { rulesetOf, workerOn } from '../state/shared/workers.ts';

const correlation = (name: string, body: string) =>
  `title: ${name}\nname: ${name}\ncorrelation: { ${body}, group-by: [username], timespan: 1m, generate: true }`;
const many = correlation('many', 'type: event_count, rules: [got], condition: { gte: 3 }');
const ruleset = rulesetOf(
  many,
  correlation('one', 'type: event_count, rules: [deleted], condition: { gte: 1 }'),
  correlation('values', 'type: value_count, rules: [got, deleted], condition: { field: namespace, gte: 3 }'),
  correlation('both', 'type: temporal, rules: [many, one]'),
  correlation('few', 'type: event_count, rules: [got], condition: { lt: 3 }'),
);

/** A store that counts how often a group is loaded. */
function counting(store: MemoryStore, isShared = false) {
  let loads = 0;
  const counted: Store = {
    ...store,
    load(...given) {
      if (given[0].name.startsWith('many@')) loads++;
      return store.load(...given);
    },
  };
  Object.defineProperty(counted, 'evicted', { get: () => (isShared ? undefined : store.evicted) });
  return { counted, loads: () => loads };
}

const streams = fc.array(
  fc.record({
    step: fc.constantFrom(0, 0, 1, 1, 1, 2, 2, 5, 20, 61, 1000),
    late: fc.constantFrom(0, 0, 0, 0, 0, 3, 30, 59, 61, 899, 901, 1100),
    verb: fc.constantFrom('get', 'get', 'get', 'delete', 'list'),
    user: fc.constantFrom('ann', 'ann', 'ann', 'ann', 'ann', 'ann', 'bob'),
    namespace: fc.constantFrom('a', 'b', 'c', 'd'),
    stranger: fc.constantFrom(false, false, false, false, true),
  }),
  { minLength: 150, maxLength: 300, size: 'max' },
);

test.each([
  ['without a bound', 2 ** 30],
  ['where groups are evicted', 40_000],
])('gives the same findings, %s', async (_, maxBytes) => {
  let [saved, evicted] = [0, 0];
  await fc.assert(
    fc.asyncProperty(streams, async (drawn) => {
      let clock = 0;
      const events = drawn.map(({ step, late, stranger, user, ...more }, index) => {
        clock += step;
        return eventOf({ index, time: timeOf(clock - late), user: stranger ? `stranger-${index}` : user, ...more });
      });
      const stores = [memoryStore({ maxBytes, secret: [1, 2] }), memoryStore({ maxBytes, secret: [1, 2] })] as const;
      const [known, asked] = [counting(stores[0]), counting(stores[1], true)];
      const [one, other] = [workerOn(known.counted, ruleset), workerOn(asked.counted, ruleset)];
      expect(await one.tags(events)).toEqual(await other.tags(events));
      expect([...stores[0].rows()]).toEqual([...stores[1].rows()]);
      saved += asked.loads() - known.loads();
      evicted += stores[0].evicted!;
    }),
    { numRuns: runs(15) },
  );
  expect(saved).toBeGreaterThan(0);
  expect(evicted > 0).toBe(maxBytes < 2 ** 30);
});

describe('the store', () => {
  const only = rulesetOf(many);
  /** A user whose group has a handle and an emitted window that began at second 0. */
  async function busy(isShared = false) {
    const store = memoryStore({ maxBytes: 20_000 });
    const { counted, loads } = counting(store, isShared);
    const worker = workerOn(counted, only);
    let index = 0;
    /** @returns how often it was asked */
    const loadsFor = async (seconds: number, user = 'ann') => {
      const before = loads();
      await worker.tags([eventOf({ index: index++, time: timeOf(seconds), user })]);
      return loads() - before;
    };
    for (let i = 0; i < OFTEN + 3; i++) await loadsFor(i);
    return { loadsFor, store };
  }

  test('is not asked about an event in the window or on its edges', async () => {
    const { loadsFor } = await busy();
    for (const seconds of [40, 0, 60, 59]) expect(await loadsFor(seconds)).toBe(0);
  });

  test('is asked about one before or after it, and not about one in the next window', async () => {
    const { loadsFor } = await busy();
    for (const seconds of [-0.001, 60.001, 61, 62]) expect(await loadsFor(seconds)).toBe(1);
    expect(await loadsFor(63)).toBe(1);
    expect(await loadsFor(64)).toBe(0);
  });

  test('is asked about one that is very late, as it forgets a group at that age', async () => {
    const { loadsFor } = await busy();
    const late = LATENESS / 1_000_000;
    await loadsFor(50 + late, 'bob');
    expect(await loadsFor(50)).toBe(0);
    expect(await loadsFor(49.999)).toBe(1);
  });

  test('is asked after something was evicted', async () => {
    const { loadsFor, store } = await busy();
    for (let i = 0; store.evicted === 0; i++) await loadsFor(50, `stranger-${i}`);
    expect(await loadsFor(51)).toBe(1);
  });

  test('is asked each time if others change it', async () => {
    const { loadsFor } = await busy(true);
    for (const seconds of [40, 41]) expect(await loadsFor(seconds)).toBe(1);
  });
});
