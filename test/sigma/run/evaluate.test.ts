import { describe, expect, it } from 'vitest';
import { compileRule, evaluate, matchOf, parseRule, type Truth } from '../../../src/sigma/index.ts';
import { lookupOf } from '../lookup.ts';

function compiled(detection: string) {
  const { rule, problems } = parseRule(`title: t\nlogsource: {service: audit}\ndetection: ${detection}`, 'r.yml');
  expect(problems).toEqual([]);
  return compileRule(rule!);
}

/** T holds, F does not, U and V are in a gap. */
const rule = (condition: string) => compiled(`{T: {t: 1}, F: {f: 1}, U: {u: 1}, V: {v: 1}, condition: '${condition}'}`);
const lookup = lookupOf({ t: 1, f: 0 }, { u: 'cut', v: 'skipped' });

describe('Kleene logic', () => {
  it.each<[string, Truth]>([
    ['T', true],
    ['F', false],
    ['U', 'unknown'],
    ['not T', false],
    ['not F', true],
    ['not U', 'unknown'],
    ['T and T', true],
    ['T and F', false],
    ['T and U', 'unknown'],
    ['U and F', false],
    ['F and U', false],
    ['U and U', 'unknown'],
    ['F or F', false],
    ['F or T', true],
    ['F or U', 'unknown'],
    ['U or T', true],
    ['T or U', true],
    ['not (U and F)', true],
    ['U and not U', 'unknown'],
  ])('%s is %s', (condition, truth) => {
    expect(evaluate(rule(condition), lookup).truth).toBe(truth);
  });

  it.each([
    ['U', { field: 'u', reason: 'cut' }],
    ['T and V and U', { field: 'v', reason: 'skipped' }],
    ['not (F or U)', { field: 'u', reason: 'cut' }],
    ['U or T', undefined],
    ['U and F', undefined],
  ])('%s is undecided for %j', (condition, undecided) => {
    expect(evaluate(rule(condition), lookup).undecided).toEqual(undecided);
  });
});

describe('a gap in a field', () => {
  it.each<[string, unknown, Truth]>([
    ['f: a', 'a', true],
    ['f: a', 'b', 'unknown'],
    ['f: a', [], 'unknown'],
    ['f|neq: a', 'a', false],
    ['f|neq: a', 'b', 'unknown'],
    ['f|neq: a', [], 'unknown'],
    ['f: null', [], 'unknown'],
    ['f: null', [null], true],
    ['f: null', 'a', 'unknown'],
    ['f|exists: true', 'a', true],
    ['f|exists: true', [null], true],
    ['f|exists: true', [], 'unknown'],
    ['f|exists: false', 'a', false],
    ['f|exists: false', [], 'unknown'],
    ["f: '*'", 'a', true],
    ["f: '*'", [], 'unknown'],
    ['f|contains|all: [a, b]', 'ab', true],
    ['f|contains|all: [a, b]', 'a', 'unknown'],
    ['f|lt: 5', [], 'unknown'],
  ])('%s on %j: %s', (item, value, truth) => {
    const one = compiled(`\n  s:\n    ${item}\n  condition: s`);
    expect(evaluate(one, lookupOf({ f: value }, { f: 'cut' })).truth).toBe(truth);
  });
});

it('looks up no more fields than the answer needs', () => {
  const seen: string[] = [];
  const watching = (field: string) => {
    seen.push(field);
    return lookup(field);
  };
  evaluate(rule('F and T or T or U'), watching);
  expect(seen).toEqual(['f', 't']);
});

it('items of a map must all hold, maps of a list are alternatives', () => {
  const either = compiled('{s: [{a: 1, b: 1}, {c: 1}], condition: s}');
  expect(evaluate(either, lookupOf({ a: 1, b: 1 })).truth).toBe(true);
  expect(evaluate(either, lookupOf({ a: 1 })).truth).toBe(false);
  expect(evaluate(either, lookupOf({ c: 1 })).truth).toBe(true);
});

describe('what matched', () => {
  it.each([
    ['T and not F', ['t']],
    ['(T and not F) and not F', ['t']],
    ['T or not F', ['t', 'f']],
    ['T and (T or not F)', ['t', 't', 'f']],
  ])('in %s is found by looking up %j alone', (condition, fields) => {
    const asked: string[] = [];
    const { predicates } = matchOf(rule(condition), (field) => {
      asked.push(field);
      return lookup(field);
    });
    expect(new Set(asked)).toEqual(new Set(fields));
    expect(new Set(predicates.map(({ leaf }) => leaf.item.field))).toEqual(new Set(['t']));
  });
});
