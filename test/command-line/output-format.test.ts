/** The forms of output: each stays valid for its readers, whatever texts attackers put into it. */
import { describe, expect, test } from 'vitest';
import { delimitedRow } from '../../src/command-line/delimited.ts';
import { junit } from '../../src/command-line/junit.ts';
import { type ListingForm, openRows, writeReport, writeRows } from '../../src/command-line/output-format.ts';
import type { Output } from '../../src/command-line/process-io.ts';
import type { Column } from '../../src/command-line/table.ts';

interface Row {
  name: string;
  count: number;
  more?: string;
}

const columns: Column<Row>[] = [
  { name: 'name', heading: 'NAME', cell: ({ name }) => name },
  { name: 'count', heading: 'COUNT', cell: ({ count }) => count },
  { name: 'more', cell: ({ more }) => more ?? '' },
];

function collect(columns?: number): Output & { text: string } {
  const output = {
    text: '',
    columns,
    rows: undefined,
    hasColors: false,
    write: async (chunk: string | Uint8Array) => void (output.text += chunk),
  };
  return output;
}

async function written(form: ListingForm | undefined, rows: Row[], width?: number): Promise<string> {
  const output = collect(width);
  await writeRows(output, { columns, rows }, form);
  return output.text;
}

const rows = [
  { name: 'ann', count: 3 },
  { name: 'a long name', count: 12, more: 'x' },
];

test.each<[ListingForm, string]>([
  ['table', 'NAME         COUNT\nann              3\na long name     12\n'],
  ['json', '[\n{"name":"ann","count":3},\n{"name":"a long name","count":12,"more":"x"}\n]\n'],
  ['ndjson', '{"name":"ann","count":3}\n{"name":"a long name","count":12,"more":"x"}\n'],
  ['csv', 'name,count,more\r\nann,3,\r\na long name,12,x\r\n'],
  ['tsv', 'name\tcount\tmore\nann\t3\t\na long name\t12\tx\n'],
])('rows as %s', async (form, expected) => {
  expect(await written(form, rows)).toBe(expected);
});

test('the default is a table on a terminal, and lines of JSON in a pipe', async () => {
  expect(await written(undefined, rows, 80)).toBe(await written('table', rows));
  expect(await written(undefined, rows)).toBe(await written('ndjson', rows));
});

test.each<[ListingForm, string]>([
  ['table', ''],
  ['json', '[]\n'],
  ['ndjson', ''],
  ['csv', 'name,count,more\r\n'],
  ['tsv', 'name\tcount\tmore\n'],
])('no rows as %s', async (form, expected) => {
  expect(await written(form, [])).toBe(expected);
});

test.each(['json', 'ndjson', 'csv', 'tsv'] as const)('streaming rows as %s gives the same output', async (form) => {
  const output = collect();
  const list = openRows(output, columns, form);
  for (const row of rows) await list.write([row]);
  await list.write([]);
  await list.end();
  expect(output.text).toBe(await written(form, rows));
});

test('a streamed table has one line of headings, and stays aligned with earlier rows', async () => {
  const output = collect();
  const table = openRows(output, columns, 'table');
  for (const row of [rows[1]!, rows[0]!]) await table.write([row]);
  await table.end();
  expect(output.text).toBe('NAME         COUNT\na long name     12\nann              3\n');
});

/** Moves the cursor, reorders text, ends a line, and contains half a character. */
const hostile = '\u001b[2J\u009b31m\u202e\u2028\u0000\n\r\ud800\u{e0001}';

test.each(['json', 'ndjson'] as const)('hostile texts in %s are exact, and harmless on a terminal', async (form) => {
  const text = await written(form, [{ name: hostile, count: 1 }]);
  expect(text).not.toMatch(/[^\n -~]/);
  expect([JSON.parse(text)].flat()).toEqual([{ name: hostile, count: 1 }]);
});

test.each(['table', 'csv', 'tsv'] as const)('hostile texts in %s stay within their row', async (form) => {
  const text = await written(form, [{ name: hostile, count: 1 }, ...rows]);
  expect(text).not.toMatch(/[^\n\r\t -~]/);
  expect(text).toContain('<U+001B>[2J<U+009B>31m<U+202E><U+2028><U+0000><U+000A><U+000D><U+D800><U+E0001>');
  expect(text.trimEnd().split('\n').length).toBe(4);
});

describe('csv', () => {
  test.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["=cmd|'/c calc'!A0", "'=cmd|'/c calc'!A0"],
    ['+1', "'+1"],
    ['-2+3', "'-2+3"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', '<U+0009>=1'],
    ['＝1', "'＝1"],
    ['x;=1', "x;'=1"],
    ['x,=1', '"x,\'=1"'],
    ['kubectl/v1.33 (linux/amd64)', 'kubectl/v1.33 (linux/amd64)'],
    ['a=b', 'a=b'],
  ])('%j is %s', (cell, expected) => {
    expect(delimitedRow([cell], 'csv')).toBe(`${expected}\r\n`);
  });

  test('a numeric cell is not escaped as a formula', () => {
    expect(delimitedRow([-1, 'x'], 'csv')).toBe('-1,x\r\n');
  });
});

/** The elements of a document, parsed as strictly as XML 1.0 requires of a document without comments and CDATA. */
function elementsOf(xml: string): { element: string; attributes: Record<string, string>; text: string }[] {
  expect(xml).not.toMatch(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|\]\]>/u);
  const plain = (text: string) => {
    expect(text).not.toMatch(/&(?!(amp|lt|gt|quot);)/);
    return text.replace(/&(amp|lt|gt|quot);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name as 'lt']);
  };
  const elements: ReturnType<typeof elementsOf> = [];
  const open: (typeof elements)[number][] = [];
  let at = xml.indexOf('?>') + 2;
  const token = /<(\/?)([a-z-]+)((?: [a-z]+="[^<"]*")*)(\/?)>|[^<]+/y;
  while (at < xml.length) {
    token.lastIndex = at;
    const found = token.exec(xml);
    if (found === null) throw new Error(`it is no XML at ${JSON.stringify(xml.slice(at, at + 40))}`);
    at = token.lastIndex;
    const [whole, isEnd, element, written = '', isEmpty] = found;
    if (element === undefined) {
      if (open.length > 0) open.at(-1)!.text += plain(whole);
    } else if (isEnd) expect(open.pop()?.element).toBe(element);
    else {
      const pairs = [...written.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, name, value]) => [name!, plain(value!)]);
      expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
      const one = { element, attributes: Object.fromEntries(pairs), text: '' };
      elements.push(one);
      if (!isEmpty) open.push(one);
    }
  }
  expect(open).toEqual([]);
  return elements;
}

describe('junit', () => {
  test('suites, cases, failures and errors are counted', () => {
    const xml = junit([
      { name: 'first', cases: [{ name: 'a' }, { name: 'b', file: 'b.yml', line: 3, failure: 'expected x\ngot y' }] },
      { name: 'second', cases: [{ name: 'c', error: 'no file', notes: 'a warning' }] },
    ]);
    expect(elementsOf(xml).map(({ element, attributes, text }) => [element, attributes, text.trim()])).toEqual([
      ['testsuites', { name: 'tripline', tests: '3', failures: '1', errors: '1' }, ''],
      ['testsuite', { name: 'first', tests: '2', failures: '1', errors: '0' }, ''],
      ['testcase', { classname: 'first', name: 'a' }, ''],
      ['testcase', { classname: 'first', name: 'b', file: 'b.yml', line: '3' }, ''],
      ['failure', { message: 'expected x' }, 'expected x\ngot y'],
      ['testsuite', { name: 'second', tests: '1', failures: '0', errors: '1' }, ''],
      ['testcase', { classname: 'second', name: 'c' }, ''],
      ['error', { message: 'no file' }, 'no file'],
      ['system-out', {}, 'a warning'],
    ]);
  });

  test('it is well-formed XML, whatever its texts contain', () => {
    const text = `${hostile} ]]> <![CDATA[ </failure> &amp; &#0; " ' \ufffe\uffff <!-- --> 😀`;
    const xml = junit([{ name: text, cases: [{ name: text, file: text, failure: text, notes: text }] }]);
    const failure = elementsOf(xml).find(({ element }) => element === 'failure')!;
    expect(failure.text).toContain(` ]]> <![CDATA[ </failure> &amp; &#0; " ' \ufffd\ufffd <!-- --> 😀`);
    expect(failure.attributes.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('no suites are a document too', () => {
    expect(elementsOf(junit([]))).toMatchObject([{ element: 'testsuites', attributes: { tests: '0' } }]);
  });
});

test('a report for a person is text with its totals, also in a pipe; for a program these go to stderr', async () => {
  const report = { columns, rows, text: 'x.yml:1:1: error\n', suites: [{ name: 's', cases: [] }], totals: '1 error' };
  const shown = async (form?: 'csv' | 'junit') => {
    const [stdout, stderr] = [collect(), collect()];
    await writeReport({ stdout, stderr }, report, form);
    return [stdout.text, stderr.text];
  };
  expect(await shown()).toEqual(['x.yml:1:1: error\n1 error\n', '']);
  expect(await shown('csv')).toEqual([await written('csv', rows), '1 error\n']);
  expect(await shown('junit')).toEqual([junit(report.suites), '1 error\n']);
});
