/** Rule files as an operator leaves them: in folders, broken, twice. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadRules } from '../src/rules.ts';

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

test('rules are found in folders below, by either extension, in the order of their paths', () => {
  const path = folder({ 'b/second.yaml': text('second'), 'a.yml': text('first'), 'notes.txt': 'no rule' });
  expect(namesIn(path)).toEqual(['first', 'second']);
});

test('a file of a mounted ConfigMap is found once, though it lies in three places', () => {
  const path = folder({ '..2026_01_02/a.yml': text('a'), '..2026_01_02/sub/b.yml': text('b') });
  symlinkSync('..2026_01_02', join(path, '..data'));
  symlinkSync('..data/a.yml', join(path, 'a.yml'));
  symlinkSync('..data/sub', join(path, 'sub'));
  expect(namesIn(path)).toEqual(['a', 'b']);
  expect(loadRules({ rules: [path] }).problems).toEqual([]);
});

test('what an editor hides is no rule, nor is a link to nothing', () => {
  const path = folder({ 'a.yml': text('a'), '.b.yml': text('b'), '.trash/c.yml': text('c') });
  symlinkSync('ann@laptop.4711', join(path, '.#a.yml'));
  symlinkSync('gone', join(path, 'notes'));
  expect(namesIn(path)).toEqual(['a']);
});

test('a link to a folder above is not followed for ever', () => {
  const path = folder({ 'sub/a.yml': text('a') });
  symlinkSync('..', join(path, 'sub', 'up'));
  symlinkSync('sub', join(path, 'twin'));
  expect(namesIn(path)).toEqual(['a']);
});

test('a broken file is told of, and the others are live', () => {
  const { ruleset, problems } = loadRules({ rules: [folder({ 'bad.yml': 'title: [', 'good.yml': text('good') })] });
  expect(ruleset.rules.map(({ rule }) => rule.name)).toEqual(['good']);
  expect(problems[0].path).toContain('bad.yml');
});

test('of two rules with one name the first is live, and the other is told where it is', () => {
  const path = folder({ 'a.yml': text('same'), 'b.yml': text('same') });
  const { ruleset, problems } = loadRules({ rules: [path] });
  expect(ruleset.rules).toHaveLength(1);
  expect(problems).toMatchObject([
    { path: join(path, 'b.yml'), message: expect.stringContaining(join(path, 'a.yml')) },
  ]);
});

test('a rule about another product is loaded and never live', () => {
  expect(namesIn(folder({ 'a.yml': text('ours'), 'b.yml': text('theirs', 'windows') }))).toEqual(['ours']);
});

test('the hash tells one rule set from another, and the same from itself', () => {
  const hashOf = (files: Record<string, string>) => loadRules({ rules: [folder(files)] }).ruleset.hash;
  expect(hashOf({ 'a.yml': text('a') })).toBe(hashOf({ 'a.yml': text('a') }));
  expect(hashOf({ 'a.yml': text('a') })).not.toBe(hashOf({ 'a.yml': text('a').replace('get', 'list') }));
});

test.each([
  ['a path that is not there', '/no/such/rules', '/no/such/rules'],
  ['a folder without a rule', folder({ 'notes.txt': '' }), 'no file there is a rule'],
  ['a folder with broken rules alone', folder({ 'bad.yml': 'title: [' }), 'bad.yml'],
])('%s stops the start, and says why', (_, path, words) => {
  expect(() => loadRules({ rules: [path] })).toThrow(words);
});
