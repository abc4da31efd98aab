import { describe, expect, it } from 'vitest';
import {
  compileRule,
  type Explanation,
  evaluate,
  explain,
  matchedFields,
  parseRule,
  printExplanation,
} from '../../../src/sigma/index.ts';
import fc from '../../properties.ts';
import { lookupOf } from '../lookup.ts';
import { matchedIn } from '../matched-in.ts';

function compiled(detection: string) {
  const { rule, problems } = parseRule(`title: t\nlogsource: {service: audit}\ndetection:\n${detection}`, 'r.yml');
  expect(problems).toEqual([]);
  return compileRule(rule!);
}

const names = ['a', 'b', 'c'];
const item = fc.constantFrom(
  ...['f: x', "f: '*'", 'f: null', "f: ''", 'f: [x, 1]', 'f: true', 'f|contains: x', 'f|contains|all: [x, y]'],
  ...['f|neq: x', 'f|exists: true', 'f|exists: false', 'f|re: ^x', 'f|lt: 2', 'f|startswith|cased: X', 'f: 1'],
  ...['f|contains|all|neq: [x, y]', 'f|cidr: 10.0.0.0/8', 'f: "?"', "f: '?*'", "f: ['X*', y, 1, null]"],
  ...[
    'f|cased: [X, y]',
    'f|cased: [X*, "?"]',
    'f|cidr: [192.168.0.0/16, 10.0.0.0/8]',
    'f|fieldref: g',
    'f|contains: [y, 1]',
  ],
);
const fieldOf = fc.constantFrom('f', 'g', 'h');
const items = fc.dictionary(fieldOf, item, { minKeys: 1, maxKeys: 3 }).map((byField) =>
  Object.entries(byField)
    .map(([field, text]) => text.replace(/^f/, field))
    .join(', '),
);
const selection = fc
  .array(items, { minLength: 1, maxLength: 3 })
  .map((alternatives) => `[${alternatives.map((one) => `{${one}}`).join(', ')}]`);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...names, '1 of them', 'all of them'),
    tie('condition').map((operand) => `not (${operand})`),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => `(${left} and ${right})`),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => `(${left} or ${right})`),
  ),
}));
const detection = fc
  .tuple(fc.tuple(selection, selection, selection), condition)
  .map(([selections, text]) =>
    [...selections.map((one, i) => `  ${names[i]}: ${one}`), `  condition: '${text}'`].join('\n'),
  );
const value = fc.constantFrom('x', 'X', 'xy', '', 'y', 1, 3, true, null, '10.1.1.1', {}, '1');
const event = fc.dictionary(fieldOf, fc.oneof(value, fc.array(value, { maxLength: 3 })));
const gaps = fc.dictionary(fieldOf, fc.constantFrom('cut', 'truncated'));

describe('explain agrees with evaluate', () => {
  it('on generated rules and events', () => {
    const seen = new Set<unknown>();
    fc.assert(
      fc.property(detection, event, gaps, (text, fields, missing) => {
        const rule = compiled(text);
        const lookup = lookupOf(fields, missing);
        const { truth, undecided } = evaluate(rule, lookup);
        const explanation = explain(rule, lookup);
        expect(explanation.truth).toBe(truth);
        expect(undecided !== undefined).toBe(truth === 'unknown');
        if (undecided !== undefined) expect(missing[undecided.field]).toBe(undecided.reason);
        expect(matchedFields(rule, lookup)).toEqual(matchedIn(explanation));
        expect(printExplanation(explanation)).toMatch(/^[+?-] /);
        seen.add(truth);
      }),
      { numRuns: 500 },
    );
    expect(seen).toEqual(new Set([true, false, 'unknown']));
  });

  it('and a gap may hide an answer but never reverses it', () => {
    fc.assert(
      fc.property(detection, event, fc.subarray(['f', 'g', 'h']), (text, fields, hidden) => {
        const rule = compiled(text);
        const rest = Object.fromEntries(Object.entries(fields).filter(([field]) => !hidden.includes(field)));
        const missing = Object.fromEntries(hidden.map((field) => [field, 'cut']));
        const { truth } = evaluate(rule, lookupOf(rest, missing));
        if (truth !== 'unknown') expect(evaluate(rule, lookupOf(fields)).truth).toBe(truth);
      }),
      { numRuns: 500 },
    );
  });

  it('visits every predicate', () => {
    const rule = compiled('  s: [{a: 1, b: 1}, {c: 1}]\n  t: {d: 1}\n  condition: s and not t');
    const predicates = (node: Explanation): string[] =>
      node.kind === 'predicate' ? [node.field] : node.operands.flatMap(predicates);
    expect(predicates(explain(rule, lookupOf({})))).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('as text', () => {
  it('shows what was expected and found', () => {
    const rule = compiled(
      [
        '  request:',
        '    verb: [create, up*]',
        '    host|neq: 1',
        '    tag|contains|all: [a, b]',
        '  gone: {body: null}',
        '  net: [{ip|cidr: 10.0.0.0/8}, {code|gte: 400}]',
        '  condition: request and gone or not net',
      ].join('\n'),
    );
    const lookup = lookupOf(
      { verb: 'create', host: [1, 2], tag: ['a\u202e\nb', {}], ip: [null], code: [] },
      { body: 'truncated' },
    );
    expect(printExplanation(explain(rule, lookup))).toBe(
      [
        '+ or',
        '  - and',
        '    - request',
        "      + verb 'create' or 'up*': found 'create'",
        '      - host not 1: found 1, 2',
        "      + tag '*a*' and '*b*': found 'a��b', {…}",
        '    ? gone',
        '      ? body null: found nothing (gap: truncated)',
        '  + not',
        '    - net',
        '      - ip cidr 10.0.0.0/8: found null',
        '      - code gte 400: found nothing',
      ].join('\n'),
    );
  });
});

describe('the fields that matched', () => {
  const rule = compiled(
    [
      '  request: {verb: create, kind|neq: x}',
      '  pid: {hostPID: true}',
      '  ipc: {hostIPC: true}',
      '  names: {name|startswith: [a, b]}',
      '  missing: {owner: null, body: "*"}',
      '  system: {user: sys}',
      '  condition: request and (pid or ipc) and names and missing and not system',
    ].join('\n'),
  );
  const fields = {
    verb: 'create',
    hostPID: true,
    hostIPC: false,
    name: ['a1', 'c', 'b1'],
    body: { deep: {} },
    user: 'ann',
  };
  const lookup = lookupOf(fields);

  it('are those of the positive predicates that hold, with the values that passed', () => {
    expect(matchedFields(rule, lookup)).toEqual([
      { field: 'verb', values: ['create'] },
      { field: 'hostPID', values: [true] },
      { field: 'name', values: ['a1', 'b1'] },
      { field: 'owner', values: [] },
      { field: 'body', values: [{ deep: {} }] },
    ]);
  });

  it('leave out those shown elsewhere, unless none would be left', () => {
    expect(matchedFields(rule, lookup, new Set(['verb', 'name', 'owner', 'body']))).toEqual([
      { field: 'hostPID', values: [true] },
    ]);
    expect(matchedFields(rule, lookup, new Set(['verb', 'name', 'owner', 'body', 'hostPID']))).toHaveLength(5);
  });

  it('have ten values at most', () => {
    const one = compiled('  s: {__proto__|contains: a}\n  condition: s');
    const found = Array.from({ length: 1_000 }, (_, i) => 'a'.repeat(5_000) + i);
    const lookup = (field: string) => ({ values: field === '__proto__' ? ['a', ...found] : [] });
    const matched = matchedFields(one, lookup);
    expect(matched).toEqual([{ field: '__proto__', values: ['a', ...found.slice(0, 9)] }]);
  });
});
