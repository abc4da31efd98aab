/**
 * Every record of test/fixtures/normalizers gives the events in the file next to it. After an intended change:
 * `UPDATE_FIXTURES=1 npx vitest run test/normalizers/fixtures.test.ts`, and review the difference.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { normalize, normalizers } from '../../src/normalizers/index.ts';
import { plain } from './plain.ts';

const root = `${import.meta.dirname}/../fixtures/normalizers`;
const inputs = globSync('*/*.input.json', { cwd: root }).sort();

describe.each(inputs)('%s', (input) => {
  const golden = `${root}/${input.replace(/input\.json$/, 'event.json')}`;
  const normalized = plain(normalize(JSON.parse(readFileSync(`${root}/${input}`, 'utf8'))));
  if (process.env.UPDATE_FIXTURES === '1') writeFileSync(golden, `${JSON.stringify(normalized, null, 1)}\n`);

  test('gives its events', () => {
    expect(normalized).toEqual(JSON.parse(readFileSync(golden, 'utf8')));
  });
});

test('every normalizer has fixtures', () => {
  expect(
    normalizers.map(({ name }) => name).filter((name) => !inputs.some((input) => input.startsWith(`${name}/`))),
  ).toEqual([]);
});

test('every golden file has an input', () => {
  const goldens = globSync('*/*.event.json', { cwd: root }).sort();
  expect(goldens).toEqual(inputs.map((input) => input.replace(/input\.json$/, 'event.json')));
});
