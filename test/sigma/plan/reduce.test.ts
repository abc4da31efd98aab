import { expect, it } from 'vitest';
import { compileFilter, compileRule, evaluate, parseRules, reduceRule } from '../../../src/sigma/index.ts';
import fc from '../../properties.ts';
import { lookupOf } from '../lookup.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom(...names, '2 of them', '3 of them', '2 of x_*', 'all of x_*', '1 of x_*'),
    fc.tuple(tie('condition'), tie('condition')).map((operands) => `(${operands.join(' and ')})`),
    fc.tuple(tie('condition'), tie('condition')).map((operands) => `(${operands.join(' or ')})`),
    tie('condition').map((operand) => `not ${operand}`),
  ),
}));
const selections =
  'a: {a: 1}, b: {b: 1, a: 1}, c: [{c: 1}, {d: 1}], d: {d: 1}, e: {e: 1, b: 1}, x_1: {a: 1}, x_2: {b: 1}, x_3: {c: 1}';

function compiled(one: string, others: readonly string[]) {
  const head = 'logsource: {product: kubernetes}';
  const { rules } = parseRules(`title: T\n${head}\ndetection: {${selections}, condition: '${one}'}`, 'r.yml');
  const exceptions = others.map((other, index) => {
    const text = `title: F${index}\nname: f-${index}\n${head}\nfilter: {rules: any, ${selections}, condition: '${other}'}`;
    return compileFilter(parseRules(text, `${index}.yml`).filters[0]!);
  });
  return compileRule(rules[0]!, exceptions);
}

const truths = fc.record(Object.fromEntries(names.map((name) => [name, fc.constantFrom('true', 'false', 'unknown')])));

it('a reduced rule evaluates like the whole rule, with the same undecided field', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      condition,
      fc.array(condition, { maxLength: 2 }),
      fc.array(truths, { minLength: 4, maxLength: 4 }),
      fc.subarray(names),
      (one, others, events, fields) => {
        const rule = compiled(one, others);
        const lookups = events.map((event) => {
          // Known fields have the same truth in every event.
          const truth = (name: string) => (fields.includes(name) ? events[0]! : event)[name];
          const gaps = names.filter((name) => truth(name) === 'unknown').map((name) => [name, `gap ${name}`]);
          return lookupOf(
            Object.fromEntries(names.filter((name) => truth(name) === 'true').map((name) => [name, 1])),
            Object.fromEntries(gaps),
          );
        });
        const reduced = reduceRule(rule, ({ item, decide }) =>
          fields.includes(item.field) ? decide(lookups[0]!) : undefined,
        );
        for (const lookup of lookups) {
          const evaluation = evaluate(rule, lookup);
          seen.add(evaluation.silencedBy ?? String(evaluation.truth));
          const asked = new Set<string>();
          const left = evaluate(reduced, (field) => {
            asked.add(field);
            return lookup(field);
          });
          expect(left).toEqual(evaluation);
          for (const field of fields) expect(asked).not.toContain(field);
        }
      },
    ),
    { numRuns: 800 },
  );
  expect([...seen].toSorted()).toEqual(['f-0', 'f-1', 'false', 'true', 'unknown']);
});
