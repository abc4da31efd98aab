import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CUT, type JsonMap } from '../../src/json/map.ts';
import { salvage } from '../../src/json/salvage.ts';
import fc from '../properties.ts';
import { jsonText } from './arbitrary.ts';

const limits = { maxDepth: 64 };
const cut = (members: object): JsonMap => ({ ...members, [CUT]: 'cut' });

const valid = jsonText({ space: ' \n\r\t', beyondJson: false });
const beyond = jsonText({ space: ' \n', beyondJson: true });

/** The number of nested maps and lists, following the first member of each, the mark included. */
function containersIn(value: unknown): number {
  let count = 0;
  for (let here = value; typeof here === 'object' && here !== null; here = Object.values(here)[0]) count++;
  return count;
}

function expectSame(text: string) {
  const { value, cut } = salvage(text, limits);
  expect(cut).toBe(false);
  // isDeepStrictEqual compares members named `__proto__` as well.
  if (!isDeepStrictEqual(value, JSON.parse(text))) expect(value).toEqual(JSON.parse(text));
}

describe('salvage', () => {
  it('equals JSON.parse on JSON of any spelling', () => {
    fc.assert(
      fc.property(valid.gap, valid.value, valid.gap, (before, text, behind) => expectSame(before + text + behind)),
      { numRuns: 1000 },
    );
  });

  it('equals JSON.parse on what JSON.stringify writes', () => {
    fc.assert(fc.property(fc.json({ noUnicodeString: false }), expectSame), { numRuns: 300 });
  });

  it.each(['{"__proto__":{"a":1},"constructor":2}', '-0', '"\\ud800"', '"\ud800"', '[[],{},""]', '{"a":1,"a":2}'])(
    'equals JSON.parse on %s',
    expectSame,
  );

  it('reads the complete members of every prefix, and marks the maps that are open', () => {
    fc.assert(
      fc.property(valid.map, fc.nat(), (map, at) => {
        const text = `{${map.members.map(({ text }) => text).join(',')},"last":"x"}`.replace('{,', '{');
        const prefix = text.slice(0, at % text.length);
        const { value, cut } = salvage(prefix, limits);
        expect(cut).toBe(true);
        if (prefix !== '') expect((value as JsonMap)[CUT]).toBe('cut');
        const whole: JsonMap = JSON.parse(text);
        for (const key of Object.keys(value ?? {})) expect(Object.hasOwn(whole, key)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing on any text', () => {
    fc.assert(
      fc.property(beyond.value, fc.string(), fc.nat(), (text, noise, at) => {
        const split = at % (text.length + 1);
        salvage(text.slice(0, split) + noise + text.slice(split), limits);
        salvage(noise, limits);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, string, unknown]>([
    ['a string', '{"a":"x","b":"hal', cut({ a: 'x' })],
    ['an escape', '{"a":"x","b":"hal\\', cut({ a: 'x' })],
    ['a number, which may have had more digits', '{"a":1,"b":12', cut({ a: 1 })],
    ['a literal', '{"a":1,"b":tru', cut({ a: 1 })],
    ['a key', '{"a":1,"b', cut({ a: 1 })],
    ['front of a colon', '{"a":1,"b"', cut({ a: 1 })],
    ['front of a value', '{"a":1,"b":', cut({ a: 1 })],
    ['front of a comma', '{"a":"x"', cut({ a: 'x' })],
    ['a map in a map', '{"a":{"b":{"c":1},"d":{"e":"', cut({ a: cut({ b: { c: 1 }, d: cut({}) }) })],
    ['an array in a map', '{"a":[1,2,3', cut({ a: [1, 2] })],
    ['a map in an array in a map', '{"a":[{"b":1},{"c":1,', cut({ a: [{ b: 1 }, cut({ c: 1 })] })],
    ['an array alone', '[1,2,3', [1, 2]],
    ['front of everything', '', undefined],
    ['a string alone', '"abc', undefined],
    ['a note of the one who cut it', '{"a":1,"b":{"c":"hal[Truncated...]', cut({ a: 1, b: cut({}) })],
    ['a note behind a digit', '{"a":1,"b":12[Truncated...]', cut({ a: 1 })],
  ])('stops where the text is cut in %s', (_, text, value) => {
    expect(salvage(text, limits)).toEqual({ value, cut: true });
  });

  it.each<[string, string, unknown]>([
    ['a missing comma', '{"a":1 "b":2}', cut({ a: 1 })],
    ['a wrong bracket', '{"a":[1}', cut({ a: [1] })],
    ['a comma too many', '{"a":1,}', cut({ a: 1 })],
    ['a word of no language', '{"a":1,"b":oops}', cut({ a: 1 })],
    ['a number that is none', '{"a":1,"b":012}', cut({ a: 1 })],
  ])('stops at %s', (_, text, value) => {
    expect(salvage(text, limits)).toEqual({ value, cut: true });
  });

  it('reports that something follows the value, and treats the value as complete', () => {
    expect(salvage('{"a":1}{"b":2}', limits)).toEqual({ value: { a: 1 }, cut: true });
  });

  it.each<[string, string, unknown]>([
    ['bare nan and inf as null', '[nan,-nan,NaN,inf,-inf,Infinity,-Infinity]', Array(7).fill(null)],
    ['keys that are no strings as text', '{1:"a",null:2,-1.5:3}', { 1: 'a', null: 2, '-1.5': 3 }],
    ['bad escapes as they stand', String.raw`["\x12\q","\u12","\n\\n"]`, ['\\x12\\q', '\\u12', '\n\\n']],
    ['control characters', '["a\nb\0"]', ['a\nb\0']],
  ])('reads %s', (_, text, value) => {
    expect(salvage(text, limits)).toEqual({ value, cut: false });
  });

  it('keeps `__proto__` an own member', () => {
    const { value } = salvage('{"__proto__":{"polluted":true},"a":', limits) as { value: JsonMap };
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it.each([
    ['arrays', '['.repeat(64), ']'.repeat(64)],
    ['maps', '{"a":'.repeat(64), '}'.repeat(64)],
    ['100,000 arrays', '['.repeat(100_000), ']'.repeat(100_000)],
    ['a string that looks like brackets', `${'['.repeat(64)}"]\\"]"`, ']'.repeat(64)],
  ])('skips levels of %s beyond the limit, and continues after them', (_, open, close) => {
    const { value, cut } = salvage(`{"deep":${open}${close},"next":nan}`, limits);
    expect(cut).toBe(false);
    expect((value as JsonMap).next).toBe(null);
    expect(containersIn(value)).toBe(limits.maxDepth + 1);
  });

  it('marks the open maps if the text ends beyond the limit', () => {
    const { value, cut } = salvage(`{"a":{"deep":${'['.repeat(100)}"x`, limits);
    expect(cut).toBe(true);
    expect((value as JsonMap)[CUT]).toBe('cut');
    expect(((value as JsonMap).a as JsonMap)[CUT]).toBe('cut');
  });

  it.each([
    ['one string', `"${'x'.repeat(5_000_000)}`],
    ['one number', '9'.repeat(5_000_000)],
    ['quotes', '"'.repeat(1_000_000)],
    ['backslashes', `"${'\\'.repeat(5_000_000)}`],
    ['escapes', `"${'\\u0041'.repeat(500_000)}"`],
    ['members', `{${'"a":1,'.repeat(500_000)}`],
    ['a bare key', `{${'k'.repeat(5_000_000)}`],
  ])('reads millions of characters in %s', (_, text) => {
    salvage(text, limits);
  });
});
