import { describe, expect, test } from 'vitest';
import { InternTable } from '../../src/decisions/intern.ts';
import fc from '../properties.ts';
import { stepsOf } from '../steps.ts';

/** A table in which each value is an object of its own, and the number of values that were made. */
function counted() {
  const table = new InternTable((bytes, start, end) => {
    counting.made++;
    return { text: Buffer.from(bytes.subarray(start, end)).toString('latin1') };
  });
  const counting = {
    made: 0,
    /** @param before bytes in front of the value */
    of(value: Uint8Array, before = 0) {
      const bytes = Buffer.concat([Buffer.alloc(before, 0x61), value, Buffer.from('bc')]);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      return table.of(bytes, view, before, before + value.length);
    },
  };
  return counting;
}

const text = (index: number) => Buffer.from(`value-${index}`);

describe('a table of values', () => {
  test('gives one object for equal bytes, wherever they lie, and never that of others', () => {
    const values = fc.array(fc.uint8Array({ maxLength: 12, max: 3 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, (values) => {
        const table = counted();
        const seen = new Map<string, object>();
        for (const [index, value] of values.entries()) {
          const key = Buffer.from(value).toString('latin1');
          const found = table.of(value, index % 5);
          expect(found.text).toBe(key);
          expect(seen.get(key) ?? found).toBe(found);
          seen.set(key, found);
        }
        expect(table.made).toBe(seen.size);
      }),
      { numRuns: 100 },
    );
  });

  test('distinguishes values of equal length that differ in one byte, at any place', () => {
    const table = counted();
    for (let length = 1; length <= 20; length++) {
      for (let place = 0; place < length; place++) {
        for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
          const value = Buffer.alloc(length, 0x40);
          value[place] = byte;
          expect(table.of(value).text).toBe(value.toString('latin1'));
          expect(table.of(value, 3)).toBe(table.of(value));
        }
      }
    }
  });

  test('keeps what is asked for again while others come and go', () => {
    const table = counted();
    const kept = table.of(text(-1));
    for (let index = 0; index < 50_000; index++) {
      table.of(text(index));
      if (index % 100 === 0) expect(table.of(text(-1))).toBe(kept);
    }
  });

  test('makes each value once while all fit, and again after it was evicted', () => {
    const table = counted();
    for (let round = 0; round < 3; round++) for (let index = 0; index < 3000; index++) table.of(text(index));
    expect(table.made).toBeLessThan(3000 * 1.1);
    // Two generations: another 6,000 evict them, and they are made again with the same content.
    for (let index = 10_000; index < 20_000; index++) table.of(text(index));
    const before = table.made;
    for (let index = 0; index < 3000; index++) expect(table.of(text(index)).text).toBe(`value-${index}`);
    expect(table.made - before).toBe(3000);
  });

  test('long values are made anew each time, and evict no others', () => {
    const table = counted();
    const kept = table.of(text(1));
    const long = Buffer.alloc(4097, 0x61);
    expect(table.of(long)).not.toBe(table.of(long));
    for (let index = 0; index < 2000; index++) table.of(long);
    expect(table.of(text(1))).toBe(kept);
    const most = Buffer.alloc(4096, 0x61);
    expect(table.of(most)).toBe(table.of(most));
  });

  test('large values evict others by size in bytes, and are made again correctly', () => {
    const table = counted();
    const values = Array.from({ length: 700 }, (_, index) => Buffer.alloc(4000, index % 251).fill(`${index}.`, 0, 8));
    for (const value of [...values, ...values]) expect(table.of(value).text).toBe(value.toString('latin1'));
    // The bytes of 262 of them fill one generation.
    expect(table.made).toBe(1400);
  });

  test('an empty value is a value', () => {
    const table = counted();
    expect(table.of(Buffer.alloc(0))).toBe(table.of(Buffer.alloc(0), 3));
    expect(table.made).toBe(1);
  });
});

describe('a flood', () => {
  /** Values of one hash whatever the seed is: flipping the highest bit of a word flips two bits of the state after it, and
   * flipping these in the next word undoes that. */
  const colliding = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const value = Buffer.alloc(8 * 16, 0x61);
      for (let pair = 0; pair < 16; pair++) {
        if (((index >> pair) & 1) === 0) continue;
        value[8 * pair + 3]! ^= 0x80;
        value[8 * pair + 7]! ^= 0x80;
        value[8 * pair + 6]! ^= 0x01;
      }
      return value;
    });

  test('of values with one hash: few are remembered, and none is mistaken for another', () => {
    const table = counted();
    const values = colliding(2000);
    for (const value of [...values, ...values]) expect(table.of(value).text).toBe(value.toString('latin1'));
    expect(table.made).toBe(4000 - 8);
    // Other values keep their places.
    const before = table.made;
    for (let round = 0; round < 2; round++) for (let index = 0; index < 1000; index++) table.of(text(index));
    expect(table.made - before).toBeLessThan(1100);
  });

  test.each([
    ['of new values', (count: number) => Array.from({ length: count }, (_, index) => text(index))],
    ['of values with one hash', colliding],
    [
      'of values of growing length',
      (count: number) => Array.from({ length: count }, (_, index) => Buffer.alloc(index % 64, index >> 6)),
    ],
  ])('%s costs about as many steps per value as a few of them', async (_, valuesOf) => {
    const stepsFor = async (count: number) => {
      const table = counted();
      const values = valuesOf(count);
      return stepsOf(() => {
        for (const value of values) table.of(value);
      });
    };
    // Warms up the counting itself, and everything that is made once.
    await stepsFor(10);
    const [few, many] = [await stepsFor(2000), await stepsFor(40_000)];
    expect(many / 40_000).toBeLessThan((few / 2000) * 2);
  });
});
