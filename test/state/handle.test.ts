/** A store that is asked by handles, compared with one that is asked by keys alone. */
import { expect, test } from 'vitest';
import { memoryStore } from '../../src/state/memory.ts';
import type { Handle, Space } from '../../src/state/store.ts';
import fc from '../properties.ts';

const spaces: Space[] = [
  { name: 'a', lifetime: 50 },
  { name: 'b', lifetime: null },
];
const steps = fc.array(
  fc.record({
    act: fc.constantFrom('load', 'commit', 'commit', 'commit', 'drop'),
    space: fc.nat(1),
    key: fc.nat(5),
    at: fc.nat(200),
    bytes: fc.constantFrom(10, 10, 200, 900),
    /** Whether a new handle replaces the existing one, as when that is forgotten. */
    isNew: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 1, maxLength: 120 },
);

test('both find, evict and write out the same', () => {
  fc.assert(
    fc.property(steps, (drawn) => {
      const losses: unknown[][] = [[], []];
      const [plain, handled] = losses.map((lost) =>
        memoryStore({ maxBytes: 4000, secret: [1, 2], onEvict: (...evicted) => lost.push(evicted) }),
      );
      const handles = new Map<string, Handle>();
      for (const [i, { act, space: number, key: name, at, bytes, isNew }] of drawn.entries()) {
        const space = spaces[number]!;
        const key = `k${name}`;
        const place = `p${name % 2}`;
        const id = `${number} ${name}`;
        if (isNew || !handles.has(id)) handles.set(id, {});
        const handle = handles.get(id)!;
        switch (act) {
          case 'load':
            expect(handled!.load(space, key, place, handle)).toEqual(plain!.load(space, key, place));
            break;
          case 'commit': {
            const change = { space, key, value: [i], entries: 1 + (bytes > 10 ? 2 : 0), bytes, place, owner: key, at };
            plain!.commit(change);
            handled!.commit({ ...change, handle });
            break;
          }
          case 'drop':
            plain!.drop(space, key);
            handled!.drop(space, key);
            break;
        }
        expect(handled!.bytes()).toBe(plain!.bytes());
      }
      expect([...handled!.rows()]).toEqual([...plain!.rows()]);
      expect(handled!.entries()).toBe(plain!.entries());
      expect(losses[1]).toEqual(losses[0]);
    }),
    { numRuns: 500 },
  );
});

test('a handle holds nothing of a value that is dropped', () => {
  const store = memoryStore({ secret: [1, 2] });
  const handle: Handle = {};
  const [space] = spaces;
  const value = { large: true };
  store.commit({ space: space!, key: 'k', value, entries: 1, bytes: 1, place: 'p', at: 0 });
  expect(store.load(space!, 'k', 'p', handle)).toBe(value);
  store.drop(space!, 'k');
  expect(handle.cell).toMatchObject({ value: undefined });
  expect(store.load(space!, 'k', 'p', handle)).toBeUndefined();
  store.commit({ space: space!, key: 'k', value: 1, entries: 1, bytes: 1, place: 'p', at: 1, handle });
  expect(store.load(space!, 'k', 'p', handle)).toBe(1);
});
