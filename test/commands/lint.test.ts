/** `tripline lint`: errors and warnings of every kind of file, on their own and together. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { exampleFolder, ruleText } from './files.ts';
import { run } from './run.ts';

let folder: string;
beforeEach(() => {
  folder = exampleFolder();
});

function write(name: string, text: string): string {
  mkdirSync(join(folder, 'more'), { recursive: true });
  const path = join(folder, 'more', name);
  writeFileSync(path, text);
  return path;
}

test('files without problems are counted', async () => {
  const ran = await run(['lint', join(folder, 'my-rules')]);
  expect(ran).toEqual({ status: 0, stdout: '1 file, 0 errors, 0 warnings\n', stderr: '' });
});

test('an error has its place, an excerpt, a caret and a suggestion', async () => {
  const path = write('x.yml', ruleText.replace('namespace: default', 'namespace|startwith: default'));
  const { status, stdout } = await run(['lint', path]);
  expect(stdout).toMatch(new RegExp(`^${path}:9:\\d+: error: .*'startwith'; did you mean 'startswith'\\?`));
  expect(stdout).toMatch(/\n {4}9 \| .*\n {6}\| +\^\n/);
  expect(stdout).toMatch(/\n1 file, 1 error, 0 warnings\n$/);
  expect(status).toBe(1);
});

test.each([
  ['lint', 'x.yml'],
  ['lint', 'none.yml'],
  ['scan', 'x.yml'],
  ['scan', 'none'],
  ['explain', 'pod-host-pid', 'x.yml'],
  ['test', 'x.yml'],
])('control characters in the name of a file do not reach the terminal: %s %s', async (...args) => {
  const name = `\u001b[2J\u202e${args.at(-1)}`;
  const path = write(name, '{"a":'.repeat(2_000));
  const asked = args.at(-1)!.startsWith('none') ? `${path}.none.yml` : path;
  const { status, stdout, stderr } = await run([...args.slice(0, -1), asked], { columns: 80 });
  expect(status).not.toBe(0);
  expect(stdout + stderr).toContain('[2J');
  for (const character of ['\u001b', '\u202e']) expect(stdout + stderr).not.toContain(character);
});

test('a warning names its check, and is not a failure', async () => {
  const { status, stdout } = await run(['lint', write('x.yml', ruleText.replace('action: create', 'verb: replace'))]);
  expect(stdout).toMatch(/warning: .*'replace'.*\[verb\]\n/);
  expect(status).toBe(0);
});

test.each<[string, string, RegExp]>([
  ['owners.yml', 'owners:\n  - namespace: shop\n', /owners\.yml:2:5: error: the entry has no 'owner'/],
  ['list.yml', 'title: A list\nvalues: {}\n', /error: 'values' has to be a list/],
  [
    'exception.yml',
    'title: x\nlogsource: { product: kubernetes }\nfilter:\n  rules: [pod-in-defalt]\n  own: { username: ann }\n  condition: not own\n',
    /pod-in-default/,
  ],
  [
    'correlation.yml',
    'title: x\nname: x\ncorrelation: { type: event_count, rules: [nowhere-to-be-found], timespan: 5m, condition: { gte: 2 } }\n',
    /nowhere-to-be-found/,
  ],
])('%s is identified by its content, and checked together with the rest', async (name, text, words) => {
  const { status, stdout } = await run(['lint', join(folder, 'my-rules'), write(name, text)]);
  expect(stdout).toMatch(words);
  expect(stdout).toContain(name);
  expect(status).toBe(1);
});

test('a name that another rule has is reported', async () => {
  const path = write('again.yml', ruleText.replace('c001', 'c002'));
  expect((await run(['lint', join(folder, 'my-rules'), path])).stdout).toMatch(/'pod-in-default'/);
});

test('-o ndjson has a line for each problem, and the count is on stderr', async () => {
  const path = write('x.yml', 'title: x\nstatus: test\n');
  const { stdout, stderr } = await run(['lint', path, '-o', 'ndjson']);
  const problems = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(problems.map(({ severity, message }) => [severity, message.replace(/[,:].*/, '')]).sort()).toEqual([
    ['error', "the rule has no 'detection'"],
    ['error', "the rule has no 'logsource'"],
    ...['falsepositives', 'id', 'level'].map((key) => ['warning', `the rule has no '${key}'`]),
  ]);
  expect(new Set(problems.map((problem) => problem.path))).toEqual(new Set([path]));
  expect(stderr).toContain('1 file, 2 errors, 3 warnings');
});

test('-o junit has a case for each file, with its errors and its warnings', async () => {
  const wrong = write('x.yml', 'title: x\nstatus: test\n');
  const warned = write(
    'y.yml',
    ruleText.replace('action: create', 'verb: replace').replaceAll('c001', 'c009').replaceAll('pod-in-default', 'y'),
  );
  const { status, stdout, stderr } = await run(['lint', join(folder, 'my-rules'), wrong, warned, '-o', 'junit']);
  expect(stdout).toContain('<testsuite name="tripline lint" tests="3" failures="1" errors="0">');
  expect(stdout).toMatch(/my-rules\/pod-in-default.yml"\/>/);
  expect(stdout).toMatch(/name="[^"]*x.yml" file="[^"]*x.yml" line="1">\n *<failure message="[^"]*x.yml:1:1: error: /);
  expect(stdout).toMatch(/y.yml">\n *<system-out>[^<]*warning: [^<]*\[verb\]/);
  expect(stderr).toMatch(/^3 files, /);
  expect(status).toBe(1);
});

test('a path that does not exist is reported', async () => {
  expect(await run(['lint', join(folder, 'none')])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('none does not exist'),
  });
});

test('the bundled files have no errors', async () => {
  expect((await run(['lint'])).status).toBe(0);
});

test('--fix fixes what it can in the named files, and reports the rest', async () => {
  const text = ruleText
    .replace('action: create', 'action|all: create, verb: replace')
    .replace('level: low', 'level: Low');
  const path = write('x.yml', text);
  const { status, stdout } = await run(['lint', path, '--fix']);
  expect(readFileSync(path, 'utf8')).toBe(text.replace('|all', '').replace('Low', 'low'));
  expect(stdout).toContain("no request has the verb 'replace'");
  expect(stdout).toMatch(/\n1 file, 0 errors, 1 warning, 2 fixed\n$/);
  expect(status).toBe(0);
  expect((await run(['lint', path, '--fix'])).stdout).toMatch(/, 0 fixed\n$/);
  expect((await run(['lint', '--fix'])).stderr).toContain('--fix changes files; name the files that it may change');
});
