/** What is read from a configuration: sections, places, variables, included files; and what hostile ones do. */
import { describe, expect, test } from 'vitest';
import {
  boolOf,
  bytesOf,
  type Files,
  type FluentBitConfig,
  matchesTag,
  readFluentBitConfig,
  secondsOf,
} from '../../src/fluent-bit-config/index.ts';
import { translate } from '../../src/fluent-bit-config/variables.ts';
import { filesOf } from '../doctor/configs.ts';

const read = (texts: Record<string, string | Uint8Array>, environment = {}): FluentBitConfig =>
  readFluentBitConfig(Object.keys(texts)[0]!, filesOf(texts), environment);

/** Each property as `path:line:column key=value`, below the kind of its section. */
function shown({ sections }: FluentBitConfig): string[] {
  return sections.flatMap(({ kind, place, properties, processors }) => [
    `${kind} ${place.path}:${place.line}:${place.column}`,
    ...properties.map(({ key, value, place: { path, line, column } }) => `${path}:${line}:${column} ${key}=${value}`),
    ...processors.map((each) => `processor ${each.place.line}: ${each.properties.map(({ value }) => value).join(',')}`),
  ]);
}

test('the classic format: sections, keys in lower case, files from the folder of the first', () => {
  const config = read(
    {
      'etc/main.conf':
        '# head\n@INCLUDE in/*.conf\n[SERVICE]\n  Parsers_File parsers.conf\n  Flush   ${FLUSH}\n[OUTPUT]\n  Name null\n',
      'etc/in/b.conf': '[INPUT]\n    Name  tail\n    Path /b # c\n',
      'etc/in/a.conf': '[INPUT]\n\tName dummy\n\t# no comment\n',
      'etc/parsers.conf': '[PARSER]\n    Name p\n    Format json\n',
    },
    { FLUSH: '3' },
  );
  expect(config.format).toBe('classic');
  expect(shown(config)).toEqual([
    'input etc/in/a.conf:1:1',
    'etc/in/a.conf:2:2 name=dummy',
    'input etc/in/b.conf:1:1',
    'etc/in/b.conf:2:5 name=tail',
    'etc/in/b.conf:3:5 path=/b # c',
    'service etc/main.conf:3:1',
    'etc/main.conf:4:3 parsers_file=parsers.conf',
    'etc/main.conf:5:3 flush=3',
    'output etc/main.conf:6:1',
    'etc/main.conf:7:3 name=null',
    'parser etc/parsers.conf:1:1',
    'etc/parsers.conf:2:5 name=p',
    'etc/parsers.conf:3:5 format=json',
  ]);
});

test('YAML: sections, lists, processors, files from the folder of each', () => {
  const config = read({
    'etc/main.yaml':
      'includes: [in/a.yaml]\nenv: { A: aa }\npipeline:\n  outputs:\n    - name: http\n      Header: [A b, C d]\n      retryLimit: ${A}\n',
    'etc/in/a.yaml': 'includes: [b.yaml]\nservice:\n  flush: 1\n',
    'etc/in/b.yaml':
      'pipeline:\n  inputs:\n    - name: dummy\n      processors:\n        logs: [{name: sql, query: x}]\n        metrics: [{name: labels}]\n',
  });
  expect(shown(config)).toEqual([
    'input etc/in/b.yaml:3:7',
    'etc/in/b.yaml:3:7 name=dummy',
    'processor 5: sql,x',
    'service etc/in/a.yaml:2:1',
    'etc/in/a.yaml:3:3 flush=1',
    'output etc/main.yaml:5:7',
    'etc/main.yaml:5:7 name=http',
    'etc/main.yaml:6:7 header=A b',
    'etc/main.yaml:6:7 header=C d',
    'etc/main.yaml:7:7 retry_limit=aa',
  ]);
});

test('variables come from @SET, env and the environment, and those that are not set are named', () => {
  const text =
    '@SET A=from set\n[INPUT]\n  Name dummy\n  Tag ${A} ${B} ${C:-d} ${D}\n  x ${HOSTNAME}\n[OUTPUT]\n  Name null\n@SET D=later\n';
  const config = read({ 'main.conf': text }, { A: 'from outside', B: 'b' });
  const [tag, host] = config.sections[0]!.properties.slice(1);
  expect(tag).toMatchObject({ value: 'from set b d later', isUnknown: false });
  expect(host).toMatchObject({ isUnknown: true });
  expect(config.unset).toEqual([]);
  expect(read({ 'main.conf': text }).unset).toMatchObject([{ name: 'B', place: { line: 4, column: 3 } }]);
});

/** The tags that Fluent Bit 5.1.1 made of them, with A=aa and EMPTY empty. */
test.each([
  ['x${A}y', 'xaay'],
  ['${A}${A}', 'aaaa'],
  ['q${NONE}z', 'qz'],
  ['${NONE:-def}-', 'def-'],
  ['${EMPTY:-def}', 'def'],
  ['a}b${A}', 'a}b${A}'],
  ['${}x', '${}x'],
  ['q${A', 'q${A'],
  ['${A} ${B', 'aa'],
  ['pre ${A} mid } ${A} post', 'pre aa ${A} post'],
  ['q${A:b}q', 'qq'],
  ['${A:-${A}}', 'aa}'],
  ['$A', '$A'],
  ['${A:-}q', 'aaq'],
])('%s becomes %s', (text, value) => {
  expect(translate(text, (name) => ({ A: 'aa' })[name]).value).toBe(value);
});

test.each([
  ['*', 'anything', true],
  ['kube.*', 'kube.audit', true],
  ['kube.*', 'kube', false],
  ['*.audit', 'kube.audit', true],
  ['k*b*t', 'kube.audit', true],
  ['k**t', 'kube.audit', true],
  ['kube.audit', 'kube.audit2', false],
  ['', '', true],
  ['Kube.*', 'kube.audit', false],
  [`${'*a'.repeat(200)}b`, 'a'.repeat(2_000), false],
])('%s matches %s: %s', (pattern, tag, isMatch) => expect(matchesTag(pattern, tag)).toBe(isMatch));

test('values are read as Fluent Bit reads them', () => {
  expect(['on', 'Yes', 'TRUE', 'off', '1', ''].map(boolOf)).toEqual([true, true, true, false, undefined, undefined]);
  expect(['5M', '512k', '2MB', '32768', '1.5G', 'false', '5 M', '5MiB', 'x'].map(bytesOf)).toEqual([
    ...[5_000_000, 512_000, 2_000_000, 32_768, 1_500_000_000, 0, 5_000_000],
    ...[undefined, undefined],
  ]);
  expect(['60', '60s', '2m', '25h', '1d', 'x'].map(secondsOf)).toEqual([60, 60, 120, 90_000, 86_400, undefined]);
});

describe('hostile files', () => {
  const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

  test.each<[string, Record<string, string | Uint8Array>, string]>([
    ['nothing but NUL', { 'a.yaml': new Uint8Array(10) }, 'is not a text file'],
    ['UTF-16', { 'a.conf': Buffer.from('[INPUT]\n', 'utf16le') }, 'is not a text file'],
    ['bytes that are no UTF-8', { 'a.yaml': Buffer.from([0x61, 0x3a, 0xff]) }, 'not UTF-8'],
    ['too large', { 'a.conf': '#'.repeat(1_048_577) }, 'too large for a configuration'],
    ['deep', { 'a.yaml': `a: ${deep('[', ']', 5_000)}` }, 'nests too deep'],
    ['deeper', { 'a.yaml': `a: ${deep('{a: ', '}', 300)}` }, 'nests too deep'],
    ['aliases of aliases', { 'a.yaml': 'a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n' }, 'an alias'],
    ['a key that is a map', { 'a.yaml': '? {a: b}\n: c\n' }, 'a key that is not text'],
    ['cut', { 'a.yaml': 'pipeline:\n  inputs:\n    - name: "ta' }, 'not valid YAML'],
    [
      'files that include each other',
      { 'a.yaml': 'includes: [b.yaml]\n', 'b.yaml': 'includes: [./a.yaml]\n' },
      'included twice',
    ],
    ['a name with control characters', { 'a.conf': '@INCLUDE \u001b[2Jx\n' }, 'does not exist'],
  ])('%s', (_, texts, message) => expect(() => read(texts)).toThrow(message));

  test('an empty file has no sections', () => {
    for (const name of ['a.yaml', 'a.conf']) expect(read({ [name]: '' }).sections).toEqual([]);
    expect(read({ 'a.conf': Buffer.from('# gr\u00fcn\n', 'latin1') }).sections).toEqual([]);
  });

  test('no file is read twice, and each folder is listed once, however many includes there are', () => {
    const names = Array.from({ length: 300 }, (_, i) => `in/${i}.conf`);
    let reads = 0;
    let asked = 0;
    const texts = filesOf({
      'main.conf': '@INCLUDE in/*.conf\n',
      ...Object.fromEntries(names.map((name) => [name, '# x\n'])),
    });
    const files: Files = {
      read: (path, most) => {
        reads++;
        return texts.read(path, most);
      },
      names: (folder) => {
        asked++;
        return texts.names(folder);
      },
    };
    readFluentBitConfig('main.conf', files, {});
    // Files found by a pattern are looked up from the working directory alone.
    expect(reads).toBe(301);
    expect(asked).toBe(1);
  });

  test('more files than Fluent Bit accepts', () => {
    const names = Array.from({ length: 1_001 }, (_, i) => `in/${i}.conf`);
    const texts = { 'main.conf': '@INCLUDE in/*.conf\n', ...Object.fromEntries(names.map((name) => [name, ''])) };
    expect(() => read(texts)).toThrow('more than 1000 files');
  });
});
