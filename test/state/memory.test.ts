import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/state/memory.ts';
import type { Change, Space } from '../../src/state/store.ts';
import fc, { runs } from '../properties.ts';

const space: Space = { name: 's', lifetime: 10 };
const forever: Space = { name: 'f', lifetime: null };
/** Space for four values of this size. */
const BYTES = 10_000;
const MOST = 43_000;

function opened(maxBytes = MOST) {
  const evicted: [string, number][] = [];
  const store = memoryStore({ maxBytes, onEvict: (name, entries) => void evicted.push([name, entries]) });
  return {
    store,
    evicted,
    /** Commits a text, and returns what was there before. */
    put: (key: string, at: number, value = key, more: Partial<Change> = {}) => {
      const where = more.space ?? space;
      const before = store.load(where, key);
      store.commit({ space: where, key, value, entries: 1, bytes: BYTES, place: 'p', owner: key, at, ...more });
      return before;
    },
    has: (key: string, where = space) => store.load(where, key) !== undefined,
  };
}

describe('a value', () => {
  test('is that of the last commit', () => {
    const { put, store } = opened();
    expect(put('a', 1, 'x')).toBeUndefined();
    expect(put('a', 2, 'y')).toBe('x');
    store.drop(space, 'a');
    expect(put('a', 4)).toBeUndefined();
    expect(store.entries()).toBe(1);
  });

  test.each(['__proto__', 'constructor', ''])('may be under the key %j', (key) => {
    const { put } = opened();
    expect(put(key, 1, 'x')).toBeUndefined();
    expect(put(key, 1, 'y')).toBe('x');
  });

  test('is forgotten when its lifetime is over, and not before', () => {
    const { put, has } = opened();
    put('a', 0);
    put('b', 10);
    expect(put('a', 10)).toBe('a');
    put('c', 21);
    expect(has('b')).toBe(false);
    expect(has('a')).toBe(false);
    expect(has('c')).toBe(true);
  });

  test('ages by the latest time of all, not by its own', () => {
    const { put } = opened();
    put('a', 1000);
    expect(put('b', 5)).toBeUndefined();
    put('a', 1010);
    expect(put('b', 5)).toBe('b');
  });

  test('ages by the clock of its place, however many places there are', () => {
    const { put, store } = opened(100_000_000);
    const tick = (place: string, at: number) =>
      put(`clock of ${place}`, at, 'x', { space: forever, place: '', bytes: 1, advances: place });
    put('a', 0);
    for (let i = 0; i < 30_000; i++) tick(`made-up-${i}`, 1);
    tick('p', 100);
    expect(store.load(space, 'a')).toBeUndefined();
  });

  test('of a space that is no longer used is forgotten too', () => {
    const { put, store } = opened();
    put('a', 0);
    put('x', 1000, 'x', { space: forever });
    expect(store.entries()).toBe(1);
  });

  test('can stay forever', () => {
    const { put } = opened();
    put('a', 0, 'x', { space: forever });
    put('b', 1e15, 'x', { space: forever });
    expect(put('a', 1e15, 'y', { space: forever })).toBe('x');
  });
});

describe('eviction', () => {
  const still: Partial<Change> = { space: forever };

  test('starts with the value that was untouched longest', () => {
    const { put, evicted, has } = opened();
    for (const [at, key] of ['a', 'b', 'c', 'd'].entries()) put(key, at, key, still);
    put('e', 4, 'e', still);
    expect(evicted).toEqual([['f', 1]]);
    expect(has('a', forever)).toBe(false);
    expect(has('b', forever)).toBe(true);
  });

  test('removes values that were committed once before those that were committed again', () => {
    const { put, has } = opened();
    put('a', 0, 'a', still);
    put('a', 1, 'a', still);
    for (let i = 0; i < 100; i++) put(`x${i}`, 2 + i, 'x', still);
    expect(has('a', forever)).toBe(true);
  });

  test('removes values that were committed again too, if nothing else is left', () => {
    const { put, store, has } = opened();
    for (let i = 0; i < 20; i++) {
      put(`x${i}`, 2 * i, 'x', still);
      put(`x${i}`, 2 * i + 1, 'x', still);
    }
    expect(store.bytes()).toBeLessThanOrEqual(MOST);
    expect(has('x0', forever)).toBe(false);
    expect(has('x19', forever)).toBe(true);
  });

  test.each<[string, (i: number) => Partial<Change>]>([
    ['another space', () => ({ space: { name: 'flooded', lifetime: null } })],
    ['another cluster', () => ({ place: 'flooded' })],
    ['another owner', () => ({ owner: 'mallory' })],
  ])('removes values of %s that holds too much', (_, of) => {
    const { put, has, evicted } = opened(4_000_000);
    for (let i = 0; i < 10; i++) put(`a${i}`, i, 'a', { ...still, owner: `o${i}` });
    for (let i = 0; i < 5_000; i++) put(`x${i}`, 10 + i, 'x', { ...still, bytes: 2_000, ...of(i) });
    expect(Array.from({ length: 10 }, (_, i) => has(`a${i}`, forever))).not.toContain(false);
    expect(evicted.length).toBeGreaterThan(0);
  });

  // Would not end if the largest place were searched for again for each value.
  test('works among a hundred thousand places of one value each', () => {
    const { put, evicted, store } = opened(40_000_000);
    for (let i = 0; i < 150_000; i++) put(`x${i}`, i, 'x', { ...still, bytes: 100, place: `made-up-${i}` });
    expect(evicted.length).toBeGreaterThan(40_000);
    expect(store.bytes()).toBeLessThanOrEqual(40_000_000);
  });

  test('spares the value that was just committed', () => {
    const { put } = opened();
    put('a', 0, 'a', { bytes: 10 * MOST });
    expect(put('a', 1)).toBe('a');
  });

  test('keeps the store within its bound, whatever is put where', () => {
    const puts = fc.array(
      fc.tuple(
        fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        fc.nat(30),
        fc.integer({ min: 1, max: 20_000 }),
        fc.constantFrom('p', 'q'),
        fc.constantFrom('ann', 'bob'),
        fc.boolean(),
      ),
    );
    fc.assert(
      fc.property(puts, (all) => {
        const { put, store } = opened();
        for (const [key, at, bytes, place, owner, isDropped] of all) {
          put(key, at, key, { bytes, place, owner });
          if (isDropped) store.drop(space, key);
          expect(store.bytes()).toBeLessThanOrEqual(MOST);
          expect(store.entries()).toBe([...store.rows()].length);
          const next = memoryStore({ maxBytes: MOST });
          for (const row of store.rows()) next.restore(row);
          expect(next.bytes()).toBe(store.bytes());
        }
      }),
      { numRuns: runs(40) },
    );
  });
});
