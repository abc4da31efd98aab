import { describe, expect, test } from 'vitest';
import { CUT } from '../../../src/json/map.ts';
import { walk, words } from '../../../src/sigma/match/walk.ts';
import fc from '../../properties.ts';

const rows: [name: string, value: unknown, path: string, values: unknown[], gap?: string][] = [
  ['a plain key', { a: 1 }, 'a', [1]],
  ['a dotted path', { a: { b: { c: 1 } } }, 'a.b.c', [1]],
  ['a path before a key with dots', { 'a.b': 1, a: { b: 2 } }, 'a.b', [2]],
  ['the shortest key first', { 'a.b': { c: 1 }, a: { 'b.c': 2 } }, 'a.b.c', [2]],
  ['a longer key where the shorter leads nowhere', { 'a.b': { c: 2 }, a: { b: { x: 1 } } }, 'a.b.c', [2]],
  ['a whole path as key where no shorter leads there', { 'a.b.c': 1, a: { b: {} } }, 'a.b.c', [1]],
  ['a key that begins or ends with a dot', { '.a.': { b: 1 } }, '.a..b', [1]],
  ['a shorter key that is cut before a longer', { 'a.b': 1, a: { [CUT]: 'cut' } }, 'a.b', [1], 'cut'],
  ['dots and slashes inside a path', { m: { 'x.io/y': 'z' } }, 'm.x.io/y', ['z']],
  ['every member of a list on the way', { a: [{ b: 1 }, { c: 0 }, { b: 2 }] }, 'a.b', [1, 2]],
  ['every member of a list at the end', { a: [1, [2, [3]]] }, 'a', [1, 2, 3]],
  ['lists in lists on the way', { a: [[{ b: 1 }], { b: [2] }] }, 'a.b', [1, 2]],
  ['a list at the root', [{ op: 'add' }, { op: 'test' }], 'op', ['add', 'test']],
  ['null counts as present', { a: null }, 'a', [null]],
  ['an empty list holds nothing', { a: [] }, 'a', []],
  ['a map as value', { a: { b: 1 } }, 'a', [{ b: 1 }]],
  ['nothing below a scalar', { a: 1 }, 'a.b', []],
  ['nothing in a scalar', 17, 'a', []],
  ['keys of the prototype are no data', {}, 'constructor.name', []],
  ['__proto__ is data', JSON.parse('{"__proto__": {"a": 1}}'), '__proto__.a', [1]],
  ['a missing key of a cut map', { a: { [CUT]: 'cut' } }, 'a.b', [], 'cut'],
  ['a key that a cut map has', { a: { b: 1, [CUT]: 'cut' } }, 'a.b', [1]],
  ['a whole map inside a cut one', { a: { x: {}, [CUT]: 'cut' }, [CUT]: 'cut' }, 'a.x.y', []],
  ['the first reason met', { a: { [CUT]: 'truncated' }, [CUT]: 'cut' }, 'a.b', [], 'truncated'],
  ['the last list of a cut map was open', { a: [1], [CUT]: 'cut' }, 'a', [1], 'cut'],
  ['a list on the way that was open', { a: [{ b: 1 }], [CUT]: 'cut' }, 'a.b', [1], 'cut'],
  ['a list before the last member was whole', { a: [1], b: 2, [CUT]: 'cut' }, 'a', [1]],
  ['any map inside a split one may be incomplete', { a: { b: {} }, [CUT]: 'split' }, 'a.b.c', [], 'split'],
  ['any list inside a split one may be incomplete', { a: { b: [1] }, [CUT]: 'split' }, 'a.b', [1], 'split'],
  ['a scalar inside a split map is known', { a: { b: false }, [CUT]: 'split' }, 'a.b', [false]],
  ['one cut member of a list', { a: [{ b: 1 }, { [CUT]: 'cut' }] }, 'a.b', [1], 'cut'],
];

test.each(rows)('%s', (_name, value, path, values, gap) => {
  const { places: _, ...found } = walk(value, path);
  expect(found).toEqual(gap === undefined ? { values } : { values, gap });
});

test.each<[name: string, value: unknown, path: string, places: unknown[] | undefined]>([
  ['of a list, the list', { a: [1, [2]] }, 'a', [[1, [2]]]],
  ['of several, each', { a: [{ b: [1] }, { b: 2 }, { b: [] }, { b: null }] }, 'a.b', [[1], 2, [], null]],
  ['of scalars and a later list, each', { a: [{ b: 1 }, { b: [2] }] }, 'a.b', [1, [2]]],
  ['of nothing but scalars, the values', { a: [{ b: 1 }, { b: 2 }] }, 'a.b', undefined],
  ['of an empty list, the list', { a: [] }, 'a', [[]]],
])('places %s', (_name, value, path, places) => {
  expect(walk(value, path).places).toEqual(places);
});

test('a split entry is also split inside, though only its container is marked', () => {
  expect(walk({ a: {} }, 'a.b', 'split')).toEqual({ values: [], gap: 'split' });
});

describe('words', () => {
  test.each<[string, unknown, unknown[]]>([
    ['are texts, numbers and keys', { a: 'x', b: { c: [1, 2n, 'y'] } }, ['a', 'x', 'b', 'c', 1, 2n, 'y']],
    ['are not null, true or false', [null, true, { a: false }], ['a']],
    ['of a scalar', 'x', ['x']],
    ['of what a prototype would hide', JSON.parse('{"__proto__": 1}'), ['__proto__', 1]],
  ])('%s', (_name, value, values) => {
    expect(words(value)).toEqual({ values });
  });

  test('may be missing if anything was cut', () => {
    expect(words({ a: [{ b: 1, [CUT]: 'cut' }] })).toEqual({ values: ['a', 'b', 1], gap: 'cut' });
  });

  test('are found 100,000 levels deep', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 100_000; level++) deep = level % 2 ? [deep] : { k: deep };
    expect(words(deep).values.at(-1)).toBe('x');
  });
});

describe('hostile data', () => {
  test('a list nested 100,000 levels deep', () => {
    let deep: unknown = [1];
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(walk({ a: deep }, 'a').values).toEqual([1]);
    expect(walk({ a: deep }, 'a.b')).toEqual({ values: [] });
  });

  test('every split of the path leads into a map, and none to a value', () => {
    const map = (levels: number): object =>
      levels === 0
        ? {}
        : Object.fromEntries(Array.from({ length: levels }, (_, i) => [`${'a.'.repeat(i)}a`, map(levels - 1 - i)]));
    expect(walk(map(14), `${'a.'.repeat(14)}b`)).toEqual({ values: [] });
  });
});

const key = fc.constantFrom('a', 'b', 'a.b', '__proto__', 'constructor');
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.constant(null),
    fc.array(tie('tree')),
    fc.dictionary(key, tie('tree')),
  ),
}));

test('a key that a whole value lacks is absent, never unknown', () => {
  fc.assert(
    fc.property(tree, fc.array(key, { minLength: 1 }), (value, keys) => {
      expect(walk(value, keys.join('.'))).not.toHaveProperty('gap');
    }),
  );
});

test('every value is found under the keys that lead to it', () => {
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 6 }), fc.integer(), (keys, value) => {
      const nested = keys.reduceRight<unknown>((inner, each) => Object.fromEntries([[each, inner]]), value);
      expect(walk(nested, keys.join('.'))).toEqual({ values: [value] });
      expect(walk([[nested], nested], keys.join('.'))).toEqual({ values: [value, value] });
    }),
  );
});
