import { describe, expect, it } from 'vitest';
import { compileRule, evaluate, modifiers, parseRule, parseRules } from '../../../src/sigma/index.ts';
import { lookupOf } from '../lookup.ts';

function ruleWith(item: string): string {
  return `title: t\nlogsource: {product: kubernetes}\ndetection:\n  s:\n    ${item}\n  condition: s\n`;
}

function truthOf(item: string, event: Record<string, unknown>, placeholders: Record<string, string[]> = {}) {
  const { rules, problems } = parseRules(ruleWith(item), 't.yml', {
    placeholders: new Map(Object.entries(placeholders)),
  });
  expect(problems).toEqual([]);
  return evaluate(compileRule(rules[0]!), lookupOf(event)).truth;
}

const examples = Object.entries(modifiers).flatMap(([name, { examples }]) =>
  examples.map((example) => ({ name, ...example })),
);

describe('each modifier has examples that hold', () => {
  it.each(Object.keys(modifiers))('%s', (name) => {
    const own = examples.filter((example) => example.name === name);
    expect(own.some(({ modifiers }) => modifiers.split('|').includes(name))).toBe(true);
    expect(own.some(({ passes }) => passes.length > 0)).toBe(true);
    expect(own.some(({ fails }) => fails.length > 0)).toBe(true);
  });

  const rows = examples.flatMap(({ modifiers, rule, passes, fails, beside, placeholders }) =>
    [true, false].flatMap((expected) =>
      (expected ? passes : fails).map((value) => {
        return { item: `f|${modifiers}: ${JSON.stringify(rule)}`, value, expected, beside, placeholders };
      }),
    ),
  );
  // The value is alone in an array, which is how a lookup returns it.
  it.each(rows)('$item on $value: $expected', ({ item, value, expected, beside, placeholders }) => {
    expect(truthOf(item, { ...beside, f: [value] }, placeholders)).toBe(expected);
  });
});

describe('values without a modifier', () => {
  it.each([
    ['f: Pods', ['pods', 'PODS'], ['pod', 'podss', ['pods'], { pods: 1 }, null]],
    ['f: 403', [403, '403', '403.0', 403n], ['403x', '', 4030, true, '0x193']],
    ["f: '403'", [403, '403'], ['403.0', 403.5]],
    ['f: 1.5', [1.5, '1.50'], [1]],
    ['f: true', [true, 'true', 'True'], [false, 1, 'yes', null]],
    ['f: false', [false, 'false'], [true, 0, '', null]],
    ["f: 'true'", [true, 'TRUE'], [false]],
    ["f: ''", [''], [' ', null, 0, false, []]],
    ['f: null', [null], ['', 0, false, 'null']],
    ['f:', [null], ['']],
    ["f: '*'", ['', 0, false, {}, [], 'x'], [null]],
    ["f: '*?'", ['x', 0], ['', {}, [], null]],
    ['f: [a, 1]', ['A', 1, '1'], ['a1', true]],
    ['f: [a, null]', ['a', null], ['', 'null']],
  ] satisfies [string, unknown[], unknown[]][])('%s', (item, passes, fails) => {
    for (const value of passes) expect({ value, truth: truthOf(item, { f: [value] }) }).toEqual({ value, truth: true });
    for (const value of fails) expect({ value, truth: truthOf(item, { f: [value] }) }).toEqual({ value, truth: false });
  });

  it.each([
    ['f: null', true],
    ["f: ''", false],
    ["f: '*'", false],
    ['f|exists: true', false],
    ['f|exists: false', true],
    ['f|neq: a', true],
    ['f|lt: 5', false],
    ['f|re: .*', false],
    ['f: false', false],
  ])('%s on an event without the field: %s', (item, expected) => {
    expect(truthOf(item, {})).toBe(expected);
  });

  it.each([
    ['f: b', true],
    ['f|neq: b', false],
    ['f|neq: d', true],
    ['f|contains|all: [a, c]', true],
    ['f|contains|all: [a, d]', false],
    ['f|re|all: [a, c]', true],
  ])('%s on the values a, b, c: %s', (item, expected) => {
    expect(truthOf(item, { f: ['a', 'b', 'c'] })).toBe(expected);
  });
});

describe('regular expressions', () => {
  it.each([
    ['(a+)+$', `${'a'.repeat(50_000)}b`, false],
    ['^(a|a?)+$', `${'a'.repeat(50_000)}b`, false],
    ['(?i:B)ad\\z', 'xbad', true],
    ['\\"\\-\\/', '"-/', true],
    ['[[:digit:]]+', 'a1', true],
    ['^403$', 403, true],
  ])('%s', (source, value, expected) => {
    expect(truthOf(`f|re: '${source}'`, { f: value })).toBe(expected);
  });

  it.each(['ignorecase', 'i'])('%s is the same as i', (name) => {
    expect(truthOf(`f|re|${name}: bad`, { f: 'BAD' })).toBe(true);
  });
});

describe('another field', () => {
  it.each([
    ['more values than are compared', Array.from({ length: 101 }, (_, i) => `x${i}`), 'unknown'],
    ['a value that passes among them', ['zz', ...Array.from({ length: 101 }, (_, i) => `x${i}`)], true],
    ['none', [], false],
  ])('%s', (_, others, truth) => {
    expect(truthOf('f|fieldref|contains: g', { f: 'azz', g: others })).toBe(truth);
  });

  it('that may have more values leaves the answer unknown, unless a known value decides it', () => {
    const { rule } = parseRule(ruleWith('f|fieldref: g'), 't.yml');
    const answer = (g: unknown) => evaluate(compileRule(rule!), lookupOf({ f: 'a', g }, { g: 'cut' }));
    expect(answer('b')).toEqual({ truth: 'unknown', undecided: { field: 'g', reason: 'cut' } });
    expect(answer('a')).toEqual({ truth: true });
  });
});

describe('addresses', () => {
  it.each([
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '10.0.0.1', false],
    ['10.0.0.1/32', '10.0.0.1', true],
    ['10.0.0.1/32', '10.0.0.2', false],
    ['10.0.0.0/8', '012.1.2.3', false],
    ['10.0.0.0/8', '10.1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::1/128', '1'.repeat(100_000), false],
  ])('%s on %s: %s', (network, address, expected) => {
    expect(truthOf(`f|cidr: '${network}'`, { f: address })).toBe(expected);
  });
});

describe('refused', () => {
  it.each([
    ['f|contain: a', "unknown modifier 'contain'", "did you mean 'contains'?"],
    ['f|Contains: a', "unknown modifier 'Contains'", "did you mean 'contains'?"],
    ['f|: a', "unknown modifier ''", 'use one of'],
    ['f|__proto__: a', "unknown modifier '__proto__'", 'use one of'],
    ['f|base64off: a', "unknown modifier 'base64off'", "did you mean 'base64'?"],
    ['f|base64|base64offset: a', "'base64offset' cannot follow 'base64'", 'use one of the two'],
    ['f|wide|utf16le: a', "'utf16le' cannot follow 'wide'", 'use one of the two'],
    ['f|base64|wide: a', "'wide' has to precede 'base64'", 'write wide|base64'],
    ['f|wide|windash: a', "'windash' has to precede 'wide'", 'write windash|wide'],
    ['f|windash|base64: a', "'base64' cannot follow 'windash'", 'write out a value for each dash'],
    ['f|re|base64: a', "'base64' cannot follow 're'", 'use one of the two'],
    ['f|re|windash: a', "'windash' cannot follow 're'", 'use one of the two'],
    ['f|cidr|contains: 10.0.0.0/8', "'contains' cannot follow 'cidr'", 'use one of the two'],
    ['f|wide|cidr: 10.0.0.0/8', "'cidr' cannot follow 'wide'", 'use one of the two'],
    ['f|hour|lt: 5', "'lt' cannot follow 'hour'", 'use one of the two'],
    ['f|fieldref|cased: a', "'cased' cannot follow 'fieldref'", 'use one of the two'],
    ['f|fieldref|re: a', "'re' cannot follow 'fieldref'", 'use one of the two'],
    ['f|exists|base64: true', "'exists' has to be the only modifier", 'item of its own'],
    ['f|base64: a*', "'base64' accepts only text without wildcards", 'follow base64'],
    ['f|contains|base64offset: a', "'base64offset' accepts only text without wildcards", 'follow base64offset'],
    ["f|base64: ''", "'base64' accepts only text that is not empty", 'write some text'],
    ['f|base64offset|contains: a', "'base64offset' needs at least two bytes", 'a longer text'],
    ["f|wide: ''", "'wide' accepts only text that is not empty", 'write some text'],
    ['f|base64: null', 'null has no text', 'drop the modifier'],
    ['f|fieldref: a*', 'the name of a field cannot have wildcards', 'write one name'],
    ['f|fieldref: 5', "'fieldref' needs the name of a field", 'name one'],
    ['f|hour: 24', "'24' is not a valid hour", 'from 0 to 23'],
    ['f|month: "5"', "'5' is not a valid month", 'from 1 to 12'],
    ['f|week: 1.5', "'1.5' is not a valid week", 'from 1 to 53'],
    ['f|expand: "%a%"', "there is no list 'a'", 'write a list a.yml'],
    ['f|expand: 5', "'expand' accepts only text", 'in quotes'],
    ['f|re|startswith|contains: a', "'contains' cannot follow 'startswith'", 'use one of the two'],
    ['f|contains|startswith: a', "'startswith' cannot follow 'contains'", 'use one of the two'],
    ['f|contains|contains: a', "modifier 'contains' is given twice", 'drop one'],
    ['f|contains|re: a', "'re' cannot follow 'contains'", 'use one of the two'],
    ['f|cidr|re: a', "'re' cannot follow 'cidr'", 'use one of the two'],
    ['f|lt|gt: 1', "'gt' cannot follow 'lt'", 'use one of the two'],
    ['f|gte|cased: 1', "'cased' cannot follow 'gte'", 'use one of the two'],
    ['f|i: a', "'i' has to follow 're'", 'write re|i'],
    ['f|cidr|i: 10.0.0.0/8', "'i' has to follow 're'", 'write re|i'],
    ['f|exists|neq: true', "'exists' has to be the only modifier", 'item of its own'],
    ['f|exists: yes', "'exists' accepts only a boolean", 'write true or false'],
    ['f|exists: [true, false]', "'exists' accepts only one value", 'write true or false'],
    ['f|re: a(b', 'the regular expression is not valid: missing closing )', 'RE2 syntax'],
    ["f|re: '(?=a)'", 'the regular expression is not valid', 'no lookaround'],
    ["f|re: '(a{1000}){1000}'", 'the regular expression is not valid', 'RE2'],
    ['f|re: 5', "'re' accepts only text", 'quotes'],
    ['f|cidr: 10.0.0.1/8', 'bits are set after the first 8', 'write a network'],
    ['f|cidr: 10.0.0.0/33', 'longer than the address', 'write a network'],
    ['f|cidr: 10.0.0.1', 'not an IP network', 'write a network'],
    ['f|cidr: 10/8', 'not an IP network', 'write a network'],
    ['f|lt: "5"', "'lt' accepts only a number", 'without quotes'],
    ['f|lt: .inf', "'lt' accepts only a number", 'write a number'],
    ['f|contains: null', 'null has no text', 'drop the modifier'],
    ['f|cased: 5', "'cased' can only be used with text", 'drop the modifier'],
    ['f: 12345678901234567890', 'cannot be compared exactly', 'in quotes'],
    ['f: .nan', 'cannot be compared exactly', 'in quotes'],
    ['f|contains: [a, null]', 'null has no text', 'drop the modifier'],
    ['f: []', 'the list is empty', 'write a value'],
    ['f: [[a]]', 'a value has to be text, a number, true or false', 'write one value'],
    ['f: {g: a}', 'a map cannot be the value of a field', 'field[any]'],
    ['"|exists": true', "'exists' needs a field", 'write the name of a field'],
    ['"|fieldref": a', "'fieldref' needs a field", 'write the name of a field'],
    ['"|all": [a, null]', 'null cannot be searched for', 'write some text'],
  ])('%s', (item, message, hint) => {
    const { rule, problems } = parseRule(ruleWith(item), 't.yml');
    expect(rule).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toContain(message);
    expect(problems[0]!.hint).toContain(hint);
    expect(problems[0]!.line).toBe(5);
  });

  it('more values than anyone would write', () => {
    const ten = { a: Array.from({ length: 10 }, (_, i) => `${i}`) };
    const placeholders = new Map(Object.entries(ten));
    const { problems } = parseRules(ruleWith(`f|expand: '${'%a%'.repeat(5)}'`), 't.yml', { placeholders });
    expect(problems[0]!.message).toBe('the value stands for more than 10000 others');
    const list = Array.from({ length: 11 }, () => `'${'%a%'.repeat(4)}'`).join(', ');
    const many = parseRules(ruleWith(`f|expand: [${list}]`), 't.yml', { placeholders });
    expect(many.problems[0]!.message).toBe('the rules of the file have more than 100000 values');
  });

  it('a bracket is part of the name, escaped or not', () => {
    expect(truthOf('f[0]: a', { 'f[0]': 'a' })).toBe(true);
    expect(truthOf("'f\\[0\\]': a", { 'f[0]': 'a' })).toBe(true);
  });
});
