import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { embedded as embeddedTo, type InflateBudget, mayHoldJson, parseJson } from '../../src/json/embedded.ts';
import { CUT, type JsonMap } from '../../src/json/map.ts';
import { readExactly } from '../codecs/json-layout.ts';
import fc from '../properties.ts';

const BUDGET = 1_000_000;
const MAX_DEPTH = 256;
const embedded = (text: string, budget: InflateBudget) => embeddedTo(text, budget, MAX_DEPTH);
const valuesOf = (text: string, remaining = BUDGET) => embedded(text, { remaining });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const gzip = (text: string) => gzipSync(text).toString('base64');

const rows: [name: string, text: string, values: unknown[]][] = [
  ['a map', '{"a":1}', [{ a: 1 }]],
  ['a list', '[{"a":1}]', [[{ a: 1 }]]],
  ['white space around', ' \n{"a":1}\n', [{ a: 1 }]],
  ['plain text', 'hello', []],
  ['a number', '17', []],
  ['the empty text', '', []],
  ['quoted', '"{\\"a\\":1}"', [{ a: 1 }]],
  ['quoted twice', JSON.stringify(JSON.stringify('{"a":1}')), [{ a: 1 }]],
  ['escaped without quotes', '{\\"a\\":1}', [{ a: 1 }]],
  ['quoted text', '"hello"', []],
  ['base64', base64('{"a": "long enough"}'), [{ a: 'long enough' }]],
  ['gzip in base64', gzip('{"a":1}'), [{ a: 1 }]],
  ['gzip of base64 of JSON', gzip(base64('{"a": "long enough"}')), [{ a: 'long enough' }]],
  ['lines', '{"a":1}\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
  ['without line ends', '{"a":1}{"a":2}', [{ a: 1 }, { a: 2 }]],
  ['braces inside texts', '{"a":"}{"}{"b":"\\"}"}', [{ a: '}{' }, { b: '"}' }]],
  ['behind a time', '2026-01-02T03:04:05.010Z {"a":1}', [{ a: 1 }]],
  ['behind a CRI prefix', '2026-01-02T03:04:05.010Z stderr P {"a":1}', [{ a: 1 }]],
  ['behind other text', 'event: {"a":1}', []],
  ['cut', '{"a":1,"b":', [{ a: 1, [CUT]: 'cut' }]],
  ['cut with a note', '{"a":1,"b":"x[Truncated...]', [{ a: 1, [CUT]: 'cut' }]],
  ['whole with a note', '{"a":1}[Truncated...]', [{ a: 1 }]],
  ['a cut line before a whole one', '{"a":1,"b":\n{"a":2}', [{ a: 1, [CUT]: 'cut' }, { a: 2 }]],
  ['text in brackets', '[INFO] hello', [[]]],
];

test.each(rows)('%s', (_name, text, values) => {
  expect(valuesOf(text)).toEqual(values);
  if (values.length > 0) expect(mayHoldJson(text)).toBe(true);
});

test('a list of maps that is cut is followed by a problem', () => {
  const [list, problem] = valuesOf('[{"a":1},');
  expect(list).toEqual([{ a: 1 }]);
  expect(problem).toMatchObject({ code: 'record.malformed' });
});

test('gzip data uses the budget, and is refused beyond it', () => {
  const budget = { remaining: 100 };
  embedded(gzip('{"a":1}'), budget);
  expect(budget.remaining).toBe(43); // 7 bytes, and 50 for the map
  expect(embedded(gzip(`{"a":"${'x'.repeat(1000)}"}`), budget)).toMatchObject([{ code: 'record.malformed' }]);
});

test('gzip data of many small maps uses as much of the budget as they use in memory', () => {
  expect(embedded(gzip(`[${'{},'.repeat(100)}{}]`), { remaining: 5000 })).toMatchObject([{ code: 'record.malformed' }]);
  expect(embedded(gzip(`["${'x'.repeat(303)}"]`), { remaining: 5000 })).toHaveLength(1);
});

test('gzip data that is refused uses the budget that was spent on it', () => {
  const budget = { remaining: 100 };
  const bomb = gzip(`{"a":"${'x'.repeat(1000)}"}`);
  expect(embedded(bomb, budget)).toMatchObject([{ code: 'record.malformed' }]);
  expect(budget.remaining).toBe(0);
  expect(embedded(gzip('{"a":1}'), budget)).toMatchObject([{ code: 'record.malformed' }]);
});

test('the number of attempts at brackets without JSON is limited', () => {
  const values = valuesOf('[x]'.repeat(200_000));
  expect(values).toHaveLength(100_001);
  expect(values.at(-1)).toMatchObject({ code: 'record.malformed' });
});

test('corrupt gzip data is a problem', () => {
  expect(valuesOf(`${gzip('{"a":1}').slice(0, 16)}AAAAAAAAAAAAAAAA`)).toMatchObject([{ code: 'record.malformed' }]);
});

test.each([
  ['at the limit', MAX_DEPTH],
  ['beyond the limit', MAX_DEPTH + 1],
  ['100,000 levels', 100_000],
])('nesting %s: deeper levels are marked', (_name, levels) => {
  for (const text of [
    `${'['.repeat(levels)}${']'.repeat(levels)}`,
    `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`,
  ]) {
    let { value, cut } = parseJson(text, MAX_DEPTH);
    expect(cut).toBe(false);
    let depth = 0;
    while (typeof value === 'object' && value !== null && (value as JsonMap)[CUT] === undefined) {
      depth++;
      value = Array.isArray(value) ? value[0] : (value as JsonMap).a;
    }
    expect(depth).toBe(Math.min(levels, MAX_DEPTH));
    expect((value as JsonMap | undefined)?.[CUT]).toBe(levels > MAX_DEPTH ? 'too_deep' : undefined);
  }
});

test('never throws, and reads JSON as JSON.parse does, integers exactly', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => json.slice(0, -1)),
      ),
      (text) => {
        embedded(text, { remaining: BUDGET });
      },
    ),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (map) => {
      expect(valuesOf(JSON.stringify(map))).toEqual([readExactly(JSON.stringify(map))]);
    }),
  );
});
