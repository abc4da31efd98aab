/** Every example runs: its input gives its expected output. UPDATE_FIXTURES=1 writes the output anew; read it then. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../src/config.ts';
import { loadRules } from '../src/rules.ts';
import { bundledRules, testServer } from './server/app.ts';
import { startSidecar } from './sidecar.ts';

const examples = fileURLToPath(new URL('../examples', import.meta.url));
const mediaTypes: Record<string, string> = { json: 'application/json', ndjson: 'application/x-ndjson' };
const { ruleset } = loadRules({ rules: [bundledRules] });
const server = testServer({}, { rules: [bundledRules] });
afterAll(() => server.app.close());

const cases = readdirSync(examples).flatMap((name) =>
  Object.keys(mediaTypes)
    .filter((extension) => existsSync(join(examples, name, `input.${extension}`)))
    .map((extension) => ({ name, extension })),
);

test('there are examples for the quickstart and each platform', () => {
  expect(cases.map(({ name }) => name)).toEqual(['aks', 'eks', 'gke', 'kubernetes', 'quickstart']);
});

describe.each(cases)('$name', ({ name, extension }) => {
  const file = (stem: string) => join(examples, name, `${stem}.${extension}`);

  test('gives what is expected', async () => {
    const reply = await server.app.inject({
      method: 'POST',
      url: '/v1/records?reply=records',
      headers: { 'content-type': mediaTypes[extension] },
      payload: readFileSync(file('input')),
    });
    // The hash of the rule set changes with every rule; what it stands for is tested elsewhere.
    const tagged = reply.body.replaceAll(`"ruleset":"${ruleset.hash}"`, '"ruleset":"…"');
    if (process.env.UPDATE_FIXTURES === '1') writeFileSync(file('expected'), tagged);
    expect(tagged).toBe(readFileSync(file('expected'), 'utf8'));
  });

  test('has a page that tells of every file', () => {
    const page = readFileSync(join(examples, name, 'README.md'), 'utf8');
    expect(page).toContain(`input.${extension}`);
    expect(page).toContain(`expected.${extension}`);
  });
});

test('the Avro example reads what the sidecar replies', async () => {
  const sidecar = await startSidecar();
  const script = join(examples, 'avro/read.ts');
  const printed = execFileSync(process.execPath, [script, sidecar.url], { encoding: 'utf8' });
  expect(readFileSync(join(examples, 'avro/README.md'), 'utf8')).toContain(`\n${printed}\`\`\`\n`);
  await sidecar.stop();
});

test('the configuration in the pod example is one that Tripline takes', () => {
  const documents = parseAllDocuments(readFileSync(join(examples, 'pod/pod.yaml'), 'utf8'));
  const { data } = documents.map((document) => document.toJS()).find(({ kind }) => kind === 'ConfigMap');
  const path = join(mkdtempSync(join(tmpdir(), 'tripline-example-')), 'tripline.yaml');
  writeFileSync(path, data['tripline.yaml']);
  const config = loadConfig({ path, overrides: {}, environment: { TRIPLINE_PASSWORD: 's3cret' }, bundledRules });
  expect(config).toMatchObject({ listen: '0.0.0.0:9870', sinks: [{ type: 'forward', port: 24224 }] });
});
