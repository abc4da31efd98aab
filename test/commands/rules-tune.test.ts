/** `tripline rules tune`: an exception for what a rule finds needlessly. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exampleFolder, lines, podIn, readText } from './files.ts';
import { run } from './run.ts';

let folder: string;
const by = (username: string, auditID: string, namespace = 'default') => ({
  ...podIn(namespace, auditID),
  user: { username },
});

beforeAll(() => {
  folder = exampleFolder();
  const records = [by('bob', 'b-1'), by('robot', 'r-1'), by('robot', 'r-2'), by('robot', 'r-3', 'shop')];
  writeFileSync(join(folder, 'pods.log'), lines(...records, { ...by('robot', 'r-4'), tripline: { v: 2 } }));
});

const tune = (...args: string[]) => run(['rules', 'tune', '--rules', join(folder, 'my-rules'), ...args]);
const pods = () => join(folder, 'pods.log');

async function mostFrequent(): Promise<string> {
  return JSON.parse((await tune(pods(), '-o', 'ndjson')).stdout.split('\n')[0]!).finding;
}

describe('without a finding', () => {
  test('it lists the most frequent findings', async () => {
    const { status, stdout } = await tune(pods(), '-o', 'table');
    expect(stdout.replaceAll(/[0-9a-f]{32}/g, 'ID').replaceAll(/ +/g, ' ')).toBe(
      'LEVEL RULE FINDINGS FINDING IDENTITY\nlow pod-in-default 3 ID robot\nlow pod-in-default 1 ID bob\n',
    );
    expect(status).toBe(0);
  });
});

describe('with a finding', () => {
  test('the exception goes to stdout, and its effect to stderr', async () => {
    const { status, stdout, stderr } = await tune(pods(), '--finding', await mostFrequent());
    expect(stdout).toContain('  known:\n    username|cased: "robot"\n    namespace|cased: "default"\n');
    expect(stderr).toContain('silences 3 of 4 findings, 0 of other identities\n2 cases: 0 would fail\n');
    expect(stderr).toContain("    userAgent: 'kubectl/v1.33' (weak: the client chooses it)");
    expect(status).toBe(0);
  });

  test('or with a rule, the exception is for the most frequent identity, also from stdin', async () => {
    const args = ['rules', 'tune', '--rules', join(folder, 'my-rules'), '--rule', 'pod-in-default'];
    const { stdout } = await run(args, { input: readText(folder, 'pods.log') });
    expect(stdout).toContain('username|cased: "robot"');
  });

  test('JSON contains all of it', async () => {
    const { stdout } = await tune(pods(), '--rule', 'pod-in-default', '-o', 'ndjson');
    expect(JSON.parse(stdout)).toMatchObject({
      rule: 'pod-in-default',
      rules: ['pod-in-default'],
      silences: { of: 4, otherIdentities: 0 },
      cases: [
        { name: 'in default', want: 'matches', answer: 'matches', before: 'matches' },
        { name: 'elsewhere', want: 'ignores', answer: 'ignores' },
      ],
      warnings: [],
    });
  });

  test('the file that it writes is an exception, and is never overwritten', async () => {
    const to = exampleFolder();
    const asked = [pods(), '--rule', 'pod-in-default', '--write', join(to, 'archive')];
    expect(await tune(...asked)).toMatchObject({ status: 0 });
    expect(readdirSync(join(to, 'archive'))).toEqual(['1.log', 'pod-in-default-robot.yml']);
    const again = await tune(...asked);
    expect(again.stderr).toMatch(/pod-in-default-robot\.yml'; it is never overwritten/);
    expect(again).toMatchObject({ status: 2, stdout: '' });

    const scan = ['scan', pods(), '--rules', join(folder, 'my-rules'), '--exceptions', join(to, 'archive')];
    // The log that was already in that folder is not read as an exception.
    const { status, stdout } = await run([...scan, '--show', 'findings']);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(1);
    const next = await tune(pods(), '--rule', 'pod-in-default', '--exceptions', join(to, 'archive'));
    expect(next.stdout).toContain('username|cased: "bob"');
  });

  test('an exception that would make a case fail is not written', async () => {
    const { status, stderr } = await tune(
      ...[pods(), '--rule', 'pod-in-default', '--by', 'namespace, resource', '--write', folder],
    );
    expect(stderr).toContain('2 cases: 1 would fail\n');
    expect(stderr).toContain("pod-in-default.yml: 'in default': expected matches, got ignores\n");
    expect(stderr).toContain('warning: it silences 1 finding of another identity too');
    expect(readdirSync(folder)).not.toContain('pod-in-default-robot.yml');
    expect(status).toBe(1);
  });

  test.each<[string, string[], string]>([
    ['an id', ['--finding', '00'], "the records have no finding '00'"],
    ['a rule', ['--rule', 'pod-host-pid'], "the records have no finding of 'pod-host-pid'"],
    [
      'a field',
      ['--rule', 'pod-in-default', '--by', 'usernam'],
      "an exception cannot use 'usernam'; did you mean 'username'?",
    ],
    [
      'a field that is not known',
      ['--rule', 'pod-in-default', '--by', 'cluster'],
      'the record does not contain cluster',
    ],
    ['no field', ['--rule', 'pod-in-default', '--by', ','], 'no field is chosen'],
  ])('%s that does not exist ends with status 2', async (_, args, words) => {
    const { status, stdout, stderr } = await tune(pods(), ...args);
    expect(stderr).toContain(words);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
