import { expect, test } from 'vitest';
import { Reductions } from '../../src/decisions/reductions.ts';
import { compileRule, parseRules } from '../../src/sigma/index.ts';

test('a reduced rule is made once for the same known items, but not kept for every combination', () => {
  const items = Array.from({ length: 13 }, (_, index) => `f${index}: 1`).join(', ');
  const text = `title: T\nlogsource: {product: kubernetes}\ndetection: {a: {${items}, g: 1}, condition: a}`;
  const rule = compileRule(parseRules(text, 'r.yml').rules[0]!);
  const reductions = new Reductions();
  const reducedFor = (bits: number) =>
    reductions.of(rule, (item) => {
      const index = rule.items.indexOf(item);
      return index === 13 ? undefined : ((bits >> index) & 1) === 1;
    });
  const first = reducedFor(0);
  for (let bits = 0; bits < 4096; bits++) reducedFor(bits);
  expect(reducedFor(0)).toBe(first);
  const last = reducedFor(4096);
  expect(reducedFor(4096)).toBe(last);
  expect(reducedFor(0)).not.toBe(first);
  expect(reducedFor(0).decide(() => ({ values: [1] }))).toBe(false);
  expect(reducedFor(8191).decide(() => ({ values: [1] }))).toBe(true);
});
