/** `tripline check`: what would run, or everything that prevents it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ruleText } from './files.ts';
import { run, workFolder } from './run.ts';

const folder = workFolder();
mkdirSync(join(folder, 'rules'));
writeFileSync(join(folder, 'rules/pod-in-default.yml'), ruleText);
writeFileSync(join(folder, 'secret'), 's3cret\n');

function configFile(...lines: string[]): string {
  const path = join(folder, 'tripline.yaml');
  writeFileSync(path, lines.join('\n'));
  return path;
}

test('reports what would run', async () => {
  const path = configFile(
    `rules: [${folder}/rules]`,
    'overrides: { pod-in-default: { level: high } }',
    'auth: { basic: { username: ann, password: "${file:secret}" } }',
    `sinks: [{ type: forward, host: fluent, sharedKey: "\${file:secret}", username: bob, password: "\${file:secret}", spool: { path: ${folder}/sp } }, { type: avro, path: ${folder}/av }, { type: stdout }]`,
    `forward: { listen: 0.0.0.0:24225, unixPath: ${folder}/s, sharedKey: "\${file:secret}", users: [{ username: ann, password: "\${file:secret}" }] }`,
    `state: { path: ${folder}/state }`,
    `deadLetterPath: ${folder}/dead/letters`,
  );
  const { status, stdout, stderr } = await run(['check', '--config', path, '--listen', '127.0.0.1:1']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const words of [
    /configuration +\S+tripline\.yaml/,
    /listens on +127\.0\.0\.1:1, basic$/m,
    /forward input +0\.0\.0\.0:24225 with a shared key, a user and\s+\S+\/s\s+\(mode\s+0600\)/,
    /rules +1 rule and 0 correlations, of/,
    /exceptions +0 paths, 1 override/,
    /sinks +forward to fluent:24224 with shared key, user bob, a spool in\s+\S+\/sp,\s+avro to\s+\S+\/av,\s+stdout/,
    /state +\S+\/state/,
    /dead letters +\S+\/dead\/letters/,
  ]) {
    expect(stdout).toMatch(words);
  }
  expect(stdout).not.toContain('s3cret');
});

test('names the enrichment files, and what is wrong with them', async () => {
  const owners = (text: string) => writeFileSync(join(folder, 'owners.yaml'), text);
  const path = configFile(`rules: [${folder}/rules]`, `enrichment: { owners: ${folder}/owners.yaml }`);
  owners('owners:\n  - owner: Platform\n');
  expect((await run(['check', '--config', path])).stdout).toMatch(/enrichment +\S+\/owners\.yaml$/m);
  owners('owners:\n  - namespace: shop\n');
  configFile(
    `rules: [${folder}/rules]`,
    `enrichment: { owners: ${folder}/owners.yaml, mmdb: [${folder}/owners.yaml] }`,
  );
  const { status, stderr } = await run(['check', '--config', path]);
  expect(status).toBe(2);
  expect(stderr).toContain("owners.yaml:2:5: the entry has no 'owner'");
  expect(stderr).toContain('owners.yaml:1:1: it cannot be used: it is not a database in the format of MaxMind');
});

test('reports every problem at once with its place, including those in rule files', async () => {
  writeFileSync(join(folder, 'rules/broken.yml'), ruleText.replace('condition: created', 'condition: craeted'));
  const path = configFile(
    'lisen: x',
    `rules: [${folder}/rules, /no/rules]`,
    'lists: [/no/lists]',
    'state: { path: /dev/null/folder/state }',
    `deadLetterPath: ${folder}/tripline.yaml/dead`,
    'sinks: [{ type: forward, host: a, tls: { ca: /no/ca.pem }, spool: { path: /dev/null/spool } }, { type: avro, path: /dev/null/a }]',
    'cluster: ${CLUSTER}',
  );
  const { status, stdout, stderr } = await run(['check', '--config', path]);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  for (const words of [
    "tripline.yaml:1:1: lisen is not a setting; did you mean 'listen'?",
    'tripline.yaml:2:',
    "'/no/rules' does not exist",
    "tripline.yaml:3:9: lists: '/no/lists' does not exist",
    'tripline.yaml:4:10: state.path: ',
    'tripline.yaml:5:1: deadLetterPath: ',
    'tripline.yaml:6:42: tls.ca: ENOENT',
    'tripline.yaml:6:69: sinks.0.spool.path: /dev/null is not a folder',
    'tripline.yaml:6:110: sinks.1.path: /dev/null is not a folder',
    "tripline.yaml:7:10: there is no environment variable 'CLUSTER'",
    'broken.yml:10:',
  ]) {
    expect(stderr).toContain(words);
  }
  expect(stderr).not.toContain('cluster must');
});

test('an override that names no rule is reported at its place in the configuration', async () => {
  const path = configFile('overrides:', '  pod-hostpid: { mode: off }');
  const { status, stderr } = await run(['check', '--config', path]);
  expect(status).toBe(2);
  expect(stderr).toContain("tripline.yaml:2:3: there is no rule 'pod-hostpid'; did you mean 'pod-host-pid'?");
});

test('in forms other than a table, what would run and what is wrong are rows, or JUnit cases', async () => {
  const check = (form: string) => run(['check', '--config', join(folder, 'tripline.yaml'), '-o', form]);
  configFile('lisen: x', `rules: [${folder}/rules]`);
  writeFileSync(join(folder, 'rules/broken.yml'), ruleText.replace('condition: created', 'condition: craeted'));
  const wrong = await check('json');
  expect(JSON.parse(wrong.stdout).map(({ part, passed }: Record<string, unknown>) => [part, passed])).toEqual([
    ['settings', false],
    ['rules', false],
  ]);
  expect(wrong).toMatchObject({ status: 2, stderr: '' });
  const failed = (await check('junit')).stdout;
  expect(failed).toContain('<testsuite name="tripline check" tests="2" failures="2" errors="0">');
  expect(failed).toMatch(/<failure message="[^"]*broken.yml:\d+:\d+: /);

  rmSync(join(folder, 'rules/broken.yml'));
  configFile(`rules: [${folder}/rules]`);
  const fit = await check('csv');
  expect(fit.stdout).toMatch(/^passed,part,message\r\ntrue,configuration,/);
  expect(fit.status).toBe(0);
  expect((await check('junit')).stdout).toContain('tests="2" failures="0" errors="0"');
});
