import { describe, expect, it } from 'vitest';
import { endOfValue, membersNamed, nestsDeeper } from '../../src/json/scan.ts';
import fc from '../properties.ts';
import { jsonText, textOfMap } from './arbitrary.ts';

const bytes = (text: string) => Buffer.from(text);
const { value, map, gap } = jsonText({ space: ' \n\r\t', beyondJson: true });

describe('endOfValue', () => {
  it('finds the end of any value, whatever follows it', () => {
    const behind = fc.constantFrom('', ' ', ',', ']', '}', '{', '"', ' x', '\n{"a":');
    fc.assert(
      fc.property(gap, value, behind, (before, text, behind) => {
        const whole = bytes(before + text + behind);
        const start = Buffer.byteLength(before);
        expect(endOfValue(whole, start, whole.length, 16)).toBe(start + Buffer.byteLength(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('finds no end of a value that is cut', () => {
    fc.assert(
      fc.property(map.map(textOfMap), fc.nat(), (text, at) => {
        const cut = bytes(text).subarray(0, at % Buffer.byteLength(text));
        expect(endOfValue(cut, 0, cut.length, 16)).toHaveProperty('expected');
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a bracket that closes another', '{"a":[1}', { at: 7, expected: "']'" }],
    ['a bracket that closes nothing', ']', { at: 0, expected: 'a value' }],
    ['a word', 'nul', { at: 0, expected: 'a value' }],
    ['a number that is none', '-', { at: 0, expected: 'a value' }],
    ['nothing', '', { at: 0, expected: 'a value' }],
  ])('says what is wrong with %s', (_, text, fault) => {
    expect(endOfValue(bytes(text), 0, text.length, 16)).toEqual(fault);
  });

  it('only counts brackets below the level to which they must match', () => {
    const text = `{"a":${'['.repeat(100_000)}}${']'.repeat(99_999)}}`;
    expect(endOfValue(bytes(text), 0, text.length, 8)).toBe(text.length);
  });
});

describe('nestsDeeper', () => {
  it.each([
    ['{}', 1, false],
    ['{"a":[]}', 1, true],
    ['{"a":[],"b":[]}', 2, false],
    ['{"a":"[[[[\\"["}', 1, false],
    ['5', 0, false],
  ])('%s in %i levels: %s', (text, maxDepth, expected) => {
    expect(nestsDeeper(bytes(text), 0, text.length, maxDepth)).toBe(expected);
  });
});

describe('membersNamed', () => {
  const found = (text: string, name: string) =>
    membersNamed(bytes(text), 0, Buffer.byteLength(text), name).map((member) => [
      bytes(text).toString('utf8', member.start, member.end),
      bytes(text).toString('utf8', member.valueStart, member.end),
      bytes(text).toString('utf8', member.next),
    ]);

  it.each([
    ['the only one', '{"a":1}', 'a', [['"a":1', '1', '}']]],
    ['the last of two', '{ "b" : 2 , "a" : { } }', 'a', [['"a" : { }', '{ }', ' }']]],
    [
      'two of a name',
      '{"a":1, "a":[{"a":2}]}',
      'a',
      [
        ['"a":1', '1', '"a":[{"a":2}]}'],
        ['"a":[{"a":2}]', '[{"a":2}]', '}'],
      ],
    ],
    ['no nested one', '{"b":{"a":1},"c":["a",1]}', 'a', []],
    ['none that is a value', '{"b":"a","c":"\\"a\\":1"}', 'a', []],
    ['one that is spelled with escapes', '{"\\u0061":1}', 'a', [['"\\u0061":1', '1', '}']]],
    ['none that only looks like it', '{"a\\u0000":1,"\\\\u0061":2,"aa":3,"":4}', 'a', []],
    ['one of many bytes', '{"é":1}', 'é', [['"é":1', '1', '}']]],
    ['one with a quote in its name', '{"a\\"b":1}', 'a"b', [['"a\\"b":1', '1', '}']]],
    ['one with a backslash, spelled otherwise', '{"a\\u005cb":1}', 'a\\b', [['"a\\u005cb":1', '1', '}']]],
    ['a bare one', '{a:1}', 'a', [['a:1', '1', '}']]],
    ['none in an empty map', '{ }', 'a', []],
    ['one among what is no member', '{,"a","a":1,}', 'a', [['"a":1', '1', '}']]],
  ])('finds %s', (_, text, name, expected) => {
    expect(found(text, name)).toEqual(expected);
  });

  it('finds every member that was generated', () => {
    fc.assert(
      fc.property(map, (made) => {
        const text = textOfMap(made);
        for (const name of new Set(made.members.map(({ key }) => key))) {
          if (!name.isWellFormed()) continue;
          expect(found(text, name).map(([member]) => member)).toEqual(
            made.members.filter(({ key }) => key === name).map(({ text }) => text),
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
