/** Help is correct: each example runs. Mistyped commands are reported. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { wrapCommand } from '../../src/command-line/text.ts';
import { commandNames, loadCommand, loadCommands } from '../../src/commands/all.ts';
import { built } from '../program.ts';
import { startSidecar } from '../sidecar.ts';
import { startReceiver } from '../sinks/forward/receiver.ts';
import { exampleFolder } from './files.ts';
import { type Ran, run, shell } from './run.ts';

const hasJq = spawnSync('jq', ['--version']).status === 0;

const commands = await loadCommands();
const examples = commands.flatMap(({ name, exitCodes, examples }) =>
  examples.map(({ line }) => ({ name, line, codes: Object.keys(exitCodes).map(Number) })),
);

/** Runs a line, whose output may be piped to jq, within this process, or in a shell if it needs one. */
async function ranAs(line: string, folder: string): Promise<Ran> {
  const [own = '', filter] = line.split(/ \| (?=jq )/);
  const words = own.split(' ');
  if (words.shift() !== 'tripline' || /[|&>*"']/.test(own)) {
    return shell(hasJq ? line : own, folder);
  }
  const before = process.cwd();
  process.chdir(folder);
  const ran = await run(words).finally(() => process.chdir(before));
  return filter === undefined || !hasJq ? ran : { ...shell(filter, folder, ran.stdout), stderr: ran.stderr };
}

describe('each example of a help text runs', () => {
  const alone = examples.filter(({ name }) => !['serve', 'replay', 'tail', 'top'].includes(name));
  test.each(alone)('$line', async ({ line, codes }) => {
    const { status, stderr } = await ranAs(line, exampleFolder());
    expect(stderr).not.toMatch(/tripline: |^ {4}at |not found/m);
    expect(codes.filter((code) => code < 2)).toContain(status);
  });

  test.each(examples.filter(({ name }) => name === 'serve'))('$line', async ({ line }) => {
    const [program, ...args] = line.replace(':9870', ':0').split(' ');
    expect(program).toBe('tripline');
    const paths = args.map((word) => (word === 'tripline.yaml' ? join(exampleFolder(), word) : word));
    const named = paths[0] === 'serve' ? paths.splice(0, 1) : [];
    const sidecar = await startSidecar(paths, {}, [process.execPath, built, ...named]);
    expect(await sidecar.stop()).toBe(0);
  });
});

describe('each example of replay runs', () => {
  test.each(examples.filter(({ name }) => name === 'replay'))('$line', async ({ line }) => {
    const receiver = await startReceiver();
    const folder = exampleFolder();
    writeFileSync(
      join(folder, 'tripline.yaml'),
      `sinks: [{ type: forward, host: 127.0.0.1, port: ${receiver.port} }]\n`,
    );
    const { status, stderr } = await ranAs(line, folder);
    expect(stderr).toMatch(/^1 of 1 letters and files delivered, 1 record\n$/);
    expect(status).toBe(0);
    expect(receiver.frames.map(({ fluentTag }) => fluentTag)).toEqual(['tripline.kube.audit']);
    await receiver.close();
  });
});

test('a command is loaded by its own name', async () => {
  for (const name of commandNames) expect((await loadCommand(name))?.name).toBe(name);
  expect(await loadCommand('toString')).toBeUndefined();
});

test('--help lists every command', async () => {
  const { status, stdout } = await run(['--help']);
  expect(status).toBe(0);
  for (const { name, summary } of commands) expect(stdout.replace(/\s+/g, ' ')).toContain(`${name} ${summary}`);
});

test('help is the same as --help, and version, -v and --version are the same', async () => {
  expect(await run(['help'])).toEqual(await run(['--help']));
  expect(await run(['help', 'scan'])).toEqual(await run(['scan', '--help']));
  expect(await run(['help', 'rules', 'tune'])).toEqual(await run(['rules', 'tune', '--help']));
  expect((await run(['help', 'rules'])).stdout).not.toEqual((await run(['help', 'rules', 'tune'])).stdout);
  expect((await run(['help', 'scna'])).stderr).toContain("did you mean 'scan'?");
  for (const asked of ['version', '-v', '--version']) expect((await run([asked])).stdout).toBe('0.0.0\n');
});

test.each([60, 80, 100])('help fits %d columns, except for a longer word or quoted text', async (columns) => {
  for (const args of [['help'], ...commands.map(({ name }) => ['help', ...name.split(' ')])]) {
    const { stdout } = await run(args, { columns });
    const long = stdout.split('\n').filter((line) => line.length > columns);
    expect(long.filter((line) => !/'.*'|^usage|\S{40}/.test(line))).toEqual([]);
  }
});

test('an example that is wrapped over two lines is the same command', () => {
  const line = "tripline scan audit.log --show findings | jq -r '[.level, .rule] | @tsv'";
  const wrapped = wrapCommand(line, '  ', 50);
  expect(wrapped.split('\n').length).toBe(2);
  expect(wrapped.replaceAll(/ \\\n */g, ' ')).toBe(line);
});

test('colours are used if the output has them, and nothing else changes', async () => {
  const asked = ['rules', '-o', 'table'];
  const [plain, coloured] = [await run(asked), await run(asked, { hasColors: true })];
  expect(coloured.stdout).toContain('\x1b[33mmedium\x1b[39m');
  expect(stripVTControlCharacters(coloured.stdout)).toBe(plain.stdout);
  expect(plain.stdout).not.toContain('\x1b');
});

test.each([
  [{ FORCE_COLOR: '1' }, true],
  [{ FORCE_COLOR: '0' }, false],
  [{ NO_COLOR: '1' }, false],
  [{}, false],
])('in a pipe, with %o, there are colours: %s', (environment, expected) => {
  const { FORCE_COLOR, NO_COLOR, ...rest } = process.env;
  const { stdout } = spawnSync(process.execPath, [built, 'help'], {
    encoding: 'utf8',
    env: { ...rest, ...environment },
  });
  expect(stdout.includes('\x1b[1m')).toBe(expected);
});

test.each(commands)('$name --help lists its options and exit codes', async ({ name, options, exitCodes }) => {
  const { status, stdout } = await run([...name.split(' '), '--help']);
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
  ['a value', ['scan', '--show', 'record'], "--show is 'record'; did you mean 'records'?"],
  [
    'a form that a command has not',
    ['rules', '-o', 'junit'],
    "--output is 'junit'; give one of table, json, ndjson, csv, tsv",
  ],
  ['a form of records', ['scan', 'x', '--show', 'records', '-o', 'json'], 'in no other form; leave out --output'],
  [
    'a form that ends',
    ['test', '--watch', '-o', 'junit'],
    '--watch does not end, but junit has to; use ndjson or table',
  ],
  [
    'a value that is missing',
    ['scan', '--output'],
    "'-o, --output <value>' argument missing; see tripline scan --help",
  ],
  ['an argument too many', ['rules', 'x'], "'x' is one argument too many; see tripline rules --help"],
  ['an argument too few', ['explain'], 'RULE [FILE] is missing; see tripline explain --help'],
  ['what new makes', ['new', 'rul', 'x'], "did you mean 'rule'?"],
])('mistyped: %s ends with status 2 and one line', async (_, args, words) => {
  const { status, stdout, stderr } = await run(args);
  expect(stderr).toContain(words);
  expect(stderr.trim().split('\n').length).toBe(1);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
