/** `tripline new rule`: what it writes can be used at once, and nothing is lost. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { run, workFolder } from './run.ts';

test('a new rule passes lint, names its schema, and fails test with what to fill in', async () => {
  const folder = join(workFolder(), 'a/b');
  const path = join(folder, 'pod-with-host-network.yml');
  expect((await run(['new', 'rule', path.replace('.yml', '')])).status).toBe(0);
  const text = readFileSync(path, 'utf8');
  const [, schema] = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)!;
  expect(existsSync(resolve(dirname(path), schema))).toBe(true);
  expect(text).toMatch(/^id: [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/m);

  expect((await run(['lint', folder])).stdout).toBe('1 file, 0 errors, 0 warnings\n');
  const { status, stdout } = await run(['test', path]);
  expect(stdout).toMatch(/'matches' in .*pod-with-host-network.cases.json is empty; add a record/);
  expect(status).toBe(1);
});

test('nothing is overwritten', async () => {
  const path = join(workFolder(), 'x');
  await run(['new', 'rule', path]);
  const before = readFileSync(`${path}.yml`, 'utf8');
  expect(await run(['new', 'rule', path])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('is there already'),
  });
  expect(readFileSync(`${path}.yml`, 'utf8')).toBe(before);
});

test.each(['Upper', 'two words', 'x.yml', '-x', '../..', 'x_y'])('%s is no name', async (name) => {
  const { status, stderr } = await run(['new', 'rule', '--', join(workFolder(), name)]);
  expect(stderr).toContain('is no name of a rule');
  expect(status).toBe(2);
});
