/** Prepared readings of the bundled rules and lists equal fresh ones and are used for nothing else; other files are read
 * once. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { preparedRules } from '../../scripts/prepared-rules.ts';
import { ruleReader } from '../../src/rules/index.ts';
import { bundledLists, listReader, loadLists, placeholdersOf } from '../../src/rules/lists.ts';
import { digest, isCurrent, type Reader, type Reading, readOnce } from '../../src/rules/readings.ts';
import { readSources, type SourceFile } from '../../src/rules/source-files.ts';
import { lines } from '../commands/files.ts';
import { workFolder } from '../commands/run.ts';
import { built } from '../program.ts';
import { podEvent } from '../server/app.ts';

const prepared: ReadonlyMap<string, Reading> = deserialize(preparedRules());
const placeholders = placeholdersOf(loadLists([]).lists);
const rules = fileURLToPath(new URL('../../rules', import.meta.url));
const filesIn = (folder: string) => readSources([folder], 'rules').files;

/** The prepared reading of a file, if the reader may use it. */
function preparedOf<T>(reader: Reader<T>, file: SourceFile): T | undefined {
  const reading = prepared.get(digest(reader, file));
  return reading !== undefined && isCurrent(reading, reader) ? reader.moved(reading.said as T, file.path) : undefined;
}

function expectPrepared<T>(reader: Reader<T>, folder: string): void {
  const files = filesIn(folder);
  for (const file of files) expect(preparedOf(reader, file), file.path).toStrictEqual(reader.read(file, () => {}));
  expect(files.length).toBeGreaterThan(20);
}

test('every bundled rule file is prepared', () => expectPrepared(ruleReader(placeholders), rules));
test('every bundled list is prepared', () => expectPrepared(listReader, bundledLists));

describe('a prepared reading', () => {
  const file = filesIn(rules)[0]!;

  test.each([
    ['another text', ruleReader(placeholders), { ...file, text: `${file.text}\n` }],
    ['another name', ruleReader(placeholders), { ...file, path: file.path.replace('.yml', '2.yml') }],
    ['a file of another kind', listReader as Reader<unknown>, file],
  ] as [string, Reader<unknown>, SourceFile][])('is not used for %s', (_, reader, other) => {
    expect(preparedOf(reader, other)).toBeUndefined();
  });

  test('is used under another folder', () => {
    const other = { ...file, path: `/other/${file.path.split('/').pop()}` };
    expect(preparedOf(ruleReader(placeholders), other)).toBeDefined();
  });

  test('is not used for rules that call a list with other values', () => {
    const name = 'system_principals';
    const others = new Map([...placeholders, [name, [...placeholders.get(name)!, 'x']]]);
    const unread = filesIn(rules).filter((file) => preparedOf(ruleReader(others), file) === undefined);
    const calling = filesIn(rules).filter(({ text }) => text.includes(`%${name}%`));
    expect(unread).toEqual(calling);
    expect(calling.length).toBeGreaterThan(1);
  });

  test('is used beside lists of the operator', () => {
    const more = ruleReader(new Map([...placeholders, ['own', ['x']]]));
    for (const file of filesIn(rules)) expect(preparedOf(more, file)).toBeDefined();
  });
});

test('the built program, which has prepared readings, uses a list of the operator in place of a bundled one', () => {
  const folder = workFolder();
  const [lists, log] = [join(folder, 'lists'), join(folder, 'audit.log')];
  mkdirSync(lists);
  writeFileSync(join(lists, 'dangerous_capabilities.yml'), 'title: Capabilities\nvalues: [TRACE_ALL]\n');
  const containers = [{ name: 'web', securityContext: { capabilities: { add: ['TRACE_ALL'] } } }];
  const requestObject = { kind: 'Pod', apiVersion: 'v1', spec: { containers } };
  writeFileSync(log, lines({ ...podEvent(), requestObject }));
  const scan = (...args: string[]) =>
    spawnSync(process.execPath, [built, 'scan', '--show', 'findings', '-o', 'ndjson', ...args, log], {
      encoding: 'utf8',
    });
  const findings = (...args: string[]) => {
    const { stdout, stderr } = scan(...args);
    expect(stderr).not.toContain('tripline: ');
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line).rule));
  };
  expect(findings()).not.toContain('pod-dangerous-capabilities');
  expect(findings('--lists', lists)).toContain('pod-dangerous-capabilities');
});

describe('a file that is not prepared', () => {
  let reads = 0;
  const readerOf = (dependsOn: string): Reader<string> => ({
    read({ path, text }) {
      reads++;
      if (text === 'broken') throw new Error('no reading');
      return `${path} ${text}`;
    },
    dependsOn,
    versionOf: () => '',
    moved: (said) => said,
  });
  const readsOf = (read: () => unknown): number => {
    reads = 0;
    read();
    return reads;
  };
  const file = { path: '/a/own.yml', text: 'one' };

  test('is read once', () => {
    expect(readOnce(readerOf('x'), file)).toBe('/a/own.yml one');
    expect(readsOf(() => expect(readOnce(readerOf('x'), { ...file })).toBe('/a/own.yml one'))).toBe(0);
  });

  test.each([
    ['its text changes', 'x', { ...file, text: 'two' }, '/a/own.yml two'],
    ['it is in another folder', 'x', { ...file, path: '/b/own.yml' }, '/b/own.yml one'],
    ['what it depends on changes', 'y', file, '/a/own.yml one'],
  ])('is read again when %s', (_, dependsOn, other, said) => {
    readOnce(readerOf('x'), file);
    expect(readsOf(() => expect(readOnce(readerOf(dependsOn), other)).toBe(said))).toBe(1);
  });

  test('is read again if reading it failed', () => {
    const read = () => readOnce(readerOf('x'), { path: '/a/broken.yml', text: 'broken' });
    expect(read).toThrow('no reading');
    expect(readsOf(() => expect(read).toThrow('no reading'))).toBe(1);
  });
});

describe('rules that call lists', () => {
  const calling = (value: string) =>
    `title: C\nlogsource: { product: kubernetes }\ndetection: { s: { username|expand: '${value}' }, condition: s }\n`;
  const file = { path: '/lists/calling.yml', text: calling('%some%') };
  const said = (lists: Record<string, string[]>, text = file.text) => {
    const { rules, problems } = readOnce(ruleReader(new Map(Object.entries(lists))), { ...file, text });
    return problems[0] === undefined ? JSON.stringify(rules[0]!.selections.get('s')) : problems[0].hint;
  };

  test('are read again when one of them changes its values, is added or is removed', () => {
    expect(said({ some: ['ann'] })).toContain('ann');
    expect(said({ some: ['bob'] })).toContain('bob');
    expect(said({ some: ['bob'], other: ['ann'] })).not.toContain('ann');
    expect(said({})).toContain('some.yml');
    expect(said({ some: ['eve'] })).toContain('eve');
  });

  test('are read again when one is added that may be meant', () => {
    const text = calling('%sme%');
    expect(said({}, text)).toContain('sme.yml');
    expect(said({ some: ['ann'] }, text)).toContain("'some'");
  });

  test('are recognized however their names are written', () => {
    const text = calling('%some%').replace("'%some%'", '"%\\x73ome%"');
    expect(said({ some: ['ann'] }, text)).toContain('ann');
    expect(said({ some: ['bob'] }, text)).toContain('bob');
  });
});
