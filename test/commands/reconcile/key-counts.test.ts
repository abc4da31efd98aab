/** The counts of keys equal those of a map, in less memory. */
import { expect, test } from 'vitest';
import { KeyCounts } from '../../../src/commands/reconcile/key-counts.ts';
import fc from '../../properties.ts';

/** Few, so that they repeat, and many in one slot of one table. */
const key = fc.record({
  high: fc.constantFrom(0, 1, 256, 0xffff_ffff),
  low: fc.oneof(fc.constantFrom(0, 0xffff_ffff), fc.nat(40)),
});
type Key = { high: number; low: number };
const nameOf = ({ high, low }: Key) => `${high}/${low}`;

test('added keys can be taken, and those that are left are distinguished', () => {
  fc.assert(
    fc.property(fc.array(key, { maxLength: 400 }), fc.array(key, { maxLength: 200 }), (added, taken) => {
      const counts = new KeyCounts();
      const left = new Map<string, number>();
      for (const one of added) {
        counts.add(one.high, one.low);
        left.set(nameOf(one), (left.get(nameOf(one)) ?? 0) + 1);
      }
      for (const one of taken) {
        const before = left.get(nameOf(one)) ?? 0;
        expect(counts.take(one.high, one.low)).toBe(before > 0);
        left.set(nameOf(one), Math.max(0, before - 1));
      }
      const asked = new Set(taken.map(nameOf));
      const expected = { repeated: 0, strange: 0 };
      for (const [name, count] of left) expected[asked.has(name) ? 'repeated' : 'strange'] += count;
      expect(counts.left()).toEqual(expected);
      for (const one of added) {
        const count = left.get(nameOf(one))!;
        const kind = count === 0 ? undefined : asked.has(nameOf(one)) ? 'repeated' : 'strange';
        expect(counts.takeLeft(one.high, one.low)).toBe(kind);
        left.set(nameOf(one), Math.max(0, count - 1));
      }
      expect(counts.left()).toEqual({ repeated: 0, strange: 0 });
    }),
  );
});

test('a key takes 15 to 19 bytes', () => {
  const counts = new KeyCounts();
  const random = fc.sample(fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)), 1);
  expect(random).toHaveLength(1);
  let state = 1;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  for (let size = 1; size <= 300_000; size++) {
    counts.add((next() >>> 8) + next(), next());
    if (size % 50_000 === 0) expect(counts.bytes / size).toBeLessThan(19);
  }
  expect(counts.bytes / 300_000).toBeGreaterThan(15);
});
