/** The published package: packed, installed in an empty folder, and run from there. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { podEvent } from './server/app.ts';
import { startSidecar } from './sidecar.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tripline-package-'));
let packed: string[];

beforeAll(() => {
  const npm = (args: string[], cwd: string) =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename, files }] = Object.values(
    JSON.parse(npm(['pack', '--json', '--pack-destination', folder], root)),
  ) as any;
  packed = files.map(({ path }: { path: string }) => path);
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  npm(['install', '--no-audit', '--no-fund', `./${filename}`], folder);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it carries JavaScript, types, rules, schemas and the pages that its README leads to, and neither sources nor tests', () => {
  for (const path of [
    'dist/main.js',
    'dist/index.js',
    'dist/index.d.ts',
    'rules/kubernetes/pod-host-pid.yml',
    'lists/system_namespaces.yml',
    'schemas/finding.avsc',
    'README.md',
    'docs/tag.md',
    'examples/quickstart/input.ndjson',
    'LICENSE',
  ]) {
    expect(packed).toContain(path);
  }
  expect(packed.filter((path) => /^(src|test|bench)\//.test(path) || path.includes('.cases.json'))).toEqual([]);
});

test('its bin tags a record', async () => {
  expect(readdirSync(join(folder, 'node_modules/.bin'))).toContain('tripline');
  const sidecar = await startSidecar([], {}, [join(folder, 'node_modules/.bin/tripline')]);
  const reply = await fetch(`${sidecar.url}/v1/records`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(podEvent()),
  });
  expect(await reply.json()).toMatchObject({ tripline: { verdict: 'match' } });
  expect(await sidecar.stop()).toBe(0);
});

test('its library can be imported', () => {
  writeFileSync(
    join(folder, 'try.mjs'),
    "import { normalize } from 'tripline'; console.log(normalize({ log: 'text' }).kind);",
  );
  expect(execFileSync(process.execPath, ['try.mjs'], { cwd: folder, encoding: 'utf8' }).trim()).toBe('not_audit');
});
