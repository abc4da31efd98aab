/** Keys that are remembered, compared with keys that are hashed again. */
import { expect, test } from 'vitest';
import { KnownKeys, MOST_HANDLES, MOST_KNOWN, OFTEN } from '../../src/correlate/known-keys.ts';
import { keyHash } from '../../src/state/key-hash.ts';
import fc from '../properties.ts';

const hashOf = keyHash([1, 2]);
const value = fc.oneof(
  fc.constantFrom<unknown>('', 'ann', 'get', '0', 'x'.repeat(64), 'x'.repeat(65), 0, -0, 1, '1', true, 'true', 1n, NaN),
  fc.string({ maxLength: 3 }),
);
const values = fc.array(value, { minLength: 1, maxLength: 3 });

test('keys are the same, whatever was asked for before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(values, fc.array(values, { minLength: 1, maxLength: 2 })), { minLength: 1 }),
      (asked) => {
        const keys = new KnownKeys(hashOf);
        for (const [parts, tuples] of [...asked, ...asked]) {
          const group = keys.groupOf(parts);
          expect(group).toMatchObject({ parts, key: hashOf(parts) });
          expect(tuples.map((tuple) => keys.termIn(group, tuple).key)).toEqual(
            tuples.map((tuple) => hashOf([group.key], tuple)),
          );
          expect(keys.of(tuples)).toEqual(tuples.map((tuple) => hashOf(tuple)));
        }
      },
    ),
  );
});

test('keys are forgotten when there are too many', () => {
  const keys = new KnownKeys(hashOf);
  let most = 0;
  for (let i = 0; i < 3 * MOST_KNOWN; i++) {
    keys.groupOf(['place', `user-${i}`, `agent-${i % 7}`]);
    const group = keys.groupOf(['place', 'ann']);
    keys.termIn(group, [`term-${i}`]);
    keys.of([[`value-${i}`]]);
    most = Math.max(most, keys.size, group.terms!.size);
  }
  expect(most).toBeLessThan(MOST_KNOWN);
});

test('terms of a group that is kept elsewhere are forgotten with all others', () => {
  const keys = new KnownKeys(hashOf);
  const ann = keys.groupOf(['place', 'ann']);
  let most = 0;
  for (let i = 0; i < 3 * MOST_KNOWN; i++) {
    expect(keys.termIn(ann, [`term-${i}`]).key).toBe(hashOf([ann.key], [`term-${i}`]));
    most = Math.max(most, ann.terms!.size);
  }
  expect(most).toBeLessThanOrEqual(MOST_KNOWN);
});

test('groups that are found often have handles by slot, up to a maximum number of handles', () => {
  const keys = new KnownKeys(hashOf);
  const ann = keys.groupOf(['place', 'ann']);
  for (let i = 1; i < OFTEN; i++) keys.remember(ann, 2);
  expect(ann.handles).toEqual([]);
  keys.remember(ann, 2);
  expect(ann.handles).toEqual([undefined, undefined, {}]);
  for (let i = 0; i < 3 * MOST_HANDLES; i++) keys.remember(keys.groupOf(['place', `user-${i % 1000}`]), i % 9);
  expect(keys.handles).toBe(MOST_HANDLES);
  for (let i = 0; i < MOST_KNOWN; i++) keys.groupOf(['place', `made-up-${i}`]);
  expect(keys.groupOf(['place', 'ann'])).not.toBe(ann);
  expect(keys.handles).toBe(0);
});
