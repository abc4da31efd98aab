import { describe, expect, test } from 'vitest';
import type { FindingRow } from '../../src/console/api.ts';
import { holds, searchOf, wordsOf } from '../../src/console/search.ts';
import fc from '../properties.ts';

const row = {
  ...{
    id: 'f00d',
    rule: 'pod-host-pid',
    title: 'Pod',
    summary: '[ann] created pod [shop/web]',
    workload: 'shop/Pod/web',
  },
  event: {
    ...{ auditID: 'a-1', username: 'system:serviceaccount:shop:web', namespace: 'shop', name: 'web', resource: 'pods' },
    ...{ sourceIPs: ['198.51.100.9'], userAgent: 'kubectl/v1.33 (linux/amd64)' },
  },
} as unknown as FindingRow;

test.each<[string, boolean]>([
  ['', true],
  ['ann', true],
  ['ANN', true],
  ['bob', false],
  ['ann bob', false],
  ['who:web', true],
  ['who:shop:web', true],
  ['who:system:*', true],
  ['who:web*', false],
  ['-who:web', false],
  ['-who:bob', true],
  ['ns:shop -ns:kube-*', true],
  ['ip:198.51.100.', true],
  ['ip:198.51.100.1*', false],
  ['rule:pod-*', true],
  ['rule:*pid', true],
  ['rule:*host', false],
  ['obj:pods', true],
  ['agent:"kubectl/v1.33 (linux"', true],
  ['"created pod"', true],
  ['"pod created"', false],
  ['workload:shop/*/web', true],
  ['id:f00d', true],
  ['id:a-1', true],
  ['system:serviceaccount', true],
  ['nokey:ann', false],
  ['who:', true],
  ['-', true],
  ['"', true],
  ['who:"', true],
  ['*', true],
])('%s', (query, expected) => {
  expect(searchOf(query)(row)).toBe(expected);
});

test('a query is split into words with their keys, quotes and negation', () => {
  expect(wordsOf('-ns:"kube system" x"y z" a:b')).toEqual([
    { isNot: true, key: 'ns', text: 'kube system' },
    { isNot: false, key: undefined, text: 'xy z' },
    { isNot: false, key: undefined, text: 'a:b' },
  ]);
});

test('a pattern matches what its regular expression matches', () => {
  const letters = fc.stringMatching(/^[ab*]{0,8}$/);
  fc.assert(
    fc.property(letters, fc.stringMatching(/^[abc]{0,12}$/), (pattern, text) => {
      const body = pattern.split('*').join('.*');
      const expression = pattern.includes('*') ? new RegExp(`^${body}$`, 's') : new RegExp(body);
      expect(holds(pattern)(text)).toBe(expression.test(text));
    }),
    { numRuns: 500 },
  );
});

describe('hostile queries', () => {
  test('are bounded in length and words', () => {
    expect(() => searchOf('x'.repeat(1001))).toThrow('1001 characters');
    expect(() => searchOf('x '.repeat(33))).toThrow('more than 32 words');
  });

  test('take time that does not grow faster than pattern and text', () => {
    // If all positions were tried for each star, this would not end.
    const isIn = holds(`*${'a*'.repeat(400)}b`);
    expect(isIn('a'.repeat(100_000))).toBe(false);
    expect(wordsOf(`${'a'.repeat(500)}:"${'b'.repeat(400)}`)).toHaveLength(1);
  });
});
