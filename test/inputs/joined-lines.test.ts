/** Records that writers have split over several lines, joined again; and writers that never end one. */
import { expect, test } from 'vitest';
import { batchesOf } from '../../src/inputs/batches.ts';
import { stepsOf } from '../steps.ts';

const T = '2026-01-02T03:04:05.1Z';

/** The records of a log of lines, each with the line on which it begins; those that are text are given as their text. */
async function recordsIn(text: string | Uint8Array, maxBytes = 64 * 1024 * 1024): Promise<[number, unknown][]> {
  const found: [number, unknown][] = [];
  async function* chunks() {
    // So that the first look is a short one.
    for (let at = 0; at < text.length; at += 100_000) yield Buffer.from(text.slice(at, at + 100_000));
  }
  for await (const { bytes, lineOf } of batchesOf(chunks(), { maxBytes })) {
    const lines = Buffer.from(bytes)
      .toString()
      .split('\n')
      .filter((line) => line.trim() !== '');
    for (const [index, line] of lines.entries()) {
      const place = lineOf(index, 0)!;
      found.push([place.number, place.kind === 'json' ? JSON.parse(line) : JSON.parse(line).log]);
    }
  }
  return found;
}

test.each<[string, string, [number, unknown][]]>([
  [
    'JSON and text',
    `{"a":1}\n${T} {"b":2}\n\n{"c":3}`,
    [
      [1, { a: 1 }],
      [2, `${T} {"b":2}`],
      [4, { c: 3 }],
    ],
  ],
  [
    'a pretty map',
    'x\n{\n  "a": {\n  }\n}\n{"b":2}\n',
    [
      [1, 'x'],
      [2, { a: {} }],
      [6, { b: 2 }],
    ],
  ],
  ['a header and a pretty map', `${T} s\n{\n "a":1\n}\n`, [[1, `${T} s {  "a":1 }`]]],
  ['a header with a space after it', `${T} s \n{\n    "a": 1\n}\n`, [[1, `${T} s  {     "a": 1 }`]]],
  [
    'a header without one',
    `${T} s\n${T} t\nx\n`,
    [
      [1, `${T} s`],
      [2, `${T} t`],
      [3, 'x'],
    ],
  ],
  [
    'a pretty map that is cut',
    `${T} s\n{\n "a":\n{"b":2}\n`,
    [
      [1, `${T} s {  "a":`],
      [4, { b: 2 }],
    ],
  ],
  [
    'a pretty map that another cuts',
    'x\n{\n "a":\n{\n "b":2\n}\n',
    [
      [1, 'x'],
      [2, '{  "a":'],
      [4, { b: 2 }],
    ],
  ],
  [
    'a pretty map without end',
    'x\n{\n "a":',
    [
      [1, 'x'],
      [2, '{  "a":'],
    ],
  ],
  [
    'an indented line alone',
    'x\n  y\n}\n',
    [
      [1, 'x'],
      [2, '  y'],
      [3, '}'],
    ],
  ],
  [
    'CRI',
    `${T} stdout F a\n${T} stderr F b\n`,
    [
      [1, `${T} stdout F a`],
      [2, `${T} stderr F b`],
    ],
  ],
  ['CRI in parts', `${T} stdout P a\n${T} stdout P b\n${T} stdout F c\n`, [[1, `${T} stdout F abc`]]],
  [
    'CRI in parts of two streams',
    `${T} stdout P a\n${T} stderr P x\n${T} stdout F b\n${T} stderr F y\n`,
    [
      [1, `${T} stdout F ab`],
      [2, `${T} stderr F xy`],
    ],
  ],
  ['CRI, the part that ends it empty', `${T} stdout P a\n${T} stdout F\n`, [[1, `${T} stdout F a`]]],
  ['CRI, the last part missing', `${T} stdout P a\n${T} stdout P b`, [[1, `${T} stdout F ab`]]],
  [
    'CRI, other lines between the parts',
    `${T} stdout P a\n{"b":1}\n${T} stdout F c`,
    [
      [2, { b: 1 }],
      [1, `${T} stdout F ac`],
    ],
  ],
  [
    'CRI, the last part missing, and a line without end',
    `${T} stdout P a\n{"b":1}`,
    [
      [2, { b: 1 }],
      [1, `${T} stdout F a`],
    ],
  ],
  [
    'NUL bytes inside a line',
    `{"cut":\0\0{"a":1}\n\0\0x`,
    [
      [1, '{"cut":'],
      [1, { a: 1 }],
      [2, 'x'],
    ],
  ],
  [
    'CRLF',
    `x\r\n{"a":1}\r\n${T} s\r\n{\r\n "b":1\r\n}\r\ny\r\n`,
    [
      [1, 'x'],
      [2, { a: 1 }],
      [3, `${T} s {  "b":1 }`],
      [7, 'y'],
    ],
  ],
])('%s', async (_, text, expected) => {
  expect(await recordsIn(text)).toEqual(expected);
});

test('a text that is cut at the limit is kept in full', async () => {
  const parts = Array.from({ length: 1000 }, (_, i) => `${T} stdout P part-${i};`).join('\n');
  const records = await recordsIn(`x\n${parts}\n`, 60_000);
  expect(records.length).toBeGreaterThan(2);
  const text = records.slice(1).map(([, record]) => String(record).replace(`${T} stdout F `, ''));
  expect(text.join('')).toBe(Array.from({ length: 1000 }, (_, i) => `part-${i};`).join(''));
});

test.each<[string, string]>([
  ['parts that never end', `${T} stdout P {"a":1}\n`],
  ['parts of two streams', `${T} stdout P a\n${T} stderr P b\n`],
  ['pretty maps that never end', '{\n "a":\n'],
  ['one pretty map that never ends', ' "a":1,\n'],
  ['headers', `${T} s\n`],
  ['NUL bytes between characters', 'a\0'],
  ['NUL bytes and line ends', '\0\n'],
  ['every layout in turn', `${T} stdout P a\n{"a":1}\n{\n  "b":1\n}\n${T} s\n{\n  "c":\n[[\0${T} stdout F b\nx\n`],
])('%s cost in proportion to their length', async (_, text) => {
  const read = (times: number) => stepsOf(() => recordsIn(`x\n{\n${text.repeat(times)}`));
  await read(10);
  // Counts can be lost if code is discarded during a run, and are never too high.
  const most = async (times: number) => Math.max(await read(times), await read(times), await read(times));
  const [once, fourfold] = [await most(2000), await most(8000)];
  // Steps are counted too low if code is optimized during a run; comparing each part with those before it would give 16.
  expect(fourfold / once).toBeLessThan(6);
});
