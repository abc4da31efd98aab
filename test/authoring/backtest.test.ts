/** Expectations for a corpus: what differs from them, and the file that they are kept in. */
import { describe, expect, it, test } from 'vitest';
import {
  compareFound,
  type Expectations,
  expectedOf,
  type Found,
  parseExpectations,
  printExpectations,
} from '../../src/authoring/backtest.ts';
import fc from '../properties.ts';

function finding(rule: string, auditID: string, more: Partial<Found> = {}): Found {
  return {
    id: `${rule}/${auditID}`,
    rule,
    level: 'low',
    summary: `${rule} of ${auditID}`,
    auditIDs: [auditID],
    ...more,
  };
}

const found = [finding('a', '1'), finding('a', '2'), finding('b', '1')];

describe('what differs', () => {
  it('is nothing if each finding is listed or counted', () => {
    const listed = { findings: [{ rule: 'b', auditID: '1' }], counts: { a: 2 } };
    expect(compareFound('f', found, listed)).toEqual([]);
    expect(compareFound('f', [], {})).toEqual([]);
  });

  it('is what is missed, what is new, and a different count', () => {
    const expected = {
      findings: [
        { rule: 'b', auditID: '2' },
        { rule: 'c', id: 'x' },
      ],
      counts: { a: 3 },
    };
    expect(compareFound('f', found, expected)).toEqual([
      { file: 'f', rule: 'a', difference: 'count', expected: 3, found: 2 },
      { file: 'f', rule: 'b', difference: 'missed', expected: 1, found: 0, finding: '2' },
      { file: 'f', rule: 'b', difference: 'new', expected: 0, found: 1, finding: '1', level: 'low', summary: 'b of 1' },
      { file: 'f', rule: 'c', difference: 'missed', expected: 1, found: 0, finding: 'x' },
    ]);
    expect(compareFound('f', [], { counts: { a: 0 } })).toEqual([]);
  });

  it('identifies a correlation by any event that it counts, and a finding without an auditID by its id', () => {
    const many = finding('many', '3', { auditIDs: ['3', '1', '2'] });
    expect(compareFound('f', [many], { findings: [{ rule: 'many', auditID: '1' }] })).toEqual([]);
    const nameless = finding('a', '', { auditIDs: [''], id: 'x' });
    expect(compareFound('f', [nameless], {})).toMatchObject([{ finding: 'x' }]);
    expect(compareFound('f', [nameless], { findings: [{ rule: 'a', id: 'x' }] })).toEqual([]);
  });
});

describe('expectations of what is found', () => {
  const oneOf = fc.record({
    rule: fc.constantFrom('a', 'b', '__proto__'),
    auditID: fc.constantFrom('', '1', '2', '"\n'),
  });
  const some = fc.uniqueArray(oneOf, { maxLength: 40, selector: ({ rule, auditID }) => `${rule} ${auditID}` });
  const corpus = fc.dictionary(fc.string({ minLength: 1 }), some, { maxKeys: 4 });

  it('are met by it, also when read from their file, and stay the same when written again', () => {
    fc.assert(
      fc.property(corpus, (files) => {
        const byFile = Object.entries(files).map(
          ([file, list]) => [file, list.map(({ rule, auditID }) => finding(rule, auditID))] as const,
        );
        const expectations: Expectations = new Map(byFile.map(([file, list]) => [file, expectedOf(list)]));
        const text = printExpectations(expectations);
        const { expectations: read, problems } = parseExpectations(text, 'e.json');
        expect(problems).toEqual([]);
        expect(printExpectations(read!)).toBe(text);
        for (const [file, list] of byFile) {
          expect(compareFound(file, list, read!.get(file)!)).toEqual([]);
          expect(expectedOf(list, read!.get(file))).toEqual(expectedOf(list));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('count rules with too many findings to list, and those that were counted before', () => {
    const many = Array.from({ length: 21 }, (_, index) => finding('a', String(index + 1)));
    expect(expectedOf(many)).toEqual({ counts: { a: 21 } });
    expect(expectedOf(many.slice(1))).toMatchObject({ findings: { length: 20 } });
    expect(expectedOf(found, { counts: { a: 7 } })).toEqual({
      findings: [{ rule: 'b', auditID: '1' }],
      counts: { a: 2 },
    });
    expect(expectedOf([])).toEqual({});
  });

  it('have a line for each finding', () => {
    expect(
      printExpectations(
        new Map([
          ['b.log', {}],
          ['a.log', expectedOf(found, { counts: { b: 1 } })],
        ]),
      ),
    ).toBe(`{
  "a.log": {
    "findings": [
      { "rule": "a", "auditID": "1" },
      { "rule": "a", "auditID": "2" }
    ],
    "counts": { "b": 1 }
  },
  "b.log": {}
}
`);
    expect(printExpectations(new Map())).toBe('{}\n');
  });
});

test.each<[string, unknown, RegExp]>([
  ['no map', [], /expected a map of files/],
  ['no map of a file', { f: null }, /'f': expected \{ "findings"/],
  ['an unknown key', { f: { finding: [] } }, /unknown key 'finding'; did you mean 'findings'/],
  ['findings that are none', { f: { findings: [{ rule: 'a' }] } }, /"findings" has to be a list/],
  ['findings with more', { f: { findings: [{ rule: 'a', id: 'x', level: 'low' }] } }, /"findings" has to be a list/],
  ['counts that are none', { f: { counts: { a: -1 } } }, /"counts" has to be a map/],
  [
    'a rule in both',
    { f: { findings: [{ rule: 'a', id: 'x' }], counts: { a: 1 } } },
    /'a' is in findings and in counts/,
  ],
])('%s is refused', (_, root, words) => {
  const { expectations, problems } = parseExpectations(JSON.stringify(root), 'e.json');
  expect(expectations).toBeUndefined();
  expect(problems.join('\n')).toMatch(words);
});
