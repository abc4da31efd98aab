/** `tripline rules backtest`: a corpus against expectations. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { exampleFolder, lines, podIn, ruleText } from './files.ts';
import { run } from './run.ts';

let folder: string;
let expected: string;

const correlation = `---
title: Two such pods
id: 7d1b5a0e-5f6e-4c3c-9a38-0a52a5d5c201
name: two-in-default
status: test
correlation:
  type: event_count
  rules: [pod-in-default]
  group-by: [namespace]
  timespan: 10m
  generate: true
  condition: { gte: 2 }
falsepositives: [none]
level: high
`;

beforeEach(() => {
  folder = exampleFolder();
  writeFileSync(join(folder, 'my-rules/pod-in-default.yml'), ruleText + correlation);
  mkdirSync(join(folder, 'recordings/attack'), { recursive: true });
  expected = join(folder, 'recordings/expected.json');
  write('attack/two.log', lines(podIn('default', 'a-1'), podIn('default', 'a-2')));
  write('attack/one.json', JSON.stringify([podIn('default', 'b-1')]));
  write('day.log', lines(podIn('shop', 'c-1'), podIn('shop', 'c-2')));
  write('README.md', '# What this is');
  write('.hidden', 'nothing');
});

const write = (name: string, text: string) => writeFileSync(join(folder, 'recordings', name), text);
const backtest = (...args: string[]) => run(['rules', 'backtest', ...args, '--rules', join(folder, 'my-rules')]);

const written = `{
  "attack/one.json": {
    "findings": [
      { "rule": "pod-in-default", "auditID": "b-1" }
    ]
  },
  "attack/two.log": {
    "findings": [
      { "rule": "pod-in-default", "auditID": "a-1" },
      { "rule": "pod-in-default", "auditID": "a-2" },
      { "rule": "two-in-default", "auditID": "a-2" }
    ]
  },
  "day.log": {}
}
`;

test('written expectations are met, and are the same when they are written again', async () => {
  const first = await backtest(expected, '--update');
  expect(first).toMatchObject({ status: 0, stderr: '' });
  // Each file starts afresh: with that in one.json there are three pods, but it is the only one in its file.
  expect(readFileSync(expected, 'utf8')).toBe(written);
  expect(await backtest(expected)).toMatchObject({ status: 0, stdout: '3 files, 4 findings: as expected\n' });
  expect(await backtest(expected, '--update')).toMatchObject({ status: 0 });
  expect(readFileSync(expected, 'utf8')).toBe(written);
});

test('differences are reported: missed, new, another count', async () => {
  writeFileSync(
    expected,
    JSON.stringify({
      'attack/one.json': { findings: [{ rule: 'pod-in-default', auditID: 'b-2' }] },
      'attack/two.log': { counts: { 'pod-in-default': 3 }, findings: [{ rule: 'two-in-default', auditID: 'a-1' }] },
    }),
  );
  const { status, stdout } = await backtest(expected);
  expect(stdout).toBe(
    'attack/one.json: pod-in-default: missed b-2\n' +
      'attack/one.json: pod-in-default: new b-1: Pod in the default namespace (low)\n' +
      'attack/two.log: pod-in-default: expected 3 findings, found 2\n' +
      '3 files, 4 findings: 1 missed, 1 new, 1 with a different count\n',
  );
  expect(status).toBe(1);
  const ndjson = await backtest(expected, '-o', 'ndjson');
  expect(
    ndjson.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).difference),
  ).toEqual(['missed', 'new', 'count']);
});

test('JUnit has a suite for each file and a case for each rule', async () => {
  await backtest(expected, '--update');
  writeFileSync(expected, readFileSync(expected, 'utf8').replace('"a-1"', '"a-9"'));
  const { status, stdout } = await backtest(expected, '-o', 'junit');
  expect(stdout).toContain('<testsuite name="attack/two.log" tests="2" failures="1" errors="0">');
  expect(stdout).toContain('<testcase classname="attack/two.log" name="two-in-default" file="attack/two.log"/>');
  expect(stdout).toContain('<failure message="missed a-9">missed a-9\nnew a-1: Pod in the default namespace (low)');
  expect(stdout).toContain('<testcase classname="day.log" name="no findings" file="day.log"/>');
  expect(status).toBe(1);
});

test('only the named files are compared or updated', async () => {
  await backtest(expected, '--update');
  write('attack/two.log', lines(podIn('default', 'a-1')));
  expect(await backtest(expected, join(folder, 'recordings/day.log'))).toMatchObject({ status: 0 });
  expect((await backtest(expected, join(folder, 'recordings/attack'))).stdout).toContain('two-in-default: missed a-2');
  rmSync(join(folder, 'recordings/day.log'));
  expect(await backtest(expected, join(folder, 'recordings/attack'), '--update')).toMatchObject({ status: 0 });
  expect(readFileSync(expected, 'utf8')).toContain('"day.log": {}');
  expect(readFileSync(expected, 'utf8')).not.toContain('two-in-default');
  const gone = await backtest(expected);
  expect(gone.stdout).toContain('day.log: does not exist\n');
  expect(gone.status).toBe(2);
  expect(await backtest(expected, '--update')).toMatchObject({ status: 0 });
  expect(readFileSync(expected, 'utf8')).not.toContain('day.log');
});

test('an override in the settings applies', async () => {
  await backtest(expected, '--update');
  const config = join(folder, 'tripline.yaml');
  writeFileSync(config, 'overrides: { two-in-default: { mode: off } }\n');
  const { status, stdout } = await backtest(expected, '--config', config);
  expect(stdout).toContain('attack/two.log: two-in-default: missed a-2\n');
  expect(status).toBe(1);
});

test('a file that cannot be read is not a success, and then nothing is written', async () => {
  write('broken.log', `${lines(podIn('shop', 'c-1'))}{"auditID": \n`);
  write('other.log', 'a line\nanother\n');
  const { status, stdout } = await backtest(expected, '--update');
  expect(stdout).toMatch(
    /broken\.log: 1 record cannot be read\n.*other\.log: none of 2 records contains an audit event; /s,
  );
  expect(status).toBe(2);
  expect((await backtest(expected)).stderr).toContain(
    'expected.json does not exist; write the current findings to it with --update',
  );
  writeFileSync(expected, '{"day.log": {"finding": []}}');
  expect((await backtest(expected)).stderr).toContain("'day.log': unknown key 'finding'; did you mean 'findings'?");
});
