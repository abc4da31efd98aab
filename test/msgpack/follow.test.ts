/** The end of a MessagePack value whose bytes arrive piece by piece. */
import { encode } from '@msgpack/msgpack';
import { expect, test } from 'vitest';
import { followValue } from '../../src/msgpack/follow.ts';
import { endOfValue } from '../../src/msgpack/scan.ts';
import fc from '../properties.ts';

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('any'), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 5 }), tie('any'), { maxKeys: 20 }),
  ),
})).any;

test('is found at the same byte, however the bytes are cut, and so are the ends of its items', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 40 })), (items, cuts) => {
      const whole = encode(items);
      const bytes = Buffer.concat([whole, Buffer.from('c0c0')]);
      const follower = followValue(5);
      let end: number | undefined;
      let offset = 0;
      for (let i = 0; end === undefined; i++) {
        const piece = bytes.subarray(offset, offset + (cuts[i] ?? 1000));
        const found = follower.follow(piece, 0) as number | undefined;
        expect(follower.least()).toBeLessThanOrEqual(whole.length);
        if (found !== undefined) end = offset + found;
        offset += piece.length;
      }
      expect(end).toBe(whole.length);
      const ends = items.map((_, index) => encode(items.slice(0, index + 1)).length);
      expect(follower.ends()).toEqual(ends);
    }),
    { numRuns: 100 },
  );
});

test('the length that a hostile header promises is known at once, and a byte that begins no value is a fault', () => {
  for (const [hex, least] of [
    ['ddffffffff', 2 ** 32 - 1 + 5],
    ['dfffffffff', 2 * (2 ** 32 - 1) + 5],
    ['c6ffffffff', 2 ** 32 - 1 + 5],
    ['c9ffffffff', 2 ** 32 + 5],
    ['92dbffffffff', 2 ** 32 - 1 + 7],
  ] as const) {
    const follower = followValue(4);
    expect(follower.follow(Buffer.from(hex, 'hex'), 0)).toBe(undefined);
    expect(follower.least()).toBe(least);
  }
  expect(followValue(4).follow(Buffer.from('92a1c1c1', 'hex'), 0)).toEqual({
    at: 3,
    found: expect.stringContaining('0xc1'),
  });
  const nested = Buffer.alloc(100_001, 0x91).fill(0xc0, 100_000);
  expect(followValue(4).follow(nested, 0)).toBe(endOfValue(nested, 0, nested.length));
});
