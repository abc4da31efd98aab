/** docs/security.md: each promise names a test that exists; and the settings that operation.md shows can be used. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../src/config/index.ts';
import { fencesOf } from './fences.ts';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/security.md'), 'utf8');

/** A file of tests, and one or more names of tests in it. */
const named = [...page.matchAll(/`(test\/\S+\.ts)`((?:,?\s+"[^"]*")*)/g)].map(([, file, names]) => ({
  file: file!,
  names: [...names!.matchAll(/"([^"]*)"/g)].map(([, name]) => name!.replace(/\s+/g, ' ')),
}));

test('each promise has a test, or says what else ensures it', () => {
  const tables = page.split('\n## ').filter((section) => section.includes('held by'));
  const rows = tables.flatMap((section) =>
    section.split('\n').filter((line) => /^\| (?!promise|attack|---)/.test(line)),
  );
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((row) => !/`test\/|by reading `src\//.test(row))).toEqual([]);
});

test.each(named)('$file has $names', ({ file, names }) => {
  expect(names.length).toBeGreaterThan(0);
  const text = readFileSync(join(root, file), 'utf8');
  for (const name of names) expect(text.includes(name) && name !== '', name).toBe(true);
});

test('the settings of operation.md can be used, once their files exist', () => {
  const block = fencesOf('docs/operation.md').find(({ mark }) => mark === 'security.test.ts')!.text;
  const folder = mkdtempSync(join(tmpdir(), 'tripline-security-'));
  const pem = (name: string) => join(import.meta.dirname, 'fixtures/tls/listener', `${name}.pem`);
  writeFileSync(join(folder, 'secret'), 'x\n');
  const settings = block
    .replace('/etc/tripline/tls/tls.crt', pem('listener.cert'))
    .replace('/etc/tripline/tls/tls.key', pem('listener.key'))
    .replace('/etc/tripline/tls/clients.crt', pem('authority.cert'))
    .replaceAll(/\/run\/secrets\/[\w-]+/g, 'secret');
  const path = join(folder, 'tripline.yaml');
  writeFileSync(path, settings);
  const { auth } = loadConfig({ path, overrides: {}, environment: {}, bundledRules: folder });
  expect(auth?.bearer?.map(({ name }) => name)).toEqual(['vector', 'prometheus']);
});
