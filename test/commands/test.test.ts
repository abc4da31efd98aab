/** `tripline test`: what passes, what fails and why, and hostile case files. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { exampleFolder, passingCases, podIn, refusedCases, ruleText } from './files.ts';
import { run } from './run.ts';

let folder: string;
let rulePath: string;
beforeEach(() => {
  folder = exampleFolder();
  rulePath = join(folder, 'my-rules/pod-in-default.yml');
});

function writeCases(cases: unknown): void {
  const text = typeof cases === 'string' ? cases : JSON.stringify(cases);
  writeFileSync(rulePath.replace('.yml', '.cases.json'), text);
}

/** Without the bundled rules, which take longer to read than everything else. */
function testRules(...args: string[]) {
  const rules = join(folder, 'my-rules');
  return run(['test', rules, '--rules', rules, ...args]);
}

test('cases with the expected answer pass', async () => {
  expect(await testRules()).toEqual({ status: 0, stdout: '1 rule, 2 cases: all passed\n', stderr: '' });
});

test('a case with another answer fails, with the explanation', async () => {
  const [wrong] = passingCases.ignores;
  writeCases({ ...passingCases, matches: [{ ...wrong, name: 'wrong' }] });
  const { status, stdout } = await testRules();
  expect(stdout).toContain(`FAIL ${rulePath}\n  'wrong': expected matches, got ignores\n    record 1, event 0: `);
  expect(stdout).toContain("- namespace 'default': found 'shop'");
  expect(stdout).toContain('1 rule, 2 cases: 1 failed');
  expect(status).toBe(1);
});

test('a case can expect a level of the finding', async () => {
  const [match] = passingCases.matches;
  writeCases({ ...passingCases, matches: [{ ...match, level: 'low' }] });
  expect((await testRules()).status).toBe(0);
  writeCases({ ...passingCases, matches: [{ ...match, level: 'high' }] });
  const { status, stdout } = await testRules();
  expect(stdout).toContain('expected the level high, got low');
  expect(status).toBe(1);
});

test('cases can give lists the values that they are written for', async () => {
  const list = join(folder, 'watched_namespaces.yml');
  writeFileSync(list, 'title: Namespaces that nothing is to run in\nvalues: []\n');
  writeFileSync(rulePath, ruleText.replace('namespace: default', "namespace|expand: '%watched_namespaces%'"));
  const ofEmptyList = await testRules('--lists', list);
  expect(ofEmptyList).toMatchObject({ status: 1, stdout: expect.stringContaining('expected matches, got ignores') });
  writeCases({ lists: { watched_namespaces: ['default'] }, ...passingCases });
  expect(await testRules('--lists', list)).toEqual({ status: 0, stdout: '1 rule, 2 cases: all passed\n', stderr: '' });
});

test('values with which a rule cannot be used are reported', async () => {
  const list = join(folder, 'watched.yml');
  writeFileSync(list, 'title: Parts of names\nvalues: [x]\n');
  writeFileSync(rulePath, ruleText.replace('namespace: default', "namespace|expand: '%watched%%watched%%watched%'"));
  writeCases({ lists: { watched: Array.from({ length: 30 }, (_, index) => `n${index}`) }, ...passingCases });
  const { status, stderr } = await testRules('--lists', list);
  expect(stderr).toMatch(/pod-in-default\.yml:\d+:\d+: .*more than 10000 others/);
  expect(status).toBe(2);
});

test('a case can name trusted proxies', async () => {
  writeFileSync(rulePath, ruleText.replace('namespace: default', "clientIP: '203.0.113.5'"));
  const record = { ...podIn('default', 'p-1'), sourceIPs: ['203.0.113.5', '192.0.2.7'] };
  const behind = (trustedProxies: unknown) => ({ name: `behind ${trustedProxies}`, record, trustedProxies });
  writeCases({ matches: [behind(['192.0.2.0/24'])], ignores: [behind([]), { name: 'not known', record }] });
  expect(await testRules()).toEqual({ status: 0, stdout: '1 rule, 3 cases: all passed\n', stderr: '' });
});

test('several records are one case, which matches if any of them does', async () => {
  const records = [podIn('shop', 'r-1'), podIn('default', 'r-2')];
  writeCases({ ...passingCases, matches: [{ name: 'the second', records }] });
  expect((await testRules()).status).toBe(0);
});

test('a correlation is tested by a sequence', async () => {
  const correlation = `title: Many pods in the default namespace
id: 7d1b5a0e-5f6e-4c3c-9a38-0a52a5d5c002
name: pods-in-default
correlation:
  type: event_count
  rules: [pod-in-default]
  group-by: [username]
  timespan: 5m
  condition: { gte: 2 }
level: medium
`;
  writeFileSync(join(folder, 'my-rules/pods-in-default.yml'), correlation);
  const [one, two] = ['r-1', 'r-2'].map((auditID) => podIn('default', auditID));
  const cases = {
    matches: [{ name: 'two', records: [one, two] }],
    ignores: [{ name: 'the same one, sent again', records: [one, one] }],
  };
  writeFileSync(join(folder, 'my-rules/pods-in-default.cases.json'), JSON.stringify(cases));
  expect(await testRules()).toMatchObject({ status: 0, stdout: '2 rules, 4 cases: all passed\n' });
});

test.each([['off'], ['shadow']])('a rule in mode %s is tested', async (mode) => {
  writeFileSync(rulePath, `${ruleText}tripline: { mode: ${mode} }\n`);
  writeCases({ matches: [passingCases.matches[0]], ignores: [{ ...passingCases.matches[0], name: 'wrong' }] });
  expect(await testRules()).toMatchObject({ status: 1, stdout: expect.stringContaining("'wrong': expected ignores") });
});

test('a rule about something else is skipped', async () => {
  writeFileSync(
    join(folder, 'my-rules/foreign.yml'),
    ruleText.replace('kubernetes, service: audit', 'windows').replace('c001', 'c009').replace('pod-in', 'foreign'),
  );
  expect((await testRules()).stdout).toBe('1 rule, 2 cases: all passed\n');
});

describe('missing cases fail', () => {
  test('no file', async () => {
    rmSync(rulePath.replace('.yml', '.cases.json'));
    expect(await testRules()).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('pod-in-default.cases.json; write {'),
    });
  });
  test.each(['matches', 'ignores'])('no case that it %s', async (answer) => {
    writeCases({ ...passingCases, [answer]: [] });
    expect(await testRules()).toMatchObject({ status: 1, stdout: expect.stringContaining(`'${answer}' in `) });
  });
});

describe('a case file that cannot be read is reported with its path and case', () => {
  test.each(Object.entries(refusedCases))('%s', async (_, { cases, words }) => {
    writeCases(cases);
    const { status, stderr } = await testRules();
    expect(stderr).toMatch(words);
    expect(stderr).toContain('pod-in-default.cases.json: ');
    expect(status).toBe(2);
  });
});

describe('an exception', () => {
  const exception = `title: Trials
logsource: { product: kubernetes, service: audit }
filter:
  rules: [pod-in-default]
  ann: { username: ann }
  condition: not ann
`;
  const by = (username: string, namespace = 'default') => ({
    ...podIn(namespace, `e-${username}`),
    user: { username },
  });
  const cases = {
    matches: [{ name: 'bob', record: by('bob') }],
    ignores: [{ name: 'ann', record: by('ann') }],
  };
  const write = (text: string, own?: unknown) => {
    writeFileSync(join(folder, 'my-rules/trials.yml'), text);
    if (own !== undefined) writeFileSync(join(folder, 'my-rules/trials.cases.json'), JSON.stringify(own));
  };
  const testException = () => run(['test', join(folder, 'my-rules/trials.yml'), '--rules', rulePath]);

  test('without cases is skipped', async () => {
    write(exception);
    expect((await testException()).stdout).toBe('0 rules, 0 cases: all passed\n');
  });

  test('is tested with the rules that it is about', async () => {
    write(exception, cases);
    expect((await testException()).stdout).toBe('1 rule, 2 cases: all passed\n');
    write(exception.replace('{ username: ann }', '{ username: [ann, bob] }'), cases);
    expect(await testException()).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("'bob': expected matches, got ignores"),
    });
  });

  test('has to silence what its cases ignore', async () => {
    write(exception, { ...cases, ignores: [{ name: 'elsewhere', record: by('ann', 'shop') }] });
    expect(await testException()).toMatchObject({
      status: 1,
      stdout: expect.stringContaining(
        "'elsewhere': expected that the exception silences it, but the rules do not match",
      ),
    });
  });
});

test('-o ndjson has a line for each case', async () => {
  writeCases({ ...passingCases, undecided: [{ ...passingCases.matches[0], name: 'wrong' }] });
  const { stdout, stderr } = await testRules('-o', 'ndjson');
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(results.map(({ name, passed }) => [name, passed])).toEqual([
    ['in default', true],
    ['elsewhere', true],
    ['wrong', false],
  ]);
  expect(results[2].explained[0]).toMatchObject({ record: 1, explained: { answer: 'matches' } });
  expect(stderr).toContain('1 failed');
});

test('-o junit has a suite for each file, and says why a case fails', async () => {
  writeCases({ ...passingCases, undecided: [{ ...passingCases.matches[0], name: 'wrong' }] });
  const { stdout } = await testRules('-o', 'junit');
  expect(stdout).toContain(`<testsuite name="${rulePath}" tests="3" failures="1" errors="0">`);
  expect(stdout).toMatch(/name="matches: in default" file="[^"]*pod-in-default.cases.json"\/>/);
  expect(stdout).toMatch(/<failure message="expected undecided, got matches">[^<]*\+ created/);
});

test('-o junit names what cannot be read as an error', async () => {
  writeCases('{');
  expect((await testRules('-o', 'junit')).stdout).toMatch(/name="cases"[^>]*>\n *<error message="[^"]*JSON/);
  writeFileSync(join(folder, 'my-rules/broken.yml'), 'title: x\nstatus: test\n');
  expect((await testRules('-o', 'junit')).stdout).toMatch(/broken.yml" name="rule"[^>]*>\n *<error message="/);
});

test('-o csv has a row for each case', async () => {
  const { stdout } = await testRules('-o', 'csv');
  expect(stdout.replaceAll(folder, '')).toBe(
    'path,name,passed,expected,answer,message\r\n' +
      '/my-rules/pod-in-default.yml,in default,true,matches,matches,\r\n' +
      '/my-rules/pod-in-default.yml,elsewhere,true,ignores,ignores,\r\n',
  );
});

test('the bundled rules pass', async () => {
  expect(await run(['test'])).toMatchObject({ status: 0, stdout: expect.stringContaining('all passed') });
});
