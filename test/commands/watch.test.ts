/** `tripline test --watch`: reruns what changed, and ends cleanly. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { built } from '../program.ts';
import { exampleFolder, passingCases, podIn, ruleText } from './files.ts';

let folder: string;
let child: ChildProcess;
let text: string;
let exited: Promise<unknown[]>;

const write = (name: string, content: unknown) => {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
};
const list = (...values: string[]) => `title: Where nothing is to run\nvalues: ${JSON.stringify(values)}\n`;

beforeEach(() => {
  folder = exampleFolder();
  mkdirSync(join(folder, 'my-lists'));
  write('my-lists/watched_namespaces.yml', list('shop'));
  // Another rule, which refers to a list.
  const other = ruleText.replace('c001', 'c002').replace('name: pod-in-default', 'name: pod-in-watched');
  write('my-rules/pod-in-watched.yml', other.replace('namespace: default', "namespace|expand: '%watched_namespaces%'"));
  write('my-rules/pod-in-watched.cases.json', {
    matches: [{ name: 'in shop', record: podIn('shop', 'w-1') }],
    ignores: [{ name: 'in test', record: podIn('test', 'w-2') }],
  });
});
afterEach(() => child.kill('SIGKILL'));

async function start(...more: string[]): Promise<void> {
  const args = ['test', 'my-rules', '--watch', '--rules', 'my-rules', '--lists', 'my-lists', ...more];
  child = spawn(process.execPath, [built, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  exited = once(child, 'exit');
  text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (part) => (text += part));
  await said(/cases: .*\n/);
}

/** The output from now on, until it has all of these words; stdout and stderr come in any order. */
async function said(...words: RegExp[]): Promise<string> {
  for (;;) {
    const found = words.map((word) => word.exec(text));
    if (found.every((match) => match !== null)) {
      const until = Math.max(...found.map((match) => match.index + match[0].length));
      const before = text.slice(0, until);
      text = text.slice(until);
      return before;
    }
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function interrupt(): Promise<number | null> {
  child.kill('SIGINT');
  const [code] = await exited;
  return code as number | null;
}

test('a change to a rule, a case file or a list reruns its cases, and nothing else', async () => {
  await start('-o', 'ndjson');
  const isRun = (lines: string) => lines.split('\n').flatMap((line) => /"name":"([^"]+)"/.exec(line)?.[1] ?? []);
  const verdict = /\d+ rules?, \d+ cases?: .*\n/;

  write('my-rules/pod-in-default.yml', ruleText.replace('namespace: default', 'namespace: other'));
  const ofRule = await said(verdict, /"elsewhere".*\n/);
  expect(ofRule).toContain('my-rules/pod-in-default.yml changed\n');
  expect(isRun(ofRule)).toEqual(['in default', 'elsewhere']);
  expect(ofRule).toContain('2 rules, 4 cases: 1 failed');

  write('my-rules/pod-in-default.yml', ruleText);
  expect(await said(verdict, /"elsewhere".*\n/)).toContain('2 rules, 4 cases: all passed');

  write('my-rules/pod-in-default.cases.json', { ...passingCases, matches: [] });
  const ofCases = await said(verdict, /"elsewhere".*\n/, /is empty.*\n/);
  expect(ofCases).toContain('my-rules/pod-in-default.cases.json changed\n');
  expect(isRun(ofCases)).toEqual(['elsewhere']);

  write('my-lists/watched_namespaces.yml', list('test'));
  const ofList = await said(verdict, /"in test".*\n/);
  expect(isRun(ofList)).toEqual(['in shop', 'in test']);
  expect(ofList).toContain('2 rules, 3 cases: 3 failed');
  expect(await interrupt()).toBe(1);
});

test('a file that cannot be read is reported, and watched until it can be', async () => {
  await start();
  write('my-rules/pod-in-default.yml', ruleText.replace('action: create', 'action|startwith: create'));
  await said(/could not be read/, /did you mean 'startswith'\?/);
  write('my-rules/pod-in-default.cases.json', '{');
  write('my-rules/pod-in-default.yml', ruleText);
  await said(/could not be read/, /pod-in-default.cases.json: .*JSON/);
  write('my-rules/pod-in-default.cases.json', passingCases);
  await said(/2 rules, 4 cases: all passed/);

  rmSync(join(folder, 'my-rules/pod-in-watched.yml'));
  await said(/1 rule, 2 cases: all passed/);
  rmSync(join(folder, 'my-rules'), { recursive: true });
  await said(/my-rules does not exist/);
  mkdirSync(join(folder, 'my-rules'));
  write('my-rules/pod-in-default.yml', ruleText);
  write('my-rules/pod-in-default.cases.json', passingCases);
  await said(/1 rule, 2 cases: all passed/);
  expect(await interrupt()).toBe(0);
});

test('the screen is not cleared', async () => {
  await start();
  write('my-rules/pod-in-default.yml', `${ruleText}author: Ann\n`);
  expect(await said(/all passed/)).not.toContain('\x1b');
  expect(await interrupt()).toBe(0);
});
