import { describe, expect, it } from 'vitest';
import { compileRule, parseRules } from '../../../src/sigma/index.ts';
import { candidatesAmong } from '../../../src/sigma/plan/candidates.ts';
import fc, { runs } from '../../properties.ts';
import { lookupOf } from '../lookup.ts';

const placeholders = new Map([['names', ['x', 'z*']]]);

function compiled(detection: string) {
  const text = `title: t\nlogsource: {service: audit}\ndetection: ${detection}`;
  const { rules, problems } = parseRules(text, 'r.yml', { placeholders });
  expect(problems).toEqual([]);
  return compileRule(rules[0]!);
}

/** Each rule twice, because a field that only one rule asks for is not looked at. */
const among = (...rules: ReturnType<typeof compiled>[]) => candidatesAmong([...rules, ...rules]);
const isCandidate = (detection: string, ...event: Parameters<typeof lookupOf>) =>
  among(compiled(detection))(lookupOf(...event)).length > 0;

describe('a rule is left out', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['for want of the value', '{s: {f: x}, condition: s}', { f: 'y' }],
    ['for want of one of its values', '{s: {f: [x, y]}, condition: s}', { f: ['z', 'a'] }],
    ['for want of the field', '{s: {f: x}, condition: s}', {}],
    ['where another case is no matter', '{s: {f|cased: x}, condition: s}', { f: 'y' }],
    ['for want of a boolean', '{s: {f: true}, condition: s}', { f: false }],
    ['by any item of a map', '{s: {g|contains: x, f: x}, condition: s}', { f: 'y', g: 'x' }],
    ['by any operand of and', '{s: {g: 1}, t: {f: x}, condition: s and t}', { f: 'y', g: 1 }],
    ['by all operands of or', '{s: {f: x}, t: {f: y}, condition: s or t}', { f: 'z' }],
    ['by all alternatives', '{s: [{f: x}, {f: y, g: 1}], condition: s}', { f: 'z', g: 1 }],
    ['by all of some', '{s1: {f: x}, s2: {f: y}, condition: 1 of s*}', { f: 'z' }],
  ])('%s', (_, detection, event) => expect(isCandidate(detection, event)).toBe(false));
});

describe('a rule is not left out', () => {
  it.each<[string, string, Record<string, unknown>, Record<string, string>?]>([
    ['where a value is there', '{s: {f: [x, y]}, condition: s}', { f: ['z', 'Y'] }],
    ['where there may be more values', '{s: {f: x}, condition: s}', { f: 'y' }, { f: 'cut' }],
    ['by a number, which has many spellings', '{s: {f: 1}, condition: s}', { f: '1.0' }],
    ['by a wildcard', '{s: {f: [x, y*]}, condition: s}', { f: 'yz' }],
    ['by what it excludes', '{s: {f: x}, t: {g: 1}, condition: t and not s}', { f: 'y', g: 1 }],
    ['by what must not be', '{s: {f|neq: x}, condition: s}', { f: 'y' }],
    ['by one operand of or', '{s: {f: x}, t: {g: 1}, condition: s or t}', { f: 'y', g: 1 }],
    ['by null', '{s: {f: [x, null]}, condition: s}', {}],
  ])('%s', (_, detection, event, gaps) => expect(isCandidate(detection, event, gaps)).toBe(true));
});

it('keeps the order of the rules, however many there are', () => {
  const rules = Array.from({ length: 100 }, (_, i) => compiled(`{s: {f: [x, 'v${i % 7}']}, condition: s}`));
  expect(candidatesAmong(rules)(lookupOf({ f: 'x' }))).toEqual(rules);
  const some = candidatesAmong(rules)(lookupOf({ f: ['v3', 'V5', {}, null] }));
  expect(some).toEqual(rules.filter((_, i) => i % 7 === 3 || i % 7 === 5));
  expect(candidatesAmong([])(lookupOf({ f: 'x' }))).toEqual([]);
});

it('looks up no keywords, which would cost more than it saves', () => {
  const rule = compiled('{s: [x], condition: s}');
  const seen: string[] = [];
  among(rule)((field) => {
    seen.push(field);
    return { values: [] };
  });
  expect(seen).toEqual([]);
});

const field = fc.constantFrom('f', 'g', 'h');
const itemOf = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(': x', ': [x, y]', ': y', ': true', '|cased: [X, y]', '|expand: "%names%"') },
  fc.constantFrom(
    ...[': x', ': [x, y]', ': [X, 1]', ': true', ': null', ': [x, null]', ": ['x*', y]", '|cased: [X, y]', '|neq: x'],
    ...['|contains: x', '|contains|all: [x, y]', '|all: [x, y]', '|exists: false', ": ''", '|expand: "%names%"'],
    ...['|cidr: [10.0.0.0/8, "::/0"]', '|fieldref: g'],
  ),
);
const map = fc
  .uniqueArray(fc.tuple(field, itemOf), { minLength: 1, maxLength: 3, selector: ([name]) => name })
  .map((items) => `{${items.map(([name, item]) => name + item).join(', ')}}`);
const selection = fc.array(map, { minLength: 1, maxLength: 2 }).map((maps) => `[${maps.join(', ')}]`);
const condition = fc.constantFrom(
  'a',
  'a and b',
  'a or b',
  'a and not b',
  'not a',
  '1 of them',
  'all of them',
  'a and (b or not a)',
);
const detection = fc
  .tuple(selection, selection, condition)
  .map(([a, b, text]) => `{a: ${a}, b: ${b}, condition: '${text}'}`)
  // The syntax requires every selection to be used.
  .map((text) => (/condition: '(a|not a)'/.test(text) ? text.replace(/, b: .*, condition/, ', condition') : text));
const value = fc.constantFrom<unknown>('x', 'X', 'y', 'xy', '', true, 'TRUE', 1, '1', null, {}, '10.1.1.1');
const event = fc.dictionary(field, fc.oneof(value, fc.array(value, { maxLength: 3 })));
const gaps = fc.dictionary(field, fc.constant('cut'), { maxKeys: 1 });

it('leaves out no rule that evaluates to true or unknown', () => {
  let left = 0;
  let all = 0;
  fc.assert(
    fc.property(
      fc.array(detection, { minLength: 1, maxLength: 40, size: 'max' }),
      event,
      gaps,
      (texts, data, missing) => {
        const rules = texts.map((text) => compiled(text));
        const lookup = lookupOf(data, missing);
        const candidates = new Set(candidatesAmong(rules)(lookup));
        for (const rule of rules) if (rule.decide(lookup) !== false) expect(candidates.has(rule)).toBe(true);
        all += rules.length;
        left += candidates.size;
      },
    ),
    { numRuns: runs(120) },
  );
  // Otherwise the test would prove nothing.
  expect(left).toBeLessThan(all);
});
