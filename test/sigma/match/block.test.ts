import { describe, expect, it } from 'vitest';
import { CUT, type JsonMap } from '../../../src/json/map.ts';
import {
  compileRule,
  evaluate,
  explain,
  matchedFields,
  parseRule,
  printExplanation,
} from '../../../src/sigma/index.ts';
import fc, { runs } from '../../properties.ts';
import { lookupIn } from '../lookup.ts';
import { matchedIn } from '../matched-in.ts';

function parsed(item: string, version = '3') {
  const text = `title: t\nsigma-version: ${version}\nlogsource: {product: x}\ndetection:\n  s:\n${item.replace(/^/gm, '    ')}\n  condition: s\n`;
  return parseRule(text, 't.yml');
}

function compiled(item: string) {
  const { rule, problems } = parsed(item);
  expect(problems).toEqual([]);
  return compileRule(rule!);
}

function truthOf(item: string, event: unknown) {
  return evaluate(compiled(item), lookupIn(event)).truth;
}

const containers = {
  c: [
    { name: 'a', privileged: true, ports: [{ host: 80, ip: '10.0.0.1' }, { host: 81 }], tags: ['x', 'y'] },
    { name: 'b', privileged: false, ports: [], tags: ['x1', 'x2'] },
  ],
  empty: [],
  nothing: null,
  scalar: 'x',
  nested: [[1, 2], [3]],
  numbers: [1, 20],
};

describe('members of a list', () => {
  it.each<[string, boolean]>([
    ['c.name: b', true],
    ['c[any].name: b', true],
    ['c[all].name: b', false],
    ['c[all].name: [a, b]', true],
    ['c[none].name: b', false],
    ['c[none].name: c', true],
    ['c[any].missing: null', true],
    ['c[all].ports.host: 80', false],
    ['c[any].ports.host: 81', true],
    ['c[any].ports[all].host|gte: 80', true],
    ['c[all].ports[all].host|gte: 80', false],
    ['c[all].ports[all_or_empty].host|gte: 80', true],
    ['c[any].ports[none].host: 80', true],
    ['c[all].ports[none].host: 80', false],
    ['c.ports[all].host|gte: 80', true],
    ['c.tags[all]|startswith: x', true],
    ['c[all].tags[all]|startswith: x', false],
    ['c[any].tags[all]|startswith: x', true],
    ['c[0].tags[all]|startswith: x', false],
    ['c[1].tags[all]|startswith: x', true],
    ['c[any].tags[any]: [y, z]', true],
    ['c[any].tags[any]|contains|all: [x, 2]', true],
    ['c[any].tags[any]|contains|all: [x, y]', false],
    ['c[any].tags|contains|all: [x, y]', true],
    ['c[all].name|neq: a', false],
    ['c[any].name|neq: a', true],
    ['c[any].ports[any].ip|cidr: 10.0.0.0/8', true],
    ['c[any].ports[any].ip|exists: true', true],
    ['c[all].name|exists: true', true],
    ['empty[any]: x', false],
    ['empty[all]: x', false],
    ['empty[all_or_empty]: x', true],
    ['empty[none]: x', true],
    ['nothing[any]: null', false],
    ['nothing[all]: null', false],
    ['nothing[all_or_empty]: x', true],
    ['nothing[none]: x', true],
    ['missing[any].x: null', false],
    ['missing[all]: x', false],
    ['missing[all_or_empty]: x', true],
    ['missing[none]: x', true],
    ['scalar[any]: x', true],
    ['scalar[all]: x', true],
    ['scalar[none]: x', false],
    ['scalar[0]: x', false],
    ['numbers[all]|gte: 1', true],
    ['numbers[none]|gt: 20', true],
    ['numbers[0]: 1', true],
    ['numbers[-1]: 20', true],
    ['numbers[-2]: 1', true],
    ['numbers[2]: 1', false],
    ['numbers[-3]: 1', false],
    ['nested[0]: 2', true],
    ['nested[1]: 2', false],
    ['nested[0][1]: 2', true],
    ['nested[all][any]|gte: 2', true],
    ['nested[all][all]|gte: 2', false],
  ])('%s: %s', (item, truth) => {
    expect(truthOf(item, containers)).toBe(truth);
  });

  it.each<[string, string, boolean]>([
    ['the same member', 'c[any]:\n  name: a\n  privileged: true', true],
    ['not two members', 'c[any]:\n  name: b\n  privileged: true', false],
    ['two lines may be two members', 'c[any].name: b\nc[any].privileged: true', true],
    ['every member', 'c[all]:\n  name: [a, b]\n  tags|exists: true', true],
    ['no member fits both', 'c[none]:\n  name: b\n  privileged: true', true],
    ['a position', 'c[0]:\n  name: a\n  privileged: true', true],
    ['a position of another', 'c[1]:\n  name: a', false],
    ['blocks in blocks', 'c[any]:\n  name: a\n  ports[any]:\n    host: 80\n    ip: 10.*', true],
    ['blocks in blocks, of two members', 'c[any]:\n  name: a\n  ports[any]:\n    host: 81\n    ip: 10.*', false],
    ['a block behind a path', 'c[any].ports[any]:\n  host: 80\n  ip: 10.*', true],
    ['the member itself', 'numbers[any]:\n  .|gt: 1\n  .|lt: 21', true],
    ['the member itself is one', 'numbers[any]:\n  .|gt: 1\n  .|lt: 20', false],
    ['a list in a list', 'nested[any]:\n  "[all]": 3', true],
    ['the event around', 'c[any]:\n  name: b\n  ^.scalar: x', true],
    ['the blocks around, one by one', 'c[any]:\n  ports[any]:\n    ^.name: a\n    ^.^.scalar: x', true],
    ['another field of the member', 'c[any]:\n  name|fieldref: tags', false],
    ['another field of the event', 'numbers[any]:\n  .|fieldref: ^.nested', true],
    ['words of the member', 'c[any]:\n  "|all": [b, x2]', true],
    ['words of two members', 'c[any]:\n  "|all": [a, x2]', true],
    ['words of two members, apart', 'c[any]:\n  "|re|all": [^a$, ^x2$]', false],
    ['selections', 'c[any]:\n  n: {name: a}\n  p: {privileged: false}\n  condition: n and not p', true],
    ['selections of which none', 'c[none]:\n  n: {name: a}\n  p: {privileged: false}\n  condition: n or p', false],
    ['several conditions', 'c[all]:\n  n: {name: a}\n  p: {privileged: false}\n  condition: [n, p]', true],
    ['a number of selections', 'c[any]:\n  n: {name: a}\n  p: [{privileged: true}]\n  condition: 2 of them', true],
    ['words as a selection', 'c[all]:\n  w: [x1, y]\n  condition: w', true],
  ])('%s', (_, item, truth) => {
    expect(truthOf(item, containers)).toBe(truth);
  });

  it.each<[string, unknown]>([
    ['3', true],
    ['3.0.0', true],
    ['v3', true],
    ['3.1', true],
    ['2', false],
    ['2.1.0', false],
  ])('with sigma-version %s', (version, truth) => {
    const { rule } = parsed('a[any]: x', version);
    expect(evaluate(compileRule(rule!), lookupIn({ a: ['x'] })).truth).toBe(truth);
    expect(evaluate(compileRule(rule!), lookupIn({ 'a[any]': ['x'] })).truth).toBe(!truth);
  });

  it('an escaped bracket is part of the name', () => {
    expect(truthOf("'a\\[0\\][0].b': x", { 'a[0]': [{ b: 'x' }] })).toBe(true);
  });
});

describe('a gap', () => {
  const cut = (members: unknown[]) => ({ a: members, [CUT]: 'cut' });
  it.each<[string, unknown[], unknown]>([
    ['a[any]: x', ['x'], true],
    ['a[any]: x', ['y'], 'unknown'],
    ['a[all]: x', ['x'], 'unknown'],
    ['a[none]: x', ['y'], 'unknown'],
    ['a[all_or_empty]: x', [], 'unknown'],
    ['a[0]: x', ['x'], true],
    ['a[1]: x', ['x'], 'unknown'],
    ['a[-1]: x', ['x'], 'unknown'],
    ['b[none]: x', [], 'unknown'],
  ])('%s on %j is %s', (item, members, truth) => {
    expect(truthOf(item, cut(members))).toBe(truth);
  });

  it('is named by its path from the event', () => {
    const event = { a: [{ b: [{ [CUT]: 'cut' }] }] };
    const { undecided } = evaluate(compiled('a[any].b[all].c: x'), lookupIn(event));
    expect(undecided).toEqual({ field: 'a[any].b[all].c', reason: 'cut' });
  });

  it('may be among members that were not compared with a list around them', () => {
    const many = (names: string[]) => ({ a: names.map((name) => ({ name })), b: [{ name: 'x' }] });
    const names = Array.from({ length: 51 }, (_, index) => `n${index}`);
    const item = 'a[any]:\n  ^.b[any]:\n    name|fieldref: ^.name';
    expect(truthOf(item, many(names.slice(1)))).toBe(false);
    expect(truthOf(item, many(names))).toBe('unknown');
    expect(truthOf(item, many(['x', ...names]))).toBe(true);
    expect(truthOf('a[any]:\n  ^.b.name|fieldref: name', many(names))).toBe('unknown');
    const { undecided } = evaluate(compiled(item), lookupIn(many(names)));
    expect(undecided).toEqual({ field: 'a', reason: 'more than 50 members' });
  });

  it('may be anywhere in a split entry', () => {
    expect(truthOf('a[any].b: null', { a: [{ c: 1 }], [CUT]: 'split' })).toBe('unknown');
  });
});

describe('refused', () => {
  it.each([
    ['a[some].b: x', "'some' does not select members of a list", 'any, all, all_or_empty, none'],
    ['a[al]: x', "'al' does not select members", "did you mean 'all'?"],
    ['a[]: x', "'' does not select members", 'position'],
    ['a[1.5]: x', "'1.5' does not select members", 'position'],
    ['a[any: x', 'a bracket has no partner', 'a literal one is'],
    ['a]: x', 'a bracket has no partner', 'a literal one is'],
    ['"a[any]b": x', "']' is not followed by a dot", 'field[any].field'],
    ['a[any].: x', 'the name of a field is missing', 'field[any].field'],
    ['"[any]": x', 'the name of a field is missing', 'field[any].field'],
    ['a[any]: {.b: x}', "'.' is the member itself", 'drop the dot'],
    ['a[any]|contains: {b: x}', 'a block cannot have modifiers', 'to the fields inside'],
    ['a[any].b: {c: x}', 'a map cannot be the value of a field', 'field[any]:'],
    ['a: {c: x}', 'a map cannot be the value of a field', 'field[any]:'],
    ['a[any]: {}', 'the block is empty', 'one a line'],
    ['a[any]: {s: {b: x}, condition: t}', "there is no selection 't'", "'s'"],
    ['a[any]: [{b: x}]', 'a value has to be text', 'one value'],
    [`? a${'[0]'.repeat(100_000)}\n: x`, 'more than 20 brackets', 'no event'],
  ])('%.40s', (item, message, hint) => {
    const { rule, problems } = parsed(item);
    expect(rule).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toContain(message);
    expect(problems[0]!.hint).toContain(hint);
  });
});

const item = fc.constantFrom(
  ...[
    'x: 1',
    '"": 1',
    'x|gte: 2',
    'x: null',
    'y[any]: 1',
    'y[all]|lte: 2',
    'y[none].x: 1',
    'y[0]: 1',
    'y[-1]|neq: 2',
    'y.x: 1',
  ],
  ...['y[all_or_empty].x: 1', 'a[any].y[all].x|gte: 1', 'a[all].x|exists: true', 'a[1].x: 1', '"|all": [1, x]'],
  ...['a[any]: {x: 1, "y[any]": 2}', 'a[all]: {p: {x: 1}, q: {"y[all]": 1}, condition: 1 of them}', 'x|fieldref: y'],
  ...['a[none]: {x|fieldref: ^.x}', 'a[any]: {p: {x: 1}, q: {y: 1}, r: {x: 2}, condition: 2 of them}', 'a.y[all]: 1'],
  ...['a[any]: {.: 1}', 'a[any]: {"": [2]}'],
);
const condition = fc.constantFrom('p and q', 'p or not q', 'not (p and q)', '1 of them', '2 of them', '3 of them');
const rule = fc.tuple(item, item, item, condition).map(([p, q, r, text]) => {
  const detection = `  p:\n    ${p}\n  q:\n    ${q}\n  r:\n    ${r}\n  condition: ${text}`;
  const { rule, problems } = parseRule(
    `title: t\nsigma-version: 3\nlogsource: {product: x}\ndetection:\n${detection}`,
    'r.yml',
  );
  expect(problems).toEqual([]);
  return compileRule(rule!);
});
const scalar = fc.constantFrom<unknown[]>(1, 2, null, '1');
const { tree: event } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.dictionary(
    fc.constantFrom('a', 'x', 'y'),
    fc.oneof({ maxDepth: 3 }, scalar, fc.array(fc.oneof(scalar, tie('tree')), { maxLength: 3 }), tie('tree')),
  ),
}));

/** The readable part of a value whose text ends after this many scalars; each map that was still open is marked. */
function cutAfter(value: unknown, scalars: number): unknown {
  let left = scalars;
  const copy = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) {
      left--;
      return part;
    }
    const read: [string, unknown][] = [];
    for (const [key, member] of Object.entries(part)) {
      if (left <= 0) break;
      read.push([key, copy(member)]);
    }
    if (Array.isArray(part)) return read.map(([, member]) => member);
    const map: JsonMap = Object.fromEntries(read);
    if (left <= 0) map[CUT] = 'cut';
    return map;
  };
  return copy(value);
}

describe('on generated rules and events', () => {
  it('explain agrees with evaluate', () => {
    const seen = new Set<unknown>();
    fc.assert(
      fc.property(rule, event, fc.option(fc.nat(8)), (compiledRule, whole, scalars) => {
        const lookup = lookupIn(scalars === null ? whole : cutAfter(whole, scalars));
        const { truth, undecided } = evaluate(compiledRule, lookup);
        const explanation = explain(compiledRule, lookup);
        expect(explanation.truth).toBe(truth);
        expect(undecided !== undefined).toBe(truth === 'unknown');
        expect(matchedFields(compiledRule, lookup)).toEqual(matchedIn(explanation));
        expect(printExplanation(explanation)).toMatch(/^[+?-] /);
        seen.add(truth);
      }),
      { numRuns: runs(200) },
    );
    expect(seen).toEqual(new Set([true, false, 'unknown']));
  });

  it('a cut may hide an answer but never changes it', () => {
    fc.assert(
      fc.property(rule, event, fc.nat(8), (compiledRule, whole, scalars) => {
        const { truth } = evaluate(compiledRule, lookupIn(cutAfter(whole, scalars)));
        if (truth !== 'unknown') expect(evaluate(compiledRule, lookupIn(whole)).truth).toBe(truth);
      }),
      { numRuns: runs(400) },
    );
  });
});

it('a block is explained member by member', () => {
  const block = compiled('c[any]:\n  name: b\n  ports[none].host: 80\nempty[all]: x\n"": [y, z]');
  expect(printExplanation(explain(block, lookupIn(containers)))).toBe(
    [
      '- s',
      '  + c[any]',
      '    - and',
      "      - c[any].name 'b': found 'a'",
      '      - c[any].ports[none]',
      '        + c[any].ports[none].host 80: found 80',
      '        - c[any].ports[none].host 80: found 81',
      '    + and',
      "      + c[any].name 'b': found 'b'",
      '      + c[any].ports[none]: found nothing',
      '  - empty[all]: found nothing',
      "  + keywords '*y*' or '*z*': found 'c', 'name', 'a', 'privileged', 'ports', 'host', 80, 'ip', '10.0.0.1', 'host', … (32 values)",
    ].join('\n'),
  );
  const matched = matchedFields(compiled('c[any]: {name: b}\n"": [y]'), lookupIn(containers));
  expect(matched).toEqual([
    { field: 'c[any].name', values: ['b'] },
    { field: 'keywords', values: expect.arrayContaining(['y', 'empty']) },
  ]);
});
