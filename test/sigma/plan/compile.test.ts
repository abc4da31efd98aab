import { expect, it } from 'vitest';
import { Compiler, evaluate, type FieldLookup, Program, parseRules } from '../../../src/sigma/index.ts';

const head = 'logsource: {product: kubernetes}';
const texts = [
  `title: A\n${head}\ndetection: {s: {verb: create, name: [a, b]}, condition: s}`,
  `title: B\n${head}\ndetection: {other: {verb: create, name: c}, condition: not other}`,
  `title: C\nsigma-version: 3\n${head}\ndetection: {s: {"list[any]": {x: 1}}, condition: s}`,
  `title: D\nsigma-version: 3\n${head}\ndetection: {s: {"list[any]": {x: 1}, verb: create}, condition: s}`,
];
const filterText = `title: F\n${head}\nfilter: {rules: any, s: {name: c}, condition: not s}`;

function compileAll() {
  const compiler = new Compiler();
  const [filter] = parseRules(filterText, 'f.yml').filters;
  const exceptions = [compiler.filter(filter!)];
  return texts.map((text, index) => compiler.rule(parseRules(text, `${index}.yml`).rules[0]!, exceptions));
}

/** A lookup that records what it is asked for. */
function watched(event: Record<string, unknown[]>, isSteady: boolean) {
  const asked: string[] = [];
  const lookup: FieldLookup = Object.assign(
    (field: string) => {
      asked.push(field);
      return { values: event[field] ?? [] };
    },
    isSteady ? { event: {} } : {},
  );
  return { asked, lookup };
}

it('an item that several rules and exceptions have in common is shared', () => {
  const rules = compileAll();
  expect(new Program(rules).items.map(({ field }) => field)).toEqual(['verb', 'name', 'name', 'list']);
  expect(rules[0]!.items[0]).toBe(rules[1]!.items[0]);
  expect(rules[2]!.items[0]).toBe(rules[3]!.items[0]);
  expect(rules[1]!.items[1]).toBe(rules[0]!.exceptions[0]!.items[0]);
});

it('items that only look alike are not shared', () => {
  const compiler = new Compiler();
  const values = [
    '1',
    '"1"',
    'true',
    '"true"',
    'null',
    '"null"',
    '.inf',
    '-.inf',
    '.nan',
    'a',
    '"*"',
    '"?"',
    '"\\\\*"',
  ];
  const texts = [...values.map((value) => `f: ${value}`), 'f|cased: a', 'f|contains: a', 'f|re: a', 'f|neq: a', 'g: a'];
  const rules = ['lt', 'lte', 'gt', 'gte'].flatMap((name) =>
    ['.inf', '-.inf', '1'].map((value) => `f|${name}: ${value}`),
  );
  const items = [...texts, ...rules].flatMap((text) => {
    const { rules } = parseRules(`title: A\n${head}\ndetection: {s: {${text}}, condition: s}`, 'a.yml');
    return rules.flatMap((rule) => compiler.rule(rule, []).items);
  });
  expect(items.length).toBeGreaterThanOrEqual(texts.length);
  expect(new Set(items).size).toBe(items.length);
});

it('an item is decided once for an event whose lookup always gives the same answer', () => {
  const rules = compileAll();
  const event = { verb: ['create'], name: ['a'], list: [{ x: 1 }] };
  const { asked, lookup } = watched(event, true);
  const truths = rules.map((rule) => evaluate(rule, lookup).truth);
  expect(truths).toEqual([true, true, true, true]);
  expect(asked.sort()).toEqual(['list', 'name', 'name', 'verb']);
});

it('an item is decided again for another event, and for a lookup whose answers may change', () => {
  const [rule] = compileAll();
  const first = watched({ verb: ['create'], name: ['a'] }, true);
  const second = watched({ verb: ['get'], name: ['a'] }, true);
  expect(evaluate(rule!, first.lookup).truth).toBe(true);
  expect(evaluate(rule!, second.lookup).truth).toBe(false);
  expect(evaluate(rule!, first.lookup).truth).toBe(true);
  const unsteady = watched({ verb: ['create'], name: ['a'] }, false);
  evaluate(rule!, unsteady.lookup);
  evaluate(rule!, unsteady.lookup);
  expect(unsteady.asked.filter((field) => field === 'verb')).toHaveLength(2);
});
