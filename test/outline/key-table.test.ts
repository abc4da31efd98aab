import { expect, test } from 'vitest';
import { eventKeys, refKeys } from '../../src/outline/event-keys.ts';
import { KeyTable } from '../../src/outline/key-table.ts';
import fc from '../properties.ts';

const found = (table: KeyTable, key: string, around = '"') => {
  const bytes = Buffer.from(around + key + around);
  return table.find(bytes, around.length, bytes.length - around.length);
};

test('finds every key, and none that differs in a byte', () => {
  const key = fc.string({ unit: fc.constantFrom(...'abcAB.-_/1'), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.uniqueArray(key, { minLength: 1, maxLength: 40 }), fc.array(key), (keys, others) => {
      const table = new KeyTable(new Map(keys.map((each, index) => [each, index])));
      for (const [index, each] of keys.entries()) expect(found(table, each)).toBe(index);
      for (const other of [...others, ...keys.flatMap((each) => [`${each}x`, each.slice(1), each.toUpperCase()])]) {
        expect(found(table, other)).toBe(keys.indexOf(other));
      }
    }),
    { numRuns: 200 },
  );
});

test('a setting may share with a member everything that determines its place in the table', () => {
  const table = eventKeys('vxrb', 'uxer');
  expect(['vxrb', 'uxer', 'verb', 'user', 'vyrb'].map((key) => found(table, key))).toEqual([-2, -3, 12, 20, -1]);
});

test('members of an event are found whatever a log pipeline calls its time and its tag', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (dateKey, tagKey) => {
      const table = eventKeys(dateKey, tagKey);
      for (const name of ['kind', 'verb', 'user', 'objectRef', 'requestObject', 'sourceIPs']) {
        if (name !== dateKey && name !== tagKey) expect(found(table, name)).toBeGreaterThanOrEqual(0);
      }
      if (tagKey !== '') expect(found(table, tagKey)).toBe(-3);
      expect(found(table, '')).toBe(-1);
    }),
  );
  expect(found(refKeys, 'name')).toBeGreaterThan(0);
  expect(found(refKeys, 'Name')).toBe(-1);
});
