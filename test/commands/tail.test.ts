/** `tripline tail`: kept and new findings, over connections that break, and refusals in words. */
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sinceIn } from '../../src/commands/tail/values.ts';
import { type FakeConsole, rowOf, startFakeConsole } from './fake-console.ts';
import { type Ran, run } from './run.ts';

let console: FakeConsole;
beforeEach(async () => {
  console = await startFakeConsole();
});
afterEach(() => console.close());

const environment = () => ({ TRIPLINE_URL: console.url });
const tail = (...args: string[]) => run(['tail', ...args], { environment: environment() });

const summaries = ({ stdout }: Pick<Ran, 'stdout'>): string[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).id);

/** Runs until it is stopped. */
function follow(...args: string[]) {
  let stop!: (signal: string) => void;
  let written = { stdout: '', stderr: '' };
  let onWrite = () => {};
  const ran = run(['tail', ...args], {
    environment: environment(),
    stopped: new Promise((resolve) => (stop = resolve)),
    onWrite(stdout, stderr) {
      written = { stdout, stderr };
      onWrite();
    },
  });
  return {
    /** Resolves when one of the two outputs has this text, or with the result if the command ends. */
    until: (text: string) =>
      Promise.race([
        ran,
        new Promise<void>((resolve) => {
          onWrite = () => {
            if (written.stdout.includes(text) || written.stderr.includes(text)) resolve();
          };
          onWrite();
        }),
      ]),
    stop() {
      stop('SIGINT');
      return ran;
    },
  };
}

describe('kept findings', () => {
  beforeEach(() => {
    console.rows = Array.from({ length: 2500 }, (_, index) => rowOf(`f${index}`));
  });

  test('are ten without a number, oldest first', async () => {
    const ran = await tail('--no-follow');
    expect(summaries(ran)).toEqual(Array.from({ length: 10 }, (_, index) => `f${2490 + index}`));
    expect(ran).toMatchObject({ status: 0, stderr: '' });
  });

  test('are as many as are asked for, in pages', async () => {
    expect(summaries(await tail('--no-follow', '--last', '2001'))).toEqual(
      Array.from({ length: 2001 }, (_, index) => `f${499 + index}`),
    );
    expect(console.asked.map(({ query }) => query.limit)).toEqual(['1000', '1000', '1']);
  });

  test('are all those since a time, in pages', async () => {
    expect(summaries(await tail('--no-follow', '--since', '2026-01-02T00:00:00Z'))).toHaveLength(2500);
    expect(console.asked.map(({ query }) => [query.from, query.sort])).toEqual(
      Array(3).fill(['2026-01-02T00:00:00.000Z', '-time']),
    );
  });

  test('have the filters of the page', async () => {
    const filters = ['--level', 'high,critical', '--platform=eks', '--mode=live', '--rule', 'a,b', '--seen=new'];
    await tail('--no-follow', ...filters, '--q=-who:ann ns:prod');
    const { sort, limit, ...query } = console.asked[0]!.query;
    expect(query).toEqual({
      ...{ level: 'high,critical', platform: 'eks', mode: 'live', rule: 'a,b', seen: 'new', q: '-who:ann ns:prod' },
    });
  });

  test.each([
    [['--level', 'hihg'], "--level has 'hihg'; did you mean 'high'?"],
    [['--platform', 'eks,azure'], "--platform has 'azure'; give some of kubernetes,"],
    [['--mode', 'shadw'], "--mode is 'shadw'; did you mean 'shadow'?"],
    [['--last', '0'], "--last is '0'; give a number from 1"],
    [['--since', 'yesterday'], "--since is 'yesterday'; give a time such as"],
    [['-o', 'junit'], "--output is 'junit'; give one of table, json, ndjson, csv, tsv"],
  ])('%j is refused before anything is asked', async (args, words) => {
    const { status, stderr } = await tail(...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(console.asked).toEqual([]);
  });
});

test('--since accepts a duration before now', () => {
  const now = new Date('2026-01-02T00:00:00Z');
  expect(['90s', '10m', '2h', '1d'].map((text) => sinceIn(text, now))).toEqual([
    '2026-01-01T23:58:30.000Z',
    '2026-01-01T23:50:00.000Z',
    '2026-01-01T22:00:00.000Z',
    '2026-01-01T00:00:00.000Z',
  ]);
});

test('the stream is opened before kept findings are asked for, and a finding in both is shown once', async () => {
  console.rows = [rowOf('f1'), rowOf('f2')];
  const following = follow('-o', 'ndjson', '--level', 'medium');
  await following.until('"f2"');
  console.send('2', { findings: [rowOf('f2'), rowOf('f3')] });
  await following.until('"f3"');
  console.write('event: now\nid: 2\ndata: {}\n\n');
  console.send('3', { findings: [rowOf('f4')], omitted: 7 });
  await following.until('"f4"');
  await following.until('7 more came');
  const ran = await following.stop();
  expect(summaries(ran)).toEqual(['f1', 'f2', 'f3', 'f4']);
  expect(ran.status).toBe(0);
  expect(console.asked.map(({ path, query }) => [path, query.level])).toEqual([
    ['stream', 'medium'],
    ['findings', 'medium'],
  ]);
});

test('a lost connection is opened again, after the last event that came', async () => {
  console.rows = [rowOf('f1')];
  const following = follow('-o', 'json');
  await following.until('"f1"');
  console.send('41', { findings: [rowOf('f2')] });
  await following.until('"f2"');
  console.refusal = { status: 503, body: '{"detail":"not now"}' };
  console.drop();
  await following.until('trying again');
  await console.asks(3);
  console.refusal = undefined;
  await console.opened(2);
  await following.until('connected to');
  console.send('42', { findings: [rowOf('f3')], isGap: true });
  await following.until('"f3"');
  const { status, stdout, stderr } = await following.stop();
  expect(JSON.parse(stdout).map(({ id }: { id: string }) => id)).toEqual(['f1', 'f2', 'f3']);
  expect(stderr).toMatch(
    /^tripline: .*breaks: .*; trying again\ntripline: connected to .* again\ntripline: some findings that came/,
  );
  expect(status).toBe(0);
  const streams = console.asked.filter(({ path }) => path === 'stream');
  expect(streams.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '41', '41']);
  expect(console.asked.filter(({ path }) => path === 'findings')).toHaveLength(1);
});

test('a sidecar that ends, as for a restart, is reported and connected to again', async () => {
  const following = follow('-o', 'ndjson');
  await console.opened(1);
  console.end();
  await following.until('has ended; trying again');
  await following.until('connected to');
  console.send('1', { findings: [rowOf('f1')] });
  await following.until('"f1"');
  expect(await following.stop()).toMatchObject({ status: 0, stderr: expect.stringMatching(/^([^\n]*\n){2}$/) });
});

test('credentials come from the environment', async () => {
  const settings = { TRIPLINE_URL: `${console.url}/`, TRIPLINE_AUTHORIZATION: 'Bearer s3cret' };
  expect((await run(['tail', '--no-follow'], { environment: settings })).status).toBe(0);
  expect(console.asked[0]!.headers.authorization).toBe('Bearer s3cret');
  for (const url of ['http://ann:s3cret@127.0.0.1', 'ftp://x', 'http://']) {
    const { status, stderr } = await tail('--url', url);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/--url (has credentials in it|is not an address); /)]);
    expect(stderr).not.toContain('s3cret');
  }
});

test.each<[number, string | undefined, string, string]>([
  [401, undefined, '{}', 'asks for credentials; set TRIPLINE_AUTHORIZATION'],
  [403, undefined, '{"detail":"ann may not","remedy":"Ask her."}', 'answers 403: ann may not; Ask her.'],
  [404, 'text/html', '<h1>', 'there is no console at '],
  [400, undefined, '{"detail":"q is \\u001b[2J"}', 'answers 400: q is \ufffd[2J; look at its log'],
  [503, undefined, '{"detail":"not now"}', 'answers 503: not now; look at its log'],
  [200, 'text/html', '<h1>', 'there is no console at '],
  [200, 'application/json', '{"findings":', 'breaks: '],
])('a first answer of %i ends it with a message', async (status, type, body, words) => {
  console.refusal = { status, body, ...(type !== undefined && { type }) };
  for (const args of [['--no-follow'], ...(type === 'application/json' ? [] : [[]])]) {
    const ran = await tail(...args);
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(ran.stderr).not.toContain('    at ');
  }
});

test('a sidecar that cannot be reached is reported', async () => {
  const { url } = console;
  await console.close();
  const { status, stderr } = await run(['tail', '--url', url.replace('http://', '')]);
  console = await startFakeConsole();
  expect([status, stderr]).toEqual([2, expect.stringMatching(/cannot be reached: .*ECONNREFUSED.*; see whether Trip/)]);
});

test('hostile texts stay within a line for a person, and within the cells of a spreadsheet', async () => {
  const summary = '[=cmd()\u001b[2J\u202e\n] created pod';
  const event = { username: '=cmd()', userAgent: '@x\r\n"y"' };
  console.rows = [rowOf('f1', { summary, event, mode: 'shadow', kind: 'report', level: 'high' })];
  const shown = await run(['tail', '--no-follow'], { environment: environment(), columns: 200, hasColors: true });
  expect(shown.stdout).toContain('\u001b[31mhigh\u001b[39m');
  const [, line, ...rest] = stripVTControlCharacters(shown.stdout).split('\n');
  expect(line).toBe(
    '2026-01-02 03:04:05  high   [=cmd()<U+001B>[2J<U+202E><U+000A>] created pod (pod-host-pid, report, shadow, prod)',
  );
  expect(rest).toEqual(['']);
  const [head, row] = (await tail('--no-follow', '-o', 'tsv')).stdout.split('\n');
  const cells = Object.fromEntries(head!.split('\t').map((name, index) => [name, row!.split('\t')[index]]));
  expect(cells).toMatchObject({
    ...{ username: "'=cmd()", userAgent: '\'@x<U+000D><U+000A>"y"', mode: 'shadow', before: '0', attack: 'T1611' },
    sourceIPs: '',
  });
});

test('each example runs', async () => {
  const { tailCommand } = await import('../../src/commands/tail/index.ts');
  console.rows = [rowOf('f1')];
  for (const { line } of tailCommand.examples) {
    const args = line.split(' | ')[0]!.split(' ').slice(1);
    const once = args.includes('--no-follow') ? args : [...args, '--no-follow'];
    expect(await run(once, { environment: environment() })).toMatchObject({ status: 0, stderr: '' });
  }
});
