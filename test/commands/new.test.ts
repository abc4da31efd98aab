/** `tripline new`: what it writes can be used at once, and nothing is overwritten. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { run, workFolder } from './run.ts';

const kinds = ['rule', 'correlation', 'exception'];

test.each(kinds)('a new %s passes lint and test, and names its schemas', async (kind) => {
  const folder = join(workFolder(), 'a/b');
  const path = join(folder, 'one-of-mine.yml');
  const cases = path.replace('.yml', '.cases.json');
  expect((await run(['new', kind, path.replace('.yml', '')])).status).toBe(0);
  const text = readFileSync(path, 'utf8');
  const [, schema] = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)!;
  const { $schema } = JSON.parse(readFileSync(cases, 'utf8'));
  for (const each of [schema, $schema]) expect(existsSync(resolve(dirname(path), each)), each).toBe(true);
  expect(text).toMatch(/^id: [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/m);

  expect((await run(['lint', folder])).stdout).toBe('1 file, 0 errors, 0 warnings\n');
  expect(await run(['test', path])).toMatchObject({ status: 0, stdout: expect.stringContaining('all passed') });

  writeFileSync(cases, '{}');
  const { status, stdout } = await run(['test', path]);
  expect(stdout).toMatch(/'matches' in .*one-of-mine.cases.json is empty; add a record/);
  expect(status).toBe(1);
});

test.each<[kind: string, was: string, is: string]>([
  ['rule', 'resource: pods', 'resource: secrets'],
  ['rule', ' and not dry_run', ''],
  ['correlation', 'gte: 3', 'gte: 4'],
  ['correlation', 'gte: 3', 'gte: 2'],
  ['correlation', 'timespan: 10m', 'timespan: 1h'],
  ['correlation', '    - username\n', ''],
  ['exception', 'namespace: ingress', 'namespace: egress'],
  ['exception', '    namespace: ingress\n', ''],
  ['exception', /.*username\|cased.*\n/.source, ''],
])('the cases of a new %s detect a change of %o to %o', async (kind, was, is) => {
  const path = join(workFolder(), 'mine');
  await run(['new', kind, path]);
  const text = readFileSync(`${path}.yml`, 'utf8');
  const changed = text.replace(new RegExp(was), is);
  expect(changed).not.toBe(text);
  writeFileSync(`${path}.yml`, changed);
  expect(await run(['test', `${path}.yml`])).toMatchObject({ status: 1, stdout: expect.stringContaining('FAIL') });
});

test('nothing is overwritten', async () => {
  const path = join(workFolder(), 'x');
  await run(['new', 'rule', path]);
  const before = readFileSync(`${path}.yml`, 'utf8');
  for (const kind of kinds) {
    expect(await run(['new', kind, path])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('already exists'),
    });
  }
  expect(readFileSync(`${path}.yml`, 'utf8')).toBe(before);
});

test('an unknown kind is refused with a suggestion', async () => {
  const { status, stderr } = await run(['new', 'corelation', join(workFolder(), 'x')]);
  expect(stderr).toContain("did you mean 'correlation'?");
  expect(status).toBe(2);
});

test.each(['Upper', 'two words', 'x.yml', '-x', '../..', 'x_y'])('%s is not a valid name', async (name) => {
  const { status, stderr } = await run(['new', 'rule', '--', join(workFolder(), name)]);
  expect(stderr).toContain('is not a valid name');
  expect(status).toBe(2);
});
