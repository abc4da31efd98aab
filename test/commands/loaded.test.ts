/** What a command loads: its own modules, and no package that it does not use. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadCommand } from '../../src/commands/all.ts';
import { sources } from '../program.ts';
import { exampleFolder } from './files.ts';
import { loaderReport } from './run.ts';

let folder: string;
beforeAll(() => {
  folder = exampleFolder();
});

/** The addresses of the modules that a run of the program loads. */
function loadedBy(args: readonly string[]): string[] {
  const run = ['--import', loaderReport, sources, ...args];
  const { stdout } = spawnSync(process.execPath, run, { cwd: folder, encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => /^loaded (.*)$/.exec(line)?.[1] ?? []);
}

const packagesIn = (urls: readonly string[]) =>
  [...new Set(urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []))].sort();
const commandsIn = (urls: readonly string[]) =>
  [...new Set(urls.flatMap((url) => /\/src\/commands\/(\w+)(?:\.ts|\/)/.exec(url)?.[1] ?? []))]
    .filter((name) => !['all', 'command', 'index'].includes(name))
    .sort();

/** YAML, schemas of settings, addresses, expressions. */
const forRules = ['ipaddr.js', 're2js', 'typebox', 'yaml'];
/** The bundled ones take longer to read than everything else. */
const ownRules = ['--rules', 'my-rules'];

test.each<[command: string, operands: string[], packages: string[]]>([
  ['--version', [], []],
  ['new', ['rule', 'my-rules/one-more'], []],
  ['lint', ['my-rules/pod-in-default.yml', ...ownRules], forRules],
  ['test', ['my-rules/pod-in-default.yml', ...ownRules], forRules],
  ['rules', ownRules, forRules],
  ['coverage', ownRules, forRules],
  ['check', [], forRules],
])('%s loads only its own packages', async (command, operands, packages) => {
  const loaded = loadedBy([command, ...operands]);
  expect(loaded.length).toBeGreaterThan(5);
  expect(packagesIn(loaded)).toEqual(packages);
  expect(commandsIn(loaded)).toEqual((await loadCommand(command)) === undefined ? [] : [command]);
});

test.each([
  ['scan', () => ['scan', join(folder, 'audit.log'), ...ownRules]],
  ['explain', () => ['explain', 'pod-in-default', join(folder, 'audit.log'), ...ownRules]],
])('%s loads no package that only the server needs', (command, args) => {
  const loaded = loadedBy(args());
  expect(commandsIn(loaded)).toEqual([command]);
  const others = packagesIn(loaded).filter((name) => /^(fastify|pino|@opentelemetry|@grpc)/.test(name));
  expect(others).toEqual([]);
});
