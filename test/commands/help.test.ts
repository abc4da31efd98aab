/** What help says is so: each example runs; and what is mistyped is told of. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/commands/all.ts';
import { startSidecar } from '../sidecar.ts';
import { exampleFolder } from './files.ts';
import { main, run, shell } from './run.ts';

const hasJq = spawnSync('jq', ['--version']).status === 0;

const examples = commands.flatMap(({ name, exitCodes, examples }) =>
  examples.map(({ line }) => ({ name, line, codes: Object.keys(exitCodes).map(Number) })),
);

describe('each example of a help text runs', () => {
  test.each(examples.filter(({ name }) => name !== 'serve'))('$line', ({ line, codes }) => {
    const { status, stderr } = shell(hasJq ? line : line.replace(/\|\s*jq.*$/, ''), exampleFolder());
    expect(stderr).not.toMatch(/tripline: |^ {4}at |not found/m);
    expect(codes.filter((code) => code < 2)).toContain(status);
  });

  test.each(examples.filter(({ name }) => name === 'serve'))('$line', async ({ line }) => {
    const [program, ...args] = line.replace(':9870', ':0').split(' ');
    expect(program).toBe('tripline');
    const paths = args.map((word) => (word === 'tripline.yaml' ? join(exampleFolder(), word) : word));
    const named = paths[0] === 'serve' ? paths.splice(0, 1) : [];
    const sidecar = await startSidecar(paths, {}, [process.execPath, main, ...named]);
    expect(await sidecar.stop()).toBe(0);
  });
});

test('--help lists every command', async () => {
  const { status, stdout } = await run(['--help']);
  expect(status).toBe(0);
  for (const { name, summary } of commands) expect(stdout.replace(/\s+/g, ' ')).toContain(`${name} ${summary}`);
});

test.each(commands)('$name --help tells its options and exit codes', async ({ name, options, exitCodes }) => {
  const { status, stdout } = await run([name, '--help']);
  expect(status).toBe(0);
  for (const option of Object.keys(options)) expect(stdout).toContain(`--${option}`);
  for (const [code, meaning] of Object.entries(exitCodes))
    expect(stdout.replace(/\s+/g, ' ')).toContain(`${code} ${meaning}`);
});

test.each<[string, string[], string]>([
  ['a command', ['serv-er-x'], "unknown command 'serv-er-x'; see tripline --help"],
  ['a command that is near another', ['explian'], "did you mean 'explain'?"],
  ['an option', ['scan', '--ouput', 'x'], "unknown option '--ouput'; did you mean '--output'?"],
  ['an option of the default command', ['--lisen', 'x'], "did you mean '--listen'?"],
  ['an option that is a key of every object', ['scan', '--constructor'], "unknown option '--constructor'"],
  ['a value', ['scan', '--output', 'record'], "--output is 'record'; did you mean 'records'?"],
  ['a value that is missing', ['scan', '--output'], "'--output <value>' argument missing; see tripline scan --help"],
  ['an argument too many', ['rules', 'x'], "'x' is one argument too many; see tripline rules --help"],
  ['an argument too few', ['explain'], 'RULE [FILE] is missing; see tripline explain --help'],
  ['what new makes', ['new', 'rul', 'x'], "did you mean 'rule'?"],
])('mistyped: %s ends with status 2 and one line', async (_, args, words) => {
  const { status, stdout, stderr } = await run(args);
  expect(stderr).toContain(words);
  expect(stderr.trim().split('\n').length).toBe(1);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
