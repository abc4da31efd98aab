/** Rule files as an operator leaves them: in folders, broken, duplicated. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LoadedRules, loadRules, type RuleSources } from '../../src/rules/index.ts';
import { evaluate } from '../../src/sigma/index.ts';

const text = (name: string, product = 'kubernetes') =>
  `title: T\nname: ${name}\nlogsource: { product: ${product} }\ndetection: { a: { verb: get }, condition: a }\n`;

/** A folder with these files. */
function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'tripline-rules-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

const namesIn = (path: string) => loadRules({ rules: [path] }).ruleset.rules.map(({ rule }) => rule.name);

test('rules are found in subfolders, by either extension, in the order of their paths', () => {
  const path = folder({ 'b/second.yaml': text('second'), 'a.yml': text('first'), 'notes.txt': 'no rule' });
  expect(namesIn(path)).toEqual(['first', 'second']);
});

test('a file of a mounted ConfigMap is found once, though it is in three places', () => {
  const path = folder({ '..2026_01_02/a.yml': text('a'), '..2026_01_02/sub/b.yml': text('b') });
  symlinkSync('..2026_01_02', join(path, '..data'));
  symlinkSync('..data/a.yml', join(path, 'a.yml'));
  symlinkSync('..data/sub', join(path, 'sub'));
  expect(namesIn(path)).toEqual(['a', 'b']);
  expect(loadRules({ rules: [path] }).problems).toEqual([]);
});

test('a rule file that is a broken link is a problem, and the rest is live', () => {
  const path = folder({ 'a.yml': text('a') });
  symlinkSync('loop.yml', join(path, 'loop.yml'));
  symlinkSync('loop', join(path, 'loop'));
  symlinkSync('nowhere', join(path, 'nowhere.yml'));
  const { ruleset, problems } = loadRules({ rules: [path] });
  expect(ruleset.rules.map(({ rule }) => rule.name)).toEqual(['a']);
  expect(problems.map((problem) => `${problem.path.slice(path.length)} ${problem.message}`)).toEqual([
    expect.stringMatching(/^\/loop\.yml it cannot be read: ELOOP/),
    expect.stringMatching(/^\/nowhere\.yml it cannot be read: ENOENT/),
  ]);
});

test('hidden files of editors and links to nothing are not rules', () => {
  const path = folder({ 'a.yml': text('a'), '.b.yml': text('b'), '.trash/c.yml': text('c') });
  symlinkSync('ann@laptop.4711', join(path, '.#a.yml'));
  symlinkSync('gone', join(path, 'notes'));
  expect(namesIn(path)).toEqual(['a']);
});

test('a link to a parent folder is not followed forever', () => {
  const path = folder({ 'sub/a.yml': text('a') });
  symlinkSync('..', join(path, 'sub', 'up'));
  symlinkSync('sub', join(path, 'twin'));
  expect(namesIn(path)).toEqual(['a']);
});

test('a broken file is reported, and the others are live', () => {
  const { ruleset, problems } = loadRules({ rules: [folder({ 'bad.yml': 'title: [', 'good.yml': text('good') })] });
  expect(ruleset.rules.map(({ rule }) => rule.name)).toEqual(['good']);
  expect(problems[0].path).toContain('bad.yml');
});

test('of two rules with the same name, the first is live and the other is reported with the path of the first', () => {
  const path = folder({ 'a.yml': text('same'), 'b.yml': text('same') });
  const { ruleset, problems } = loadRules({ rules: [path] });
  expect(ruleset.rules).toHaveLength(1);
  expect(problems).toMatchObject([
    { path: join(path, 'b.yml'), message: expect.stringContaining(join(path, 'a.yml')) },
  ]);
});

test('a rule about another product is loaded but never live', () => {
  expect(namesIn(folder({ 'a.yml': text('ours'), 'b.yml': text('theirs', 'windows') }))).toEqual(['ours']);
});

test('the hash distinguishes rule sets that differ, and is the same for equal ones', () => {
  const hashOf = (files: Record<string, string>) => loadRules({ rules: [folder(files)] }).ruleset.hash;
  expect(hashOf({ 'a.yml': text('a') })).toBe(hashOf({ 'a.yml': text('a') }));
  expect(hashOf({ 'a.yml': text('a') })).not.toBe(hashOf({ 'a.yml': text('a').replace('get', 'list') }));
});

test.each([
  ['a path that is not there', '/no/such/rules', '/no/such/rules'],
  ['a folder without a rule', folder({ 'notes.txt': '' }), 'no file there is a rule'],
  ['a folder with broken rules alone', folder({ 'bad.yml': 'title: [' }), 'bad.yml'],
])('%s prevents startup, and the error says why', (_, path, words) => {
  expect(() => loadRules({ rules: [path] })).toThrow(words);
});

describe('lists', () => {
  const uses = (list: string) => text('a').replace('verb: get', `username|expand: '%${list}%'`);
  const list = (...values: string[]) => `title: T\nvalues: ${JSON.stringify(values)}\n`;
  const usersOf = (rules: string, lists: string) =>
    loadRules({ rules: [folder({ 'a.yml': uses(rules) })], lists: [folder({ 'admins.yml': lists })] });

  test('are called by name in rules', () => {
    const { ruleset, problems } = usersOf('admins', list('ann', 'bob'));
    expect(problems).toEqual([]);
    expect(JSON.stringify([...ruleset.rules[0].rule.selections.values()])).toMatch(/"ann".*"bob"/);
  });

  test('that are empty match nothing', () => {
    const { ruleset, problems } = usersOf('admins', list());
    expect(problems).toEqual([]);
    const found = evaluate(ruleset.rules[0], () => ({ values: ['ann', '', null], gap: 'cut' }));
    expect(found).toEqual({ truth: false });
  });

  test('that do not exist are reported, with the one that was meant', () => {
    const rules = folder({ 'a.yml': uses('amdins'), 'b.yml': text('b') });
    const { problems } = loadRules({ rules: [rules], lists: [folder({ 'admins.yml': list('ann') })] });
    expect(problems).toMatchObject([{ message: "there is no list 'amdins'", hint: "did you mean 'admins'?" }]);
  });

  test('that are bundled are available, and give way to those of the same name', () => {
    const rules = folder({ 'a.yml': uses('system_namespaces') });
    const values = (lists: string[]) =>
      JSON.stringify([...loadRules({ rules: [rules], lists }).ruleset.rules[0].rule.selections.values()]);
    expect(values([])).toContain('kube-system');
    expect(values([folder({ 'system_namespaces.yml': list('mine') })])).not.toContain('kube-system');
  });

  test('with the same name: the first is used, and the other is reported', () => {
    const lists = folder({ 'a/admins.yml': list('ann'), 'b/admins.yml': list('bob') });
    const { problems } = loadRules({ rules: [folder({ 'a.yml': uses('admins') })], lists: [lists] });
    expect(problems).toMatchObject([
      { path: join(lists, 'b/admins.yml'), message: expect.stringContaining('a/admins.yml') },
    ]);
  });
});

describe('exceptions', () => {
  const id = '5b3f0f64-7f0e-4d0f-a4a8-0a3b7a0d9a11';
  const filter = (rules: string, logsource = '{ product: kubernetes }') =>
    `title: Ours\nlogsource: ${logsource}\nfilter: { rules: ${rules}, s: { username: ann }, condition: not s }\n`;
  const rules = folder({ 'a.yml': `${text('a')}id: ${id}\n`, 'b.yml': text('b'), 'w.yml': text('w', 'windows') });
  const loadWith = (files: Record<string, string>) => loadRules({ rules: [rules], exceptions: [folder(files)] });

  test.each([
    ['by name', '[a]', ['f', undefined]],
    ['by id, in any case', `[${id.toUpperCase()}]`, ['f', undefined]],
    ['that are all', 'any', ['f', 'f']],
  ])('apply to the rules %s', (_, named, expected) => {
    const { ruleset, problems } = loadWith({ 'f.yml': filter(named) });
    expect(problems).toEqual([]);
    expect(ruleset.rules.map(({ exceptions }) => exceptions[0]?.filter.name)).toEqual(expected);
  });

  test('for any rule do not apply to rules that are not within their logsource', () => {
    const { ruleset } = loadWith({ 'f.yml': filter('any', '{ product: kubernetes, service: audit }') });
    expect(ruleset.rules.map(({ exceptions }) => exceptions.length)).toEqual([0, 0]);
  });

  test.each([
    ['no rule', filter('[abc, a]'), "there is no rule 'abc'", 'write the name'],
    ['a rule beyond their logsource', filter('[a]', '{ product: aws }'), "leaves out that of 'a'", 'write less'],
    ['one more rule', text('more'), 'this is not a filter', "the setting 'rules'"],
    ['broken YAML', 'title: [', 'not valid YAML', 'fix'],
  ])('that contain or name %s are reported', (_, content, message, hint) => {
    const { ruleset, problems } = loadWith({ 'f.yml': content });
    expect(problems[0]).toMatchObject({
      path: expect.stringMatching(/f\.yml$/),
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
    expect(ruleset.rules.map(({ rule }) => rule.name)).toEqual(['a', 'b']);
  });

  test('with the same name: the second is reported, and not used', () => {
    const { ruleset, problems } = loadWith({ 'x/f.yml': filter('[a]'), 'y/f.yml': filter('[b]') });
    expect(problems).toMatchObject([{ message: expect.stringContaining("already has the name 'f'") }]);
    expect(ruleset.rules.map(({ exceptions }) => exceptions.length)).toEqual([1, 0]);
  });
});

describe('one mistake is one message', () => {
  const filterOf = (name: string) =>
    `title: E\nlogsource: { product: kubernetes }\nfilter: { rules: [${name}], s: { username: x }, condition: not s }\n`;
  const broken = text('b').replace('detection', 'detektion');

  test('a broken rule is not reported as missing where exceptions and overrides name it', () => {
    const { problems, broken: what } = loadRules({
      rules: [folder({ 'a.yml': text('a'), 'b.yml': broken })],
      exceptions: [folder({ 'e.yml': filterOf('b') })],
      overrides: { b: { level: 'high' } },
    });
    expect(problems.map(({ name }) => name)).toEqual(problems.map(() => 'b'));
    expect(what).toMatchObject([{ name: 'b', now: 'left out' }]);
  });

  test('a correlation of a broken rule is left out with it, and says so', () => {
    const counts =
      'title: C\nname: c\ncorrelation: { type: event_count, rules: [b], timespan: 1m, condition: { gte: 2 } }\n';
    const { broken: what } = loadRules({ rules: [folder({ 'a.yml': text('a'), 'b.yml': broken, 'c.yml': counts })] });
    expect(what).toMatchObject([
      { name: 'b', now: 'left out' },
      { name: 'c', now: 'left out', problems: [{ message: "'b' cannot be used", hint: 'fix that first' }] },
    ]);
  });

  test('an override of a rule that does not exist is reported at its place', () => {
    const place = { path: '/etc/tripline.yaml', line: 7, column: 3 };
    const overrides = { zz: { mode: 'off' } } as const;
    const rules = [folder({ 'a.yml': text('a') })];
    expect(loadRules({ rules, overrides, overridePlaces: { zz: place } }).broken).toMatchObject([
      { path: place.path, name: 'zz', now: 'left out', problems: [place] },
    ]);
  });
});

describe('overrides', () => {
  const id = '5b3f0f64-7f0e-4d0f-a4a8-0a3b7a0d9a11';
  const levels = 'tripline: { levels: [{ condition: a, level: high }] }\n';
  const rules = folder({
    'a.yml': `${text('a')}id: ${id}\n${levels}`,
    'b.yml': `${text('b')}tripline: { mode: off }\n`,
  });
  const headsWith = (overrides: RuleSources['overrides']) =>
    loadRules({ rules: [rules], overrides }).ruleset.rules.map(({ rule }) => [
      rule.name,
      rule.level,
      rule.mode,
      rule.levels.length,
    ]);

  test.each<[string, RuleSources['overrides'], unknown]>([
    ['of none', {}, [['a', 'medium', 'live', 1]]],
    ['of a level, whatever the conditions say', { a: { level: 'low' } }, [['a', 'low', 'live', 0]]],
    ['of a mode', { a: { mode: 'shadow' } }, [['a', 'medium', 'shadow', 1]]],
    ['by id', { [id]: { mode: 'shadow' } }, [['a', 'medium', 'shadow', 1]]],
    [
      'that switch a rule off, and another on',
      { a: { mode: 'off' }, b: { mode: 'live' } },
      [['b', 'medium', 'live', 0]],
    ],
  ])('%s', (_, overrides, expected) => {
    expect(headsWith(overrides)).toEqual(expected);
  });

  test('of a rule that does not exist are reported', () => {
    const { problems } = loadRules({ rules: [rules], overrides: { __proto__x: { mode: 'off' } } });
    expect(problems).toMatchObject([{ path: 'overrides', message: "there is no rule '__proto__x'" }]);
  });

  test('that leave no rule prevent startup', () => {
    expect(() => headsWith({ a: { mode: 'off' } })).toThrow('no rule that can be used');
  });
});

describe('a correlation that is off', () => {
  const correlation = (rule: string) =>
    `title: Many\nname: many\nlevel: low\ncorrelation: { type: event_count, rules: [${rule}], group-by: [username], ` +
    'timespan: 5m, condition: { gte: 3 } }\n';
  const nameOf = ({ ruleset }: LoadedRules) => ruleset.rules.map(({ rule }) => rule.name);
  const off = { many: { mode: 'off' } } as const;

  test('also switches off the rule beside it, which exists for it alone', () => {
    const path = folder({ 'a.yml': text('a'), 'many.yml': `${text('b')}---\n${correlation('b')}` });
    expect(nameOf(loadRules({ rules: [path] }))).toEqual(['a', 'b']);
    expect(nameOf(loadRules({ rules: [path], overrides: off }))).toEqual(['a']);
  });

  test('also switches off the correlations that it counts, and what they count', () => {
    const chain = correlation('few').replace('name: many', 'name: most');
    const few = correlation('b').replace('name: many', 'name: few');
    const path = folder({ 'a.yml': text('a'), 'most.yml': `${text('b')}---\n${few}---\n${chain}` });
    const loaded = loadRules({ rules: [path], overrides: { most: { mode: 'off' } } });
    expect(nameOf(loaded)).toEqual(['a']);
    expect(loaded.ruleset.correlations).toEqual([]);
  });

  test('leaves rules of other files alone, and those that other correlations count', () => {
    const path = folder({ 'b.yml': text('b'), 'many.yml': correlation('b') });
    expect(nameOf(loadRules({ rules: [path], overrides: off }))).toEqual(['b']);
    const other = correlation('b').replace('name: many', 'name: others');
    const both = folder({ 'b.yml': `${text('b')}---\n${correlation('b')}---\n${other}` });
    expect(nameOf(loadRules({ rules: [both], overrides: off }))).toEqual(['b']);
  });
});

test('a live correlation over a rule that is off is reported', () => {
  const correlation =
    'title: Many\nname: many\ncorrelation: { type: event_count, rules: [b], group-by: [username], timespan: 5m, ' +
    'condition: { gte: 3 } }\n';
  const path = folder({ 'a.yml': text('a'), 'b.yml': text('b'), 'many.yml': correlation });
  const { problems } = loadRules({ rules: [path], overrides: { b: { mode: 'off' } } });
  expect(problems).toMatchObject([
    { path: expect.stringContaining('many.yml'), message: "'many' counts what 'b' finds, which is off" },
  ]);
  expect(loadRules({ rules: [path], overrides: { b: { mode: 'shadow' } } }).problems).toEqual([]);
});

test('a rule that is off is still read', () => {
  const path = folder({ 'a.yml': text('a'), 'b.yml': `${text('b')}tripline: { mode: off, summry: x }\n` });
  expect(loadRules({ rules: [path] }).problems).toMatchObject([{ message: "unknown key 'summry' below tripline" }]);
});

test('a file that is named twice is reported, and used once', () => {
  const path = folder({ 'a.yml': text('a') });
  for (let times = 0; times < 2; times++) {
    const { ruleset, problems } = loadRules({ rules: [path, join(path, 'a.yml')] });
    expect(ruleset.rules).toHaveLength(1);
    expect(problems).toMatchObject([{ message: expect.stringContaining("already has the name 'a'") }]);
  }
});

test('an id that is used twice is reported', () => {
  const id = 'id: 5b3f0f64-7f0e-4d0f-a4a8-0a3b7a0d9a11\n';
  const { ruleset, problems } = loadRules({ rules: [folder({ 'a.yml': text('a') + id, 'b.yml': text('b') + id })] });
  expect(ruleset.rules).toHaveLength(1);
  expect(problems).toMatchObject([
    { message: expect.stringContaining('has the id'), hint: expect.stringContaining('an id') },
  ]);
});

test('the hash covers lists, exceptions and overrides', () => {
  const rules = [folder({ 'a.yml': text('a') })];
  const filter = 'title: F\nlogsource: {}\nfilter: { rules: any, s: { verb: get }, condition: s }\n'.replace(
    '{}',
    '{product: kubernetes}',
  );
  const hashes = [
    loadRules({ rules }),
    loadRules({ rules, lists: [folder({ 'x.yml': 'title: T\nvalues: []\n' })] }),
    loadRules({ rules, lists: [folder({ 'x.yml': 'title: T\nvalues: [a]\n' })] }),
    loadRules({ rules, exceptions: [folder({ 'f.yml': filter })] }),
    loadRules({ rules, overrides: { a: { level: 'high' } } }),
  ].map(({ ruleset }) => ruleset.hash);
  expect(new Set(hashes).size).toBe(5);
});

test('a path that is not a file and a file too long to read are reported', () => {
  const path = folder({ 'a.yml': text('a'), 'big.yml': '#'.repeat(2 * 1024 * 1024 + 1) });
  execFileSync('mkfifo', [join(path, 'pipe.yml')]);
  const { problems } = loadRules({ rules: [path] });
  expect(problems.map(({ message }) => message)).toEqual([
    'the file is longer than 2097152 bytes',
    'this is not a file',
  ]);
});
