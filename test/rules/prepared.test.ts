/** What the build prepares of the bundled rules and lists is what they say, and of nothing else; other files are read once. */
import { fileURLToPath } from 'node:url';
import { deserialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { preparedRules } from '../../scripts/prepared-rules.ts';
import { ruleReader } from '../../src/rules/index.ts';
import { bundledLists, listReader, loadLists, placeholdersOf } from '../../src/rules/lists.ts';
import { digest, type Reader, readOnce } from '../../src/rules/prepared.ts';
import { readSources } from '../../src/rules/source-files.ts';

const prepared: ReadonlyMap<string, any> = deserialize(preparedRules());
const placeholders = placeholdersOf(loadLists([]).lists);
const rules = fileURLToPath(new URL('../../rules', import.meta.url));

function expectPrepared<T>(reader: Reader<T>, folder: string): void {
  const { files } = readSources([folder], 'rules');
  for (const file of files) {
    const said = prepared.get(digest(reader, file));
    expect(said, file.path).toBeDefined();
    expect(reader.moved(said, file.path)).toStrictEqual(reader.read(file));
  }
  expect(files.length).toBeGreaterThan(20);
}

test('every bundled rule file', () => expectPrepared(ruleReader(placeholders), rules));
test('every bundled list', () => expectPrepared(listReader, bundledLists));

describe('is of no use', () => {
  const file = readSources([rules], 'rules').files[0]!;
  const [[name, values]] = placeholders as unknown as [[string, readonly string[]]];

  test.each([
    ['another text', ruleReader(placeholders), { ...file, text: `${file.text}\n` }],
    ['another name', ruleReader(placeholders), { ...file, path: file.path.replace('.yml', '2.yml') }],
    ['another list', ruleReader(new Map([...placeholders, [name, [...values, 'x']]])), file],
    ['a file of another kind', listReader as Reader<unknown>, file],
  ] as [string, Reader<unknown>, typeof file][])('for %s', (_, reader, other) => {
    expect(prepared.has(digest(reader, other))).toBe(false);
  });

  test('but under another folder', () => {
    expect(
      prepared.has(digest(ruleReader(placeholders), { ...file, path: `/other/${file.path.split('/').pop()}` })),
    ).toBe(true);
  });
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

  test('is read again when the reading failed', () => {
    const read = () => readOnce(readerOf('x'), { path: '/a/broken.yml', text: 'broken' });
    expect(read).toThrow('no reading');
    expect(readsOf(() => expect(read).toThrow('no reading'))).toBe(1);
  });
});
