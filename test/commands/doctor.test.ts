/** `tripline doctor`: what it prints, its exit codes, and the configurations that come with Tripline. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checks } from '../../src/doctor/index.ts';
import { fencesOf } from '../fences.ts';
import { exampleFolder } from './files.ts';
import { type Ran, run, workFolder } from './run.ts';

const root = join(import.meta.dirname, '../..');

/** Runs with a folder as the working directory. */
async function runIn(folder: string, args: string[], environment = {}): Promise<Ran> {
  const before = process.cwd();
  process.chdir(folder);
  return run(['doctor', ...args], { environment }).finally(() => process.chdir(before));
}

test('the page shows what it prints', async () => {
  const { status, stdout } = await runIn(exampleFolder(), ['fluent-bit.yaml']);
  const [shown] = fencesOf('docs/fluent-bit-doctor.md').filter(({ mark }) => mark === 'commands/doctor.test.ts');
  const words = (text: string) => text.trim().split(/\s+/);
  expect(words(stdout)).toEqual(words(shown!.text));
  expect(status).toBe(1);
});

test('-o ndjson lists the findings of both sides together', async () => {
  const folder = exampleFolder();
  writeFileSync(join(folder, 'tripline.yaml'), 'listen: 127.0.0.1:9999\n');
  const { status, stdout, stderr } = await runIn(folder, [
    'fluent-bit.yaml',
    '--config',
    'tripline.yaml',
    '-o',
    'ndjson',
  ]);
  const findings = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(findings.map(({ check, effect, line }) => ({ check, effect, line }))).toEqual([
    { check: 'rotated-file', effect: 'loses', line: 7 },
    { check: 'sink', effect: 'loses', line: 15 },
    { check: 'port', effect: 'stops', line: 15 },
  ]);
  expect(stderr).toBe('1 file, 3 findings\n');
  expect(status).toBe(1);
});

test('-o junit has a case for each check', async () => {
  const { stdout } = await runIn(exampleFolder(), ['fluent-bit.yaml', '-o', 'junit']);
  const total = Object.keys(checks).length;
  expect(stdout).toContain(
    `<testsuite name="tripline doctor fluent-bit.yaml" tests="${total}" failures="1" errors="0">`,
  );
  expect(stdout).toMatch(/name="rotated-file" file="fluent-bit.yaml" line="7">\n *<failure message="[^"]*loses: /);
});

test('a configuration that cannot be read ends with status 2 and names the place', async () => {
  const folder = workFolder();
  writeFileSync(join(folder, 'a.conf'), '[INPUT]\n    Name tail\n  Tag x\n');
  expect(await runIn(folder, ['a.conf'])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/^tripline: a\.conf:3:1: /),
  });
  expect(await runIn(folder, ['none.yaml'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('the file does not exist'),
  });
  expect(await runIn(folder, ['.'])).toMatchObject({ status: 2, stderr: expect.stringContaining('EISDIR') });
  const large = '#'.repeat(2_000_000);
  writeFileSync(join(folder, 'large.conf'), large);
  expect(await runIn(folder, ['large.conf'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('too large for a configuration'),
  });
  writeFileSync(join(folder, 'endless.conf'), '@INCLUDE /dev/zero\n');
  expect(await runIn(folder, ['endless.conf'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('/dev/zero: it is not a regular file'),
  });
  expect(await runIn(folder, [])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('FLUENT_BIT_CONFIG is missing'),
  });
});

const environment = { EVENT_HUB_CONNECTION_STRING: 'x' };

test.each(
  globSync('fluent-bit/*/*.{yaml,conf}', { cwd: root }).filter((path) => !/\/(inputs\/|tripline\.yaml$)/.test(path)),
)('nothing is found in %s', async (path) => {
  const tripline = join(root, dirname(path), 'tripline.yaml');
  for (const both of [[], ['--config', tripline]]) {
    const { status, stdout } = await runIn(join(root, dirname(path)), [basename(path), ...both], environment);
    expect(stdout).toMatch(/^\d files?, 0 findings\n$/);
    expect(status).toBe(0);
  }
});

test.each(globSync('fluent-bit/inputs/*.{yaml,conf}', { cwd: root }))('nothing is found with %s', async (input) => {
  const end = input.endsWith('yaml') ? 'yaml' : 'conf';
  const folder = workFolder();
  for (const name of ['inputs', 'collector']) mkdirSync(join(folder, name));
  const main = readFileSync(join(root, `fluent-bit/two-process/collector.${end}`), 'utf8');
  writeFileSync(join(folder, `collector/main.${end}`), main.replace(`kubernetes.${end}`, basename(input)));
  writeFileSync(join(folder, `inputs/${basename(input)}`), readFileSync(join(root, input)));
  writeFileSync(join(folder, 'parsers.conf'), readFileSync(join(root, 'fluent-bit/parsers.conf')));
  expect((await runIn(folder, [`collector/main.${end}`], environment)).stdout).toMatch(/0 findings\n$/);
});

test('nothing is found in the OTLP example', async () => {
  const { stdout } = await runIn(join(root, 'examples/otlp'), ['fluent-bit.yaml'], environment);
  expect(stdout).toBe('1 file, 0 findings\n');
});

test('nothing is found in the pod with both sides together, but a single file name is reported', async () => {
  const folder = workFolder();
  const [settings] = parseAllDocuments(readFileSync(join(root, 'examples/pod/pod.yaml'), 'utf8'))
    .map((document) => document.toJS() as { kind?: string; data: Record<string, string> })
    .filter(({ kind }) => kind === 'ConfigMap');
  // An init container generates the password.
  writeFileSync(join(folder, 'password'), 's3cret');
  const here = (text: string) => text.replace('/run/tripline/password', join(folder, 'password'));
  for (const [name, text] of Object.entries(settings!.data)) writeFileSync(join(folder, name), here(text));
  const args = ['fluent-bit.yaml', '--config', 'tripline.yaml'];
  expect((await runIn(folder, args, environment)).stdout).toBe('1 file, 0 findings\n');

  const once = here(settings!.data['fluent-bit.yaml']!).replace('audit/*.log', 'audit/audit.log');
  writeFileSync(join(folder, 'fluent-bit.yaml'), once);
  expect((await runIn(folder, args, environment)).stdout).toContain('[rotated-file]');
});

test('nothing is found in examples/compose with both sides together', async () => {
  const folder = workFolder();
  const files = ['compose/fluent-bit.yaml', 'compose/tripline.yaml', 'loki/output.yaml'].map(
    (path) => `examples/${path}`,
  );
  for (const path of [...files, 'fluent-bit/inputs/kubernetes.yaml']) {
    writeFileSync(join(folder, basename(path)), readFileSync(join(root, path)));
  }
  const args = ['fluent-bit.yaml', '--config', 'tripline.yaml'];
  expect((await runIn(folder, args, { LOKI_HOST: 'loki' })).stdout).toBe('3 files, 0 findings\n');
});

test.each(globSync('examples/*/output.yaml', { cwd: root }))('nothing is found with %s', async (output) => {
  const folder = workFolder();
  const main = readFileSync(join(root, 'fluent-bit/two-process/receiver.yaml'), 'utf8');
  writeFileSync(join(folder, 'output.yaml'), readFileSync(join(root, output)));
  writeFileSync(join(folder, 'receiver.yaml'), `includes: [output.yaml]\n${main}`);
  expect((await runIn(folder, ['receiver.yaml'], environment)).stdout).toMatch(/0 findings\n$/);
});
