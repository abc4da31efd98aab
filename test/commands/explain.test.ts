/** `tripline explain`: why each event matches or not, as text and as JSON. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundledRules, podEvent } from '../server/app.ts';
import { exampleFolder, lines, podIn, ruleText } from './files.ts';
import { run } from './run.ts';

const folder = exampleFolder();
const records = lines(
  podEvent(),
  podEvent({ hostPID: false }),
  { log: 'text' },
  { ...podEvent(), stage: 'RequestReceived' },
);

test('each event is shown with every predicate, its value and its truth', async () => {
  const { status, stdout } = await run(['explain', 'pod-host-pid'], { input: records });
  expect(stdout).toContain('record 1, event 0: ann: create pods shop/web: pod-host-pid matches\n');
  expect(stdout).toContain('+ hostPID true: found true');
  expect(stdout).toContain('record 2, event 0: ann: create pods shop/web: pod-host-pid does not match\n');
  expect(stdout).toContain('- hostPID true: found false');
  expect(stdout).toContain('record 3: there is no audit event in it\n');
  expect(stdout).toContain(
    'record 4, event 0: ann: create pods shop/web: no rule looks at the stage RequestReceived\n',
  );
  expect(status).toBe(0);
});

test('a match shows which condition set its level', async () => {
  const path = join(folder, 'my-rules/levels.yml');
  const levels = 'tripline: { levels: [{ condition: by_robot, level: low }, { condition: created, level: high }] }\n';
  const rule = ruleText.replace('name: pod-in-default', 'name: levels').replace(/id: .*\n/, '');
  writeFileSync(path, rule.replace('  condition:', '  by_robot: { username: robot }\n  condition:') + levels);
  const { stdout } = await run(['explain', path], { input: lines(podIn('default', 'l-1'), podIn('shop', 'l-2')) });
  expect(stdout).toMatch(/level high: .*\n {4}low if\n {6}- by_robot\n(?: {7}.*\n)+ {4}high if\n {6}\+ created\n/);
  expect(stdout.split('level high')).toHaveLength(2);
});

test('a correlation shows what its rules answer, in which group a match counts, and what is found', async () => {
  const path = join(bundledRules, 'kubernetes/secrets-bulk-read-by-person.cases.json');
  const { matches } = JSON.parse(readFileSync(path, 'utf8'));
  const input = lines(...matches[0].records);
  const { status, stdout } = await run(['explain', 'secrets-bulk-read-by-person'], { input });
  expect(stdout).toContain(
    'record 1, event 0: ann: get secrets shop/db-0: counts in secrets-bulk-read-by-person by ' +
      'secrets-bulk-read-by-person-event, among events with username=ann\n',
  );
  expect(stdout).toContain('\nrecord 3: secrets-bulk-read-by-person finds: [ann] read 3 Secrets or more');
  expect(stdout).not.toContain('\nrecord 2: secrets-bulk-read-by-person finds');
  expect(status).toBe(0);
});

test('--record reports a number that no record has, and ignores other records that cannot be read', async () => {
  const input = `${records.split('\n')[0]}\n{"kind":"Event", cut\n`;
  const beyond = await run(['explain', 'pod-host-pid', '--record', '9'], { input });
  expect(beyond).toEqual({
    status: 2,
    stdout: '',
    stderr: 'tripline: there is no record 9: the input has 2 records\n',
  });
  expect((await run(['explain', 'pod-host-pid', '--record', '1'], { input })).status).toBe(0);
  const ignored = await run(['explain', 'pod-host-pid', '--only', 'ignores'], { input });
  expect(ignored).toMatchObject({ status: 2, stdout: expect.stringMatching(/^record 2: cannot be read: /) });
});

test('--only and --record leave out the rest, and the numbers stay the same', async () => {
  const headsOf = (stdout: string) => stdout.match(/^record.*/gm);
  const ignored = await run(['explain', 'pod-host-pid', '--only', 'ignores'], { input: records });
  expect(headsOf(ignored.stdout)).toEqual([expect.stringMatching(/^record 2, .* does not match$/)]);
  const fourth = await run(['explain', 'pod-host-pid', '--record', '4'], { input: records });
  expect(headsOf(fourth.stdout)).toEqual([expect.stringMatching(/^record 4, .* RequestReceived$/)]);
});

test('the lines of a selection follow its name, without an "and" in between', async () => {
  const { stdout } = await run(['explain', 'pod-host-pid', '--record', '1'], { input: records });
  expect(stdout).toContain("    + created\n      + action 'create'");
  expect(stdout).not.toMatch(/^( *)([+?-]) and\n\1 {2}[+?-] and\n/m);
});

test('-o ndjson has one line for each event, or record without one', async () => {
  const { stdout } = await run(['explain', 'pod-host-pid', '-o', 'ndjson'], { input: records });
  const explained = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(explained.map(({ record, kind, answer }) => [record, kind, answer])).toEqual([
    [1, 'event', 'matches'],
    [2, 'event', 'ignores'],
    [3, 'not_audit', undefined],
    [4, 'unanswered', undefined],
  ]);
  expect(explained[0].explanation).toMatchObject({ kind: 'and', truth: true });
});

test('a rule is found by its id, and by its file', async () => {
  const path = join(folder, 'my-rules/pod-in-default.yml');
  for (const args of [[path], ['7D1B5A0E-5f6e-4c3c-9a38-0a52a5d5c001', '--rules', path]]) {
    const { status, stdout } = await run(['explain', ...args], { input: records });
    expect(stdout).toContain('pod-in-default does not match');
    expect(status).toBe(0);
  }
});

test('a rule that cannot be decided says why', async () => {
  const { requestObject, ...event } = podEvent() as any;
  const { stdout } = await run(['explain', 'pod-host-pid'], { input: lines({ ...event, level: 'Metadata' }) });
  expect(stdout).toContain('pod-host-pid cannot be decided');
  expect(stdout).toMatch(/\? hostPID true: found nothing \(gap: not_logged\)/);
});

test.each<[string, string[], RegExp]>([
  ['a rule that there is not', ['pod-host-pit'], /there is no rule 'pod-host-pit'; did you mean 'pod-host-pid'\?/],
  [
    'a record by no number',
    ['pod-host-pid', '--record', '0'],
    /'0' is not a record number; records are numbered from 1/,
  ],
  ['a record that is not there', ['pod-host-pid', join(folder, 'none')], /no such file/],
  ['a rule file that is not there', [join(folder, 'none.yml')], /none.yml does not exist/],
])('%s is reported', async (_, args, words) => {
  const { status, stderr } = await run(['explain', ...args]);
  expect(stderr).toMatch(words);
  expect(status).toBe(2);
});

test('a record that cannot be read is reported, and the next one is explained', async () => {
  const input = Buffer.concat([Buffer.from([0xff, 0x0a]), Buffer.from(lines(podEvent()))]);
  const { status, stdout } = await run(['explain', 'pod-host-pid'], { input });
  expect(stdout).toMatch(/record 1: cannot be read: .*\nrecord 2, event 0: /);
  expect(status).toBe(2);
});

test('a line of text is a record without an event', async () => {
  const { stdout } = await run(['explain', 'pod-host-pid'], { input: `text\n${lines(podEvent())}` });
  expect(stdout).toMatch(/record 1: there is no audit event in it\nrecord 2, event 0: /);
});

test('input from a terminal is not waited for', async () => {
  const { status, stderr } = await run(['explain', 'pod-host-pid'], { isTTY: true });
  expect(stderr).toContain('there is no record; name a file');
  expect(status).toBe(2);
});

test('control characters of an event do not reach the terminal', async () => {
  const path = join(folder, 'odd.json');
  writeFileSync(path, JSON.stringify({ ...podEvent(), user: { username: 'ann\u001b[2J\u202e' } }));
  const { stdout } = await run(['explain', 'pod-host-pid', path]);
  expect(stdout).toContain('ann');
  for (const character of ['\u001b', '\u202e']) expect(stdout).not.toContain(character);
});
