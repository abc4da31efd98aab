import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../src/state/memory.ts';
import type { Space } from '../../src/state/store.ts';

const space: Space = { name: 's', mostEntries: 3, lifetime: 10 };
const forever: Space = { name: 'f', mostEntries: 100, lifetime: null };

function opened() {
  const evicted: [string, number][] = [];
  const store = memoryStore((name, entries) => void evicted.push([name, entries]));
  return {
    store,
    evicted,
    /** Puts a text there, and tells what was there. */
    put: (key: string, at: number, value = key, entries = 1, where = space) =>
      store.update<string, string | undefined>(where, key, at, (before) => ({
        keep: { value, entries },
        result: before,
      })),
    drop: (key: string, at: number) => store.update(space, key, at, () => ({ keep: undefined, result: undefined })),
  };
}

describe('a value', () => {
  test('is what the last change made of it', async () => {
    const { put, drop, store } = opened();
    expect(await put('a', 1, 'x')).toBeUndefined();
    expect(await put('a', 2, 'y')).toBe('x');
    await drop('a', 3);
    expect(await put('a', 4)).toBeUndefined();
    expect(store.entries()).toBe(1);
  });

  test.each(['__proto__', 'constructor', ''])('may be under the key %j', async (key) => {
    const { put } = opened();
    expect(await put(key, 1, 'x')).toBeUndefined();
    expect(await put(key, 1, 'y')).toBe('x');
  });

  test('is forgotten when its time is over, and not before', async () => {
    const { put } = opened();
    await put('a', 0);
    await put('b', 10);
    expect(await put('a', 10)).toBe('a');
    await put('c', 21);
    expect(await put('b', 21)).toBeUndefined();
  });

  test('ages by the latest time that was told, not by its own', async () => {
    const { put } = opened();
    await put('a', 1000);
    expect(await put('b', 5)).toBeUndefined();
    await put('a', 1010);
    expect(await put('b', 5)).toBe('b');
  });

  test('of a space that nobody asks for any more is forgotten too', async () => {
    const { put, store } = opened();
    await put('a', 0);
    await put('x', 1000, 'x', 1, forever);
    expect(store.entries()).toBe(1);
  });

  test('can stay for ever', async () => {
    const { put } = opened();
    await put('a', 0, 'x', 1, forever);
    await put('b', 1e15, 'x', 1, forever);
    expect(await put('a', 1e15, 'y', 1, forever)).toBe('x');
  });
});

describe('room', () => {
  test('is made by what was longest untouched', async () => {
    const { put, evicted } = opened();
    await put('a', 0);
    await put('b', 1);
    await put('c', 2);
    await put('a', 3);
    await put('d', 4);
    expect(evicted).toEqual([['s', 1]]);
    expect(await put('a', 5)).toBe('a');
    expect(await put('b', 6)).toBeUndefined();
  });

  test('is counted in entries', async () => {
    const { put, evicted } = opened();
    await put('a', 0, 'a', 2);
    await put('b', 1, 'b', 1);
    await put('c', 2, 'c', 2);
    expect(evicted).toEqual([['s', 2]]);
  });

  test('is not made by what was put there just now', async () => {
    const { put } = opened();
    await put('a', 0, 'a', 100);
    expect(await put('a', 1)).toBe('a');
  });

  test('never runs out of the bound, whatever is put where', async () => {
    const puts = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(30), fc.integer({ min: 1, max: 3 })),
    );
    await fc.assert(
      fc.asyncProperty(puts, async (all) => {
        const { put, store } = opened();
        for (const [key, at, entries] of all) {
          await put(key, at, key, entries);
          expect(store.entries()).toBeLessThanOrEqual(3);
          expect(store.entries()).toBe([...store.rows()].reduce((sum, row) => sum + row.entries, 0));
        }
      }),
    );
  });
});
