/** A scan with a plan finds what one scan of the same records in order of time finds, however it is divided and stopped. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockFile } from '../../src/sinks/disk/lock.ts';
import { lines } from '../commands/files.ts';
import { type Ran, run, workFolder } from '../commands/run.ts';
import { built } from '../program.ts';
import { podEvent } from '../server/app.ts';
import { type FakeS3, openFakeS3, refuse } from '../storage/fake-s3.ts';
import { type Archives, writeArchives } from './archives.ts';

const root = workFolder();
let archives: Archives;
let plain: Ran;
let number = 0;
const newPlan = () => join(root, `plan-${number++}`);
const rowsOf = ({ stdout }: Ran): Record<string, any>[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const scan = (...args: string[]) =>
  run(['scan', '--rules', archives.rules, '--show', 'findings', '-o', 'ndjson', ...args]);
const totals = ({ stderr }: Ran) => stderr.split('\n').filter((line) => line.includes(' records, '));

/** Findings with the record that carries each, but not its place. Reports are without it, as they come with whichever record
 * is the first after the end of their window. */
function findingsOf(ran: Ran, auditIDAt: (file: string, record: number) => string): string[] {
  return rowsOf(ran)
    .map(({ file, record, line, ...finding }) => {
      return JSON.stringify(finding.kind === 'report' ? finding : { ...finding, on: auditIDAt(file, record) });
    })
    .sort();
}

const inArchives = (file: string, record: number) => archives.records.get(file)![record - 1]!.auditID;
let expected: string[];

beforeAll(async () => {
  archives = writeArchives(root);
  plain = await scan(archives.inOrder);
  const inOrder = readFileSync(archives.inOrder, 'utf8').split('\n');
  expected = findingsOf(plain, (_, record) => JSON.parse(inOrder[record - 1]!).auditID);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('the archives have findings of rules, of every type of correlation, and reports', () => {
  const found = rowsOf(plain);
  expect(found.some(({ correlation }) => correlation === undefined)).toBe(true);
  expect(found.some(({ kind }) => kind === 'report')).toBe(true);
  expect(new Set(found.map(({ correlation }) => correlation?.type)).size).toBeGreaterThan(6);
});

test.each([1, 3])(
  'with %d units at the same time it finds the same as one scan, with the same totals',
  async (jobs) => {
    const plan = newPlan();
    const planned = await scan('--plan', plan, '--jobs', String(jobs), archives.folder);
    expect(planned.stderr).not.toContain('tripline:');
    expect(findingsOf(planned, inArchives)).toEqual(expected);
    expect(totals(planned)).toEqual(totals(plain));
    expect(planned.status).toBe(plain.status);
    if (jobs > 1) return;
    const summary = (...args: string[]) =>
      run(['scan', '--rules', archives.rules, '--show', 'summary', '-o', 'ndjson', ...args]);
    // When the same command is given again, nothing is scanned again.
    const again = await summary('--plan', plan, '--jobs', '1', archives.folder);
    const sorted = (ran: Ran) => ran.stdout.split('\n').sort();
    expect(sorted(again)).toEqual(sorted(await summary(archives.inOrder)));
  },
);

test('a scan that is killed repeatedly continues, and finds the same', async () => {
  const plan = newPlan();
  const command = ['scan', '--rules', archives.rules, '--plan', plan, '--jobs', '2', archives.folder];
  const doneIn = () => (existsSync(plan) ? readdirSync(plan).filter((name) => name.endsWith('.result')) : []);
  const done: string[][] = [];
  for (let times = 0; times < 2; times++) {
    const before = doneIn().length;
    const child = spawn(process.execPath, [built, ...command], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    while (doneIn().length === before && child.exitCode === null) await sleep(2);
    child.kill('SIGKILL');
    await exited;
    done.push(doneIn());
  }
  expect(done[1]!.length).toBeGreaterThan(Math.min(6, done[0]!.length));
  // As if one had been killed while it wrote.
  writeFileSync(join(plan, 'unit-6.found.c3c1c3c1-aaaa-bbbb-cccc-000000000000'), '{"cut');
  const kept = readFileSync(join(plan, done[0]![0]!));
  const { stdout } = spawnSync(process.execPath, [built, ...command], { encoding: 'utf8' });
  expect(findingsOf({ stdout, stderr: '', status: 0 }, inArchives)).toEqual(expected);
  expect(readFileSync(join(plan, done[0]![0]!))).toEqual(kept);
  expect(
    readdirSync(plan).filter((name) => !/^(plan\.json|\.lock|unit-\d+\.(result|found|counted))$/.test(name)),
  ).toEqual([]);
});

test('two scans at the same time are refused, except for parts', async () => {
  const plan = newPlan();
  mkdirSync(plan);
  const unlock = lockFile(join(plan, '.lock'));
  const { status, stderr } = await scan('--plan', plan, archives.folder);
  const part = await scan('--plan', plan, '--shard', '0/7', '--jobs', '1', archives.folder);
  unlock();
  expect(part.status).toBe(0);
  expect(stderr).toMatch(/the plan cannot be used: .*\.lock is locked: another process/);
  expect(status).toBe(2);
});

test('parts run on several machines, and the report follows them', async () => {
  const plan = newPlan();
  const first = await scan('--plan', plan, '--shard', '0/2', '--jobs', '1', archives.folder);
  const early = await scan('--plan', plan, '--finish');
  expect(early.stderr).toMatch(/tripline: 3 units of 7 not done yet: 1, 3, 5/);
  expect([early.status, early.stdout]).toEqual([2, '']);
  const second = await scan('--plan', plan, '--shard', '1/2', '--jobs', '1', archives.folder);
  expect([first.status, second.status, first.stdout, second.stdout]).toEqual([0, 0, '', '']);
  const planned = await scan('--plan', plan, '--finish');
  expect(findingsOf(planned, inArchives)).toEqual(expected);
  expect(planned.status).toBe(1);
});

test('a file that is written after the plan fails only its unit, and the others are kept', async () => {
  const folder = join(root, 'changing');
  cpSync(archives.folder, folder, { recursive: true });
  const plan = newPlan();
  await scan('--plan', plan, '--shard', '6/7', '--jobs', '1', folder);
  writeFileSync(join(folder, 'day/0.log'), lines(podEvent({})));
  const { status, stderr } = await scan('--plan', plan, '--shard', '0/1', '--jobs', '1', folder);
  expect(stderr).toMatch(/tripline: unit 0: .*0\.log: it has been written since the plan was made/);
  expect(status).toBe(2);
  expect(readdirSync(plan).filter((name) => name.endsWith('.result'))).toHaveLength(6);
  const whole = await scan('--plan', plan, folder);
  expect(whole.stderr).toContain('0.log, which has been written since; use --restart');
  expect([whole.status, whole.stdout]).toEqual([2, '']);
  expect((await scan('--plan', plan, '--restart', '--jobs', '1', folder)).status).toBe(1);
});

test('a file of a unit that is not as it was written is named, and its unit is scanned again', async () => {
  const whole = newPlan();
  await scan('--plan', whole, archives.folder);
  const named = readdirSync(whole).filter((name) => readFileSync(join(whole, name)).length > 9);
  const cases = [
    ['result', '{"cut'],
    ['found', ''],
    ['found', '{"cut'],
    ['counted', ''],
  ] as const;
  for (const [kind, damage] of cases) {
    const plan = newPlan();
    cpSync(whole, plan, { recursive: true });
    const path = join(plan, named.find((name) => name.endsWith(`.${kind}`))!);
    const result = path.replace(kind, 'result');
    writeFileSync(path, damage);
    const { status, stderr } = await scan('--plan', plan, '--finish');
    expect(stderr).toContain(`${path} differs from what was written; remove ${result}, and run`);
    expect(status).toBe(2);
    rmSync(result);
    if (damage === '') expect(findingsOf(await scan('--plan', plan, archives.folder), inArchives)).toEqual(expected);
  }
});

test.each([
  [['--jobs', '2', 'x'], 'name its folder with --plan'],
  [['--plan', 'p'], 'name files, folders or addresses'],
  [['--plan', 'p', '--jobs', '0', 'x'], 'not a number of jobs'],
  [['--plan', 'p', '--shard', '2/2', 'x'], 'not a part'],
  [['--plan', 'p', '--finish', 'x'], 'leave them out with --finish'],
  [['--plan', 'p', '--finish', '--restart'], '--finish cannot be combined'],
  [['--plan', 'p', '--shard', '0/2', '--restart', 'x'], 'leave out --restart'],
  [['--plan', 'p', '--show', 'records', 'x'], 'a plan keeps what was found'],
  [['--plan', newPlan(), '-'], 'stdin cannot be read twice'],
  [['--plan', '', 'x'], '--plan does not name a folder'],
  [['--plan', built, 'x'], 'tripline.js is not a folder, or is inside a file; name a folder'],
  [['--plan', join(built, 'x'), '--shard', '0/2', import.meta.filename], 'name a folder'],
])('%j is refused: %s', async (args, words) => {
  const { status, stderr } = await run(['scan', ...args]);
  expect(stderr).toContain(words);
  expect(status).toBe(2);
});

test('what is wrong with records is reported in the order of the inputs, each time', async () => {
  const plan = newPlan();
  const folder = join(root, 'archive-b');
  mkdirSync(folder);
  const cut = '{"kind":"Event","cut\n';
  writeFileSync(join(folder, 'second.log'), `${lines(podEvent({}))}${cut}`);
  writeFileSync(join(folder, 'first.log'), `${lines(podEvent({}), podEvent({}))}${cut}`);
  for (let times = 0; times < 2; times++) {
    const { status, stderr } = await scan('--plan', plan, '--jobs', '2', folder);
    expect(stderr).toMatch(/first\.log: line 3: .*second\.log: line 2: /s);
    expect(status).toBe(2);
  }
});

test('objects that temporarily cannot be read fail their units, which the same command retries', async () => {
  const objects = Object.fromEntries([...archives.records].map(([path], i) => [`day/${i}`, readFileSync(path)]));
  const s3: FakeS3 = await openFakeS3(objects);
  const environment = { ...s3.environment, AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
  const plan = newPlan();
  const planned = () =>
    run(['scan', '--rules', archives.rules, '--show', 'findings', '--plan', plan, '--jobs', '1', 's3://audit/day/'], {
      environment,
    });
  s3.before = (key, response) => key === 'day/3' && refuse(response, 403, 'ExpiredToken');
  const failed = await planned();
  expect(failed.stderr).toMatch(/tripline: unit 3: s3:\/\/audit\/day\/3: at byte 0 .* have expired/);
  expect(failed.status).toBe(2);
  s3.before = () => false;
  s3.asked.length = 0;
  const done = await planned();
  const paths = [...archives.records.keys()];
  const atObject = (file: string, record: number) => inArchives(paths[Number(file.at(-1))]!, record);
  expect(findingsOf(done, atObject)).toEqual(expected);
  expect(s3.asked.filter((asked) => asked.includes('/day/'))).toEqual(['GET /audit/day/3']);
});
