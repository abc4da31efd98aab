/** `tripline scan`: every layout and compression, the output, and hostile input. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { describe, expect, test } from 'vitest';
import { layoutsOf } from '../inputs/layouts.ts';
import { snappyFrames } from '../inputs/snappy.ts';
import { built } from '../program.ts';
import { bundledRules, podEvent } from '../server/app.ts';
import { lines } from './files.ts';
import { type Ran, run, workFolder } from './run.ts';

const folder = workFolder();
const match = podEvent({ auditID: 'm-1' });
const clear = podEvent({ hostPID: false, auditID: 'c-1' });
const ndjson = lines(match, clear, match, { log: 'text' });

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** With one rule, so that no other has an effect. */
function scan(args: string[], input?: string | Uint8Array): Promise<Ran> {
  return run(['scan', ...args, '--rules', rule], { input });
}
const rule = new URL('../../rules/kubernetes/pod-host-pid.yml', import.meta.url).pathname;

const findingsOf = ({ stdout }: Ran) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

const nested = (value: unknown) => encode([[0, {}], value]);

describe('every layout and compression is read', () => {
  test.each<[string, string | Uint8Array]>([
    ['lines', ndjson],
    ['lines, the last without an end', ndjson.trimEnd()],
    ['lines behind a byte order mark', `\ufeff${ndjson}`],
    ['lines, the first of them cut', `{"kind":"Ev\n${ndjson}`],
    ['an array', JSON.stringify([match, clear, match, { log: 'text' }])],
    ['an array over several lines', JSON.stringify([match, clear, match, { log: 'text' }], null, 2)],
    ['maps behind each other', ndjson.replaceAll('\n', '')],
    [
      'maps over several lines',
      [match, clear, match, { log: 'text' }].map((one) => JSON.stringify(one, null, 2)).join('\n'),
    ],
    ['MessagePack', Buffer.concat([match, clear, match, { log: 'text' }].map(nested))],
    ['gzip', gzipSync(ndjson)],
    [
      'gzip of several members',
      Buffer.concat([gzipSync(lines(match, clear)), gzipSync(lines(match, { log: 'text' }))]),
    ],
    ['gzip of an array', gzipSync(JSON.stringify([match, clear, match]))],
    ['zstd', zstdCompressSync(ndjson)],
    ['zstd of several frames', Buffer.concat([zstdCompressSync(lines(match)), zstdCompressSync(lines(match))])],
    ['snappy', snappyFrames(Buffer.from(ndjson))],
  ])('%s', async (name, content) => {
    const path = file('input', content);
    const fromFile = await scan([path]);
    expect(findingsOf(fromFile).map(({ rule }) => rule)).toEqual(['pod-host-pid', 'pod-host-pid']);
    expect(fromFile.status).toBe(name.includes('cut') ? 2 : 1);
    const fromPipe = await scan([], content);
    expect(fromPipe.stdout).toBe(fromFile.stdout.replaceAll(JSON.stringify(path), '"stdin"'));
    expect(await scan(['-'], content)).toEqual(fromPipe);
  });
});

describe('the output of tools is read', () => {
  test.each(layoutsOf([match, clear, podEvent({ auditID: 'm-2' })]))('$name', async ({ content }) => {
    const expected = { rules: ['pod-host-pid', 'pod-host-pid'], status: 1 };
    const found = (ran: Ran) => ({ rules: findingsOf(ran).map(({ rule }) => rule), status: ran.status });
    expect(found(await scan([file('input', content)]))).toEqual(expected);
    expect(found(await scan([], content))).toEqual(expected);
    expect(found(await scan([file('input.gz', gzipSync(content))]))).toEqual(expected);
  });
});

describe('exit codes', () => {
  test.each<[string, string | Uint8Array, number]>([
    ['nothing found', lines(clear), 0],
    ['no records', '', 0],
    ['blank lines', '\n\n \n', 0],
    ['findings', lines(match), 1],
    ['an unreadable record', `${lines(clear)}{"cut\n`, 2],
    ['an unreadable record behind findings', `${lines(match)}{"cut\n`, 2],
    ['bytes that are no text', Buffer.concat([Buffer.from(lines(match)), Buffer.from([0xff, 0xfe, 0x0a])]), 2],
    ['a few lines of text', `started\n${lines(clear, clear)}`, 0],
    ['a few lines of text and findings', `started\n${lines(match, clear)}`, 1],
    ['mostly text', `started\nlistening\n${lines(match)}`, 2],
    ['text alone', 'started\nlistening\n', 2],
    ['records of applications alone', lines({ log: 'started' }, { level: 'info' }), 2],
    ['records of applications beside events', lines({ log: 'started' }, { level: 'info' }, clear), 0],
    ['an event in a wrapper that is not read', lines(clear, clear, { x: { y: { z: match } } }), 2],
    ['the rest of an event in a text', `${lines(clear, clear)}m","stageTimestamp":"2026-01-02T03:04:05Z"}\n`, 2],
  ])('%s', async (_, content, status) => {
    expect((await scan([file('input', content)])).status).toBe(status);
  });

  test('a missing file after one with findings', async () => {
    const { status, stderr, stdout } = await scan([file('input', lines(match)), join(folder, 'none')]);
    expect(status).toBe(2);
    expect(stderr).toContain('none');
    expect(stdout).not.toBe('');
  });

  test('a rule that cannot be used', async () => {
    const rules = join(folder, 'broken');
    mkdirSync(rules, { recursive: true });
    writeFileSync(join(rules, 'broken.yml'), 'title: x\n');
    const { status, stderr } = await run(['scan', '--rules', rule, '--rules', rules, file('input', lines(clear))]);
    expect(status).toBe(2);
    expect(stderr).toContain('broken.yml:1:1');
  });
});

describe('output', () => {
  test('records are the bytes that came, each record with its tag', async () => {
    const odd = `{"a" : 1,\t"big":12345678901234567890, "a":2}\r\n\n${ndjson.trimEnd()}`;
    const { stdout } = await scan(['--show', 'records', file('input', odd)]);
    expect(stdout.replace(/,"tripline":\{[^\n]*\}(?=\}(\r?\n|$))/g, '')).toBe(odd);
    const verdicts = [...stdout.matchAll(/"tripline":\{"v":2,"verdict":"(\w+)"/g)].map(([, verdict]) => verdict);
    expect(verdicts).toEqual(['not_audit', 'match', 'clear', 'match', 'not_audit']);
  });

  test('records of several files do not run into each other', async () => {
    const open = file('open', lines(match).trimEnd());
    const { stdout } = await scan(['--show', 'records', open, open]);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).auditID),
    ).toEqual(['m-1', 'm-1']);
  });

  test('records from a pipe are as in a reply: what cannot be read passes through', async () => {
    const junk = Buffer.concat([Buffer.from('\xff\xfe\n', 'latin1'), Buffer.from(lines(match))]);
    const { stdout } = spawnSync(process.execPath, [built, 'scan', '--show', 'records', '--rules', rule], {
      input: junk,
    });
    expect(stdout.subarray(0, 3)).toEqual(junk.subarray(0, 3));
  });

  test('a line of text becomes a record, and no text is lost', async () => {
    const texts = ['started', `2026-01-02T03:04:05Z ${JSON.stringify(match)}`, '\u{1f600} "quoted"\\'];
    const { stdout } = await scan(['--show', 'records', file('input', `${texts.join('\r\n')}\n\n${lines(clear)}`)]);
    const records = stdout
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line));
    expect(records.map(({ log }) => log)).toEqual([...texts, undefined]);
    expect(records.map(({ tripline }) => tripline.verdict)).toEqual(['not_audit', 'match', 'not_audit', 'clear']);
    expect(stdout.match(/\r?\n/g)).toEqual(['\r\n', '\r\n', '\n', '\n', '\n']);
  });

  test('findings of rules in shadow mode say so, and do not count for the exit code', async () => {
    const config = file('shadow.yaml', 'overrides: { pod-host-pid: { mode: shadow } }\n');
    const scanned = await scan(['--config', config, file('input', ndjson)]);
    expect(findingsOf(scanned).map(({ rule, mode }) => [rule, mode])).toContainEqual(['pod-host-pid', 'shadow']);
    expect(scanned.status).toBe(0);
  });

  test('findings name their file and record', async () => {
    const found = findingsOf(await scan([file('input', ndjson)]));
    expect(found.map(({ file, record, line }) => [file, record, line])).toEqual(
      [1, 3].map((record) => [join(folder, 'input'), record, record]),
    );
    expect(found[0]).toMatchObject({
      kind: 'finding',
      mode: 'live',
      rule: 'pod-host-pid',
      level: 'medium',
      matched: [{ field: 'hostPID', values: ['true'] }],
    });
  });

  test('the summary is JSON lines in a pipe, and a table with -o table', async () => {
    const path = file('input', ndjson);
    expect(findingsOf(await scan(['--show', 'summary', path]))).toEqual([
      expect.objectContaining({ rule: 'pod-host-pid', level: 'medium', findings: 2, shadow: 0, undecided: 0 }),
    ]);
    const { stdout } = await scan(['--show', 'summary', '-o', 'table', path]);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 3))).toEqual([
      ['LEVEL', 'RULE', 'FINDINGS'],
      ['medium', 'pod-host-pid', '2'],
      [''],
    ]);
  });

  test('findings as a document, as a table, as CSV', async () => {
    const path = file('input', ndjson);
    const show = (form: string) => scan(['--show', 'findings', '-o', form, path]);
    expect(JSON.parse((await show('json')).stdout).map(({ record }: { record: number }) => record)).toEqual([1, 3]);
    const table = (await show('table')).stdout.split('\n').map((line) => line.split(/ {2,}/));
    expect(table[0]).toEqual(['LEVEL', 'MODE', 'TIME', 'RULE', 'SUMMARY']);
    expect(table.slice(1, 3).map(([level, mode, , name]) => [level, mode, name])).toEqual([
      ['medium', 'live', 'pod-host-pid'],
      ['medium', 'live', 'pod-host-pid'],
    ]);
    const csv = (await show('csv')).stdout.split('\r\n');
    expect(csv[0]).toMatch(/^level,mode,time,rule,summary,kind,/);
    expect(csv[1]).toMatch(/^medium,live,[^,]*,pod-host-pid,.*,finding,/);
    expect(csv.length).toBe(4);
  });

  test('the summary is a table that fits on a terminal', async () => {
    const { status, stdout } = await run(['scan', '--rules', rule, file('input', ndjson)], { columns: 40 });
    expect(stdout.split('\n')).toEqual([
      'LEVEL   RULE          FINDINGS  SHADOW …',
      'medium  pod-host-pid         2       0 …',
      '',
    ]);
    expect(status).toBe(1);
  });

  test('it is a table on a real terminal too', () => {
    const command = [process.execPath, built, 'scan', '--rules', rule, file('input', ndjson)].join(' ');
    const { stdout, error } = spawnSync('script', ['-qec', command, '/dev/null'], { input: '', encoding: 'utf8' });
    if (error === undefined) expect(stripVTControlCharacters(stdout)).toMatch(/^LEVEL +RULE/m);
  });

  test('findings that an exception silenced are counted', async () => {
    const exception = file(
      'exceptions.yml',
      `title: debug\nlogsource: { product: kubernetes, service: audit }\nfilter:\n  rules: [pod-host-pid]\n` +
        '  ann: { username: ann }\n  condition: not ann\n',
    );
    const { stdout } = await scan(['--show', 'summary', '--exceptions', exception, file('input', ndjson)]);
    expect(JSON.parse(stdout)).toMatchObject({ rule: 'pod-host-pid', findings: 0, silenced: 2 });
  });

  test('a record with findings and undecided rules is counted as both', async () => {
    const all = ['scan', '--show', 'summary', '--rules', bundledRules];
    const { requestObject, responseObject, ...cut } = match as any;
    const records = lines({ ...cut, level: 'Metadata', user: { username: 'system:anonymous', groups: [] } });
    const { stderr } = await run([...all, file('input', records)]);
    expect(stderr).toContain('1 with findings, 0 clear, 0 undecided');
    expect(stderr).toContain('1 of those with findings have undecided rules too');
  });

  test('undecided records are counted', async () => {
    const { requestObject, ...cut } = match as any;
    const { stdout, stderr, status } = await scan([
      '--show',
      'summary',
      file('input', lines({ ...cut, level: 'Metadata' })),
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ rule: 'pod-host-pid', findings: 0, undecided: 1 });
    expect(stderr).toContain('1 undecided');
    expect(status).toBe(0);
  });
});

describe('bad input', () => {
  const cut = gzipSync(lines(...Array.from({ length: 2000 }, (_, i) => podEvent({ auditID: `m-${i}` }))));
  test.each<[string, string | Uint8Array, RegExp]>([
    ['a cut gzip', cut.subarray(0, -20), /gzip: unexpected end of file/],
    ['a gzip that breaks', Buffer.concat([gzipSync(ndjson).subarray(0, 40), Buffer.alloc(40, 7)]), /gzip: /],
    ['a cut zstd', zstdCompressSync(ndjson).subarray(0, -5), /zstd|found the end/],
    ['a cut snappy', snappyFrames(Buffer.from(ndjson)).subarray(0, -5), /snappy: it ends inside a frame/],
    [
      'a snappy with a wrong checksum',
      snappyFrames(Buffer.from(ndjson), 1),
      /snappy: the checksum of a frame is wrong/,
    ],
    ['xz', Buffer.from('\xfd7zXZ\x00rest', 'latin1'), /xz is not supported; use xz -dc FILE \| tripline scan/],
    [
      'binary junk',
      Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 31) % 251)),
      /line 1: it is neither JSON nor UTF-8/,
    ],
    ['a JSON array that breaks', '[{"a":1},{"b":', /found the end/],
  ])('%s is reported in words', async (_, content, words) => {
    const { status, stderr } = await scan([file('input', content)]);
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('    at ');
    expect(status).toBe(2);
  });

  test('the records before a cut are scanned', async () => {
    const found = findingsOf(await scan([file('input', cut.subarray(0, -20))]));
    expect(found.length).toBeGreaterThan(1000);
  });

  test('a folder stands for its files in the order of their names, and an empty one is reported', async () => {
    const within = join(folder, 'within');
    mkdirSync(join(within, 'b/.git'), { recursive: true });
    writeFileSync(join(within, 'c.log'), lines(match));
    writeFileSync(join(within, 'b/1.log'), lines(match));
    writeFileSync(join(within, 'b/.git/x'), lines(match));
    const found = findingsOf(await scan([within])).map(({ file }) => file);
    expect(found).toEqual([join(within, 'b/1.log'), join(within, 'c.log')]);
    const { status, stderr } = await scan([join(within, 'b/.git', '..', '.git')]);
    expect([status, stderr]).toEqual([1, expect.stringContaining('1 records')]);
    mkdirSync(join(within, 'empty'));
    const empty = await scan([join(within, 'empty')]);
    expect(empty.stderr).toContain('there is no file in this folder');
    expect(empty.status).toBe(2);
  });

  test('many unreadable records are reported briefly', async () => {
    const { stderr } = await scan([file('input', lines(match) + '{"cut\n'.repeat(1000))]);
    expect(stderr).toContain('995 more could not be read');
    expect(stderr.split('\n').length).toBeLessThan(10);
  });

  const cri = '2026-01-02T03:04:05Z stdout';
  test.each<[string, string, number]>([
    ['lines', `${lines(clear).repeat(3000)}\n\n{"cut\n`, 3003],
    ['parts of a text', `\n${cri} P {"audit\n${cri} P ID":"x\n${lines(match)}`, 2],
    ['maps over several lines', `{\n"a": 1\n}\n${JSON.stringify({ x: { y: match } }, null, 2)}\n`, 4],
  ])('a fault in %s is reported with its line in the file', async (_, content, line) => {
    const { status, stderr } = await scan([file('input', content)]);
    expect(stderr).toContain(`input: line ${line}: `);
    expect(stderr).not.toMatch(/line [^:]*: line/);
    expect(status).toBe(2);
  });

  test('a file without an event is reported, with what to do', async () => {
    const { stderr } = await scan([file('input', 'started\n'.repeat(1000))]);
    expect(stderr).toContain('none of 1000 records contains an audit event; ');
    expect(stderr).toContain('tripline scan --help');
  });

  test('lines of text among events are counted, and the first is named', async () => {
    const { stderr } = await scan([file('input', `${lines(clear, clear)}started\n${lines(clear)}stopped\n`)]);
    expect(stderr).toContain('2 of 5 records are lines of text without an audit event, the first is line 3\n');
  });

  test('a long run of NUL bytes takes no memory', async () => {
    const padded = gzipSync(Buffer.concat([Buffer.alloc(70 * 1024 * 1024), Buffer.from(lines(match))]), { level: 1 });
    expect((await scan([file('padded.gz', Buffer.concat([padded, padded]))])).status).toBe(1);
  });

  test.each([
    ['an array', (records: unknown[]) => JSON.stringify(records)],
    [
      'documents over several lines',
      (records: unknown[]) => records.map((one) => JSON.stringify(one, null, 1)).join('\n'),
    ],
  ])('the number of records in %s is limited, that in lines is not', async (_, written) => {
    const config = file('limits.yaml', 'limits: { maxRecords: 5, maxDepth: 20 }');
    const read = (text: string) => scan([file('input', text), '--config', config]);
    const records = Array.from({ length: 6 }, () => match);
    const whole = await read(written(records));
    expect(whole.stderr).toMatch(
      /: more than 5 records; raise limits\.maxRecords, or convert it to lines \(jq -c '\.\[\]'\)/,
    );
    expect([whole.status, whole.stdout]).toEqual([2, '']);
    expect((await read(written(records.slice(1)))).stderr).toContain('5 records, 5 with findings');
    expect((await read(lines(...records))).stderr).toContain('6 records, 6 with findings');
    // What is too deep in one record is unknown, and hides none of the others.
    const deep = JSON.parse(`${'{"log":'.repeat(60)}1${'}'.repeat(60)}`);
    expect((await read(written([match, deep, match]))).stderr).toContain('3 records, 2 with findings');
  });

  test('a line of 100 MB is read, and so are the next ones', async () => {
    const long = `{"log":"${'x'.repeat(100e6)}"}\n`;
    const { status, stderr, stdout } = await scan([file('long', lines(match) + long + lines(match))]);
    expect(findingsOf({ stdout } as Ran).map(({ record }) => record)).toEqual([1, 3]);
    expect(stderr).toContain('3 records');
    expect(status).toBe(1);
  });

  test('a line beyond the limit, as in a decompression bomb, takes no more memory than the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(150 * 1024 * 1024, 0x78), { level: 1 });
    const { status, stderr } = await scan([file('bomb.gz', bomb)]);
    expect(stderr).toMatch(/more than 134217728 bytes; raise limits.maxDecompressedBytes/);
    expect(status).toBe(2);
  });
});

test('a reader that closes the pipe early is not an error', async () => {
  const path = file('many', lines(...Array.from({ length: 20_000 }, () => match)));
  const child = spawn(process.execPath, [built, 'scan', '--rules', rule, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.once('data', () => child.stdout.destroy());
  const [status] = await once(child, 'exit');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('memory does not grow with the size of a file of lines', async () => {
  const peak = (records: number) => {
    const path = file('sized', lines(clear).repeat(records));
    const measured = `process.on('exit', () => console.error('peak', process.resourceUsage().maxRSS))`;
    const { stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(measured)}`, built, 'scan', '--rules', rule, path],
      { encoding: 'utf8' },
    );
    return Number(/peak (\d+)/.exec(stderr)![1]);
  };
  const [small, large] = [peak(20_000), peak(80_000)];
  expect(large).toBeLessThan(2 * small);
  expect(readFileSync(join(folder, 'sized')).length).toBeGreaterThan(40e6);
});
