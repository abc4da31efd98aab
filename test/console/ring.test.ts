import { expect, test } from 'vitest';
import { type Held, Ring } from '../../src/console/ring.ts';
import fc from '../properties.ts';

const one = (seq: number, name: string, size = 10): Held => ({
  seq,
  key: `k${seq}`,
  class: name,
  size,
  at: seq * 1000,
});

test('a class with many entries evicts its own', () => {
  const ring = new Ring<Held>(100);
  ring.add(one(1, 'rare'));
  for (let seq = 2; seq <= 50; seq++) ring.add(one(seq, 'loud'));
  expect([...ring.values()].map(({ seq }) => seq)).toEqual([1, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
  expect(ring.lost).toEqual({ seq: 41, at: 41_000 });
});

test('a repeated entry is not held twice, and an evicted one may be added again', () => {
  const ring = new Ring<Held>(20);
  expect(ring.add(one(1, 'a'))).toEqual([]);
  expect(ring.add({ ...one(2, 'a'), key: 'k1' })).toBeUndefined();
  ring.add(one(3, 'a'));
  expect(ring.add(one(4, 'a'))).toMatchObject([{ seq: 1 }]);
  expect(ring.add({ ...one(5, 'a'), key: 'k1' })).toMatchObject([{ seq: 3 }]);
});

test('an entry larger than the ring is not held, and is lost', () => {
  const ring = new Ring<Held>(20);
  ring.add(one(1, 'a'));
  expect(ring.add(one(2, 'b', 21))).toBeUndefined();
  expect([ring.length, ring.bytes, ring.lost?.seq]).toEqual([1, 10, 2]);
});

test('holds no more than its bytes, in order, and returns what follows a number as a plain list would', () => {
  const adds = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom('a', 'b', 'c')), { maxLength: 60 });
  fc.assert(
    fc.property(adds, fc.integer({ min: -1, max: 70 }), (list, after) => {
      const ring = new Ring<Held>(100);
      const held = new Map<number, Held>();
      for (const [index, [size, name]] of list.entries()) {
        const added = one(index + 1, name, size);
        const gone = ring.add(added)!;
        held.set(added.seq, added);
        for (const { seq } of gone) held.delete(seq);
      }
      const all = [...held.values()];
      expect(ring.bytes).toBe(all.reduce((sum, { size }) => sum + size, 0));
      expect(ring.bytes).toBeLessThanOrEqual(100);
      expect([...ring.values()]).toEqual(all);
      expect(ring.after(after, 1000)).toEqual(all.filter(({ seq }) => seq > after));
    }),
    { numRuns: 200 },
  );
});
