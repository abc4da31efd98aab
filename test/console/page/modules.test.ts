/** The parts of the page that need no browser. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  findingsPart,
  listOf,
  parseAddress,
  printAddress,
  printQuery,
  searchWord,
} from '../../../src/console/page/address.ts';
import { EventStreamReader, type ServerEvent } from '../../../src/console/page/event-stream.ts';
import { countPredicates, decisiveOf, stopOf } from '../../../src/console/page/explained.ts';
import { hexLines, jsonLines, textOf } from '../../../src/console/page/json-lines.ts';
import { ago, brief, bytes, clock, duration, measured, percent, plural } from '../../../src/console/page/numbers.ts';
import { withoutBrackets } from '../../../src/console/page/summary.ts';
import { techniqueName } from '../../../src/console/page/techniques.ts';
import { lineOfBins, lineOfNow, narrowed, sentenceOf } from '../../../src/console/page/trip-line.ts';
import { escapedJson, piecesOf, plainText } from '../../../src/console/page/untrusted.ts';
import { scrollTo, visibleRows } from '../../../src/console/page/visible-rows.ts';
import type { Explanation } from '../../../src/sigma/index.ts';
import fc from '../../properties.ts';
import { explanationOf, hostile } from './fixtures.ts';

describe('an address', () => {
  test.each([
    ['/', { page: 'now', query: {} }],
    ['/findings', { page: 'findings', query: {} }],
    ['/findings/a%2Fb', { page: 'finding', id: 'a/b', query: {} }],
    ['/rules/pod-exec', { page: 'rule', id: 'pod-exec', query: {} }],
    ['/rules?view=matrix', { page: 'rules', query: { view: 'matrix' } }],
    ['/tune?finding=x&by=username,namespace', { page: 'tune', query: { finding: 'x', by: 'username,namespace' } }],
    ['/why-not/x', { page: 'unknown', query: {} }],
    ['/findings/a/b', { page: 'unknown', query: {} }],
    ['/findings/%zz', { page: 'finding', id: '%zz', query: {} }],
  ])('%s', (text, address) => {
    const { pathname, search } = {
      pathname: text.split('?')[0]!,
      search: text.includes('?') ? `?${text.split('?')[1]}` : '',
    };
    expect(parseAddress(pathname, search)).toEqual(address);
  });

  test('is read as it was printed, whatever it contains', () => {
    const query = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), query, (id, query) => {
        const [path, search = ''] = printAddress({ page: 'finding', id, query }).split(/\?(.*)/s);
        const read = parseAddress(path!, search && `?${search}`);
        expect(read).toEqual({ page: 'finding', id, query: { ...query } });
      }),
      { numRuns: 200 },
    );
  });

  test('has no scheme and no other host, whoever chose the id', () => {
    for (const id of [hostile.link, '//attacker.example', '../..', hostile.html]) {
      const url = new URL(printAddress({ page: 'finding', id }), 'http://127.0.0.1:9870');
      expect(url.origin).toBe('http://127.0.0.1:9870');
      expect(url.pathname).toMatch(/^\/findings\/[^/]+$/);
    }
  });

  test('leaves out what is empty, and keeps comma lists readable', () => {
    expect(printQuery({ level: 'high,critical', q: '', from: undefined })).toBe('level=high,critical');
    expect(listOf({ level: 'high,,critical' }, 'level')).toEqual(['high', 'critical']);
    expect(findingsPart({ q: 'a', sel: 'b', level: '' })).toEqual({ q: 'a' });
  });

  test('searches for a value as it is', () => {
    expect(searchWord('who', 'system:serviceaccount:shop:checkout')).toBe('who:system:serviceaccount:shop:checkout');
    expect(searchWord('agent', 'kubectl/v1 (linux)')).toBe('agent:"kubectl/v1 (linux)"');
    expect(searchWord('who', 'a "b" c')).toBe('who:"a *b* c"');
  });
});

test('a summary has no brackets but those of the record', () => {
  const field = (value: string) => ({ field: 'name', value });
  const parts = ['[', field('a]'), '] created [', field('b'), '/', field(hostile.brackets), '] [x] in [y'];
  expect(withoutBrackets(parts)).toEqual([
    '',
    field('a]'),
    ' created ',
    field('b'),
    '/',
    field(hostile.brackets),
    ' [x] in [y',
  ]);
  expect(withoutBrackets(['] [', field('a')])).toEqual(['] ', field('a')]);
});

describe('text of a record', () => {
  test('shows invisible characters', () => {
    expect(piecesOf('a\u202eb', 99)).toEqual([
      { kind: 'text', text: 'a' },
      { kind: 'codePoint', text: 'U+202E' },
      { kind: 'text', text: 'b' },
    ]);
    for (const unseen of [
      '\0',
      '\n',
      '\u00a0',
      '\u00ad',
      '\u200b',
      '\u2028',
      '\u2066',
      '\ufeff',
      '\u{e0041}',
      '\ud800',
      '\u3164',
    ]) {
      expect(piecesOf(unseen, 9)).toEqual([{ kind: 'codePoint', text: expect.stringMatching(/^U\+[0-9A-F]{4,}$/) }]);
    }
    expect(plainText('eve\u202enimda', 99)).toBe('eve[U+202E]nimda');
  });

  test('stays as it is in any language', () => {
    for (const name of ['Zoë', 'Прод', '日本', 'नमस्ते', 'a b', 'é']) expect(plainText(name, 99)).toBe(name);
  });

  test('has at most two marks on a letter', () => {
    expect(piecesOf(hostile.marks, 200).filter(({ kind }) => kind === 'codePoint').length).toBeGreaterThan(100);
  });

  test('is cut off with its length, and costs no more than what is shown of it', () => {
    expect(piecesOf('x'.repeat(5000), 110)).toEqual([
      { kind: 'text', text: 'x'.repeat(110) },
      { kind: 'cut', length: 5000 },
    ]);
  });

  test('is copied as JSON of the same value without invisible characters', () => {
    const text = JSON.stringify({ name: hostile.bidi, tag: 'a\u{e0041}', plain: 'Zoë 日本' }, null, 2);
    const copied = escapedJson(text);
    expect(JSON.parse(copied)).toEqual(JSON.parse(text));
    expect(copied).toContain('eve\\u202enimda');
    expect(copied).toContain('Zoë 日本');
    expect(copied).not.toMatch(/\p{Cf}/u);
  });

  test('may break after a colon and a slash', () => {
    expect(piecesOf('a:b/c', 99).map(({ kind }) => kind)).toEqual(['text', 'break', 'text', 'break', 'text']);
  });
});

test('numbers and times', () => {
  expect([brief(1284), brief(12_400), brief(431_000), brief(4_310_021), brief(999_960)]).toEqual([
    '1,284',
    '12.4k',
    '431k',
    '4.3M',
    '1.0M',
  ]);
  expect([measured(0), measured(0.64), measured(9.97), measured(1019.4), measured(null)]).toEqual([
    '0',
    '0.6',
    '10',
    '1,019',
    '–',
  ]);
  expect([percent(1, 3), percent(0, 5), percent(1, 0)]).toEqual(['33', '0', '–']);
  expect([bytes(512), bytes(1536), bytes(16 * 1024 * 1024)]).toEqual(['512 B', '1.5 KiB', '16 MiB']);
  expect([plural(1, 'finding'), plural(2, 'finding'), plural(0, 'entry', 'entries')]).toEqual([
    '1 finding',
    '2 findings',
    '0 entries',
  ]);
  const at = Date.parse('2026-11-28T03:07:00Z');
  expect([clock(at, at + 1000), clock(at, at + 86400_000)]).toEqual(['03:07:00', '11-28 03:07:00']);
  expect([duration(4000), duration(720_000), duration(7_500_000), duration(536_400_000)]).toEqual([
    '4 s',
    '12 min',
    '2 h 5 min',
    '6 d 5 h',
  ]);
  expect(ago(at, at + 61_000)).toBe('1 min ago');
});

describe('a long list', () => {
  const view = { height: 760, row: 38, total: 10_000 };

  test('draws the visible rows, and a few more', () => {
    expect(visibleRows({ ...view, scrollTop: 0 })).toEqual({ from: 0, to: 28 });
    expect(visibleRows({ ...view, scrollTop: 3800 })).toEqual({ from: 92, to: 128 });
    expect(visibleRows({ ...view, scrollTop: 380_000 })).toEqual({ from: 9992, to: 10_000 });
    expect(visibleRows({ ...view, scrollTop: 380_000, total: 0 })).toEqual({ from: 0, to: 0 });
  });

  test('scrolls as little as it takes', () => {
    expect(scrollTo(3, { ...view, scrollTop: 0 })).toBe(0);
    expect(scrollTo(20, { ...view, scrollTop: 0 })).toBe(38);
    expect(scrollTo(1, { ...view, scrollTop: 380 })).toBe(38);
  });
});

describe('a stream of events', () => {
  const text = ': hello\n\nid: 7-1\nevent: findings\ndata: {"a":\ndata: 1}\n\r\ndata: two\r\rretry: 5\nid: 7-2\n\n';
  const events: ServerEvent[] = [
    { type: 'findings', data: '{"a":\n1}' },
    { type: 'message', data: 'two' },
  ];

  test('is the same wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 8 }), (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), text.length];
        const reader = new EventStreamReader();
        const read = ends.flatMap((end, index) => reader.read(text.slice(ends[index - 1] ?? 0, end)));
        expect(read).toEqual(events);
        expect(reader.lastEventId).toBe('7-2');
      }),
    );
  });

  test('gives no event before its end', () => {
    expect(new EventStreamReader().read('data: x\n')).toEqual([]);
  });
});

describe('an explanation', () => {
  test('says where a rule stopped', () => {
    expect(stopOf(explanationOf(false))).toMatchObject({
      predicate: { field: 'hostPID' },
      isNegated: false,
      selection: 'host_pid',
    });
    expect(stopOf(explanationOf('unknown'))?.predicate.gap).toBe('cut');
    const held: Explanation = { kind: 'not', truth: false, operands: [explanationOf(true)] };
    expect(stopOf({ kind: 'and', truth: false, operands: [held] })).toMatchObject({ isNegated: true });
    expect(stopOf({ kind: 'or', truth: false, operands: [] })).toBeUndefined();
  });

  test('says what decided', () => {
    const root = explanationOf(false);
    expect(decisiveOf(root)).toEqual([expect.objectContaining({ name: 'host_pid' })]);
    expect(countPredicates(root)).toBe(5);
  });
});

describe('JSON in lines', () => {
  const shown = (text: string) =>
    jsonLines(text, 1000).lines.map(
      ({ depth, tokens }) => '  '.repeat(depth) + tokens.map((token) => token.text).join(''),
    );

  test('keeps numbers, escapes and repeated names', () => {
    expect(shown('{"a":12345678901234567890,"a":["\\u0041",{}, []],"b":1.0e2}')).toEqual([
      '{',
      '  "a": 12345678901234567890,',
      '  "a": [',
      '    "\\u0041",',
      '    {},',
      '    []',
      '  ],',
      '  "b": 1.0e2',
      '}',
    ]);
  });

  test('loses no text, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const { lines } = jsonLines(text, Number.POSITIVE_INFINITY);
        const joined = lines.flatMap(({ tokens }) => tokens.map((token) => token.text)).join('');
        expect(joined.replaceAll(/\s/gu, '')).toBe(text.replaceAll(/\s/gu, ''));
      }),
    );
  });

  test('ends after the requested number of lines, however deep it is', () => {
    const { lines, isCut } = jsonLines('['.repeat(100_000), 50);
    expect([lines.length, isCut]).toEqual([50, true]);
  });

  test('knows which characters the bytes of the tag are', () => {
    const record = Buffer.from('{"näme":"日","tripline":{}}');
    const start = Buffer.byteLength('{"näme":"日"');
    const { text, start: from, end } = textOf(record, { start, end: record.length - 1 });
    expect(text.slice(from, end)).toBe(',"tripline":{}');
  });

  test('other bytes are a hex dump', () => {
    expect(hexLines(Buffer.from([0x82, 0xa1, 0x61, 0x01]), 10)).toEqual([
      { start: 0, hex: '82 a1 61 01', text: '··a·' },
    ]);
    expect(hexLines(new Uint8Array(100), 3)).toHaveLength(3);
  });
});

describe('the trip line', () => {
  const at = '2026-11-28T03:07:30Z';
  const findings = [
    { from: '2026-11-28T03:07:00Z', level: 'high', mode: 'live', count: 2 },
    { from: '2026-11-28T03:06:00Z', level: 'low', mode: 'shadow', count: 1 },
    { from: '2026-11-27T03:06:00Z', level: 'low', mode: 'live', count: 9 },
  ] as const;
  const line = lineOfNow({ at, findings: [...findings], silenced: [{ from: '2026-11-28T02:08:00Z', count: 4 }] });

  test('has findings above, shadow and silenced ones below, and nothing older', () => {
    expect(line.columns).toHaveLength(60);
    expect(line.columns.at(-1)!.above).toEqual({ high: 2 });
    expect(line.columns.at(-2)!.below).toEqual({ shadow: 1 });
    expect(line.columns[0]!.below).toEqual({ silenced: 4 });
    expect(sentenceOf(line)).toBe(
      'Findings from 02:08:00 to 03:08:00 UTC: 2 high; below the line 1 in shadow mode, 4 silenced',
    );
  });

  test('has the same sums in fewer columns', () => {
    const few = narrowed(line, 7);
    expect(few.columns.length).toBeLessThanOrEqual(7);
    expect(sentenceOf(few)).toBe(sentenceOf(line));
  });

  test('is drawn from bins', () => {
    const bins = { from: '2026-11-28T03:00:00Z', to: '2026-11-28T04:00:00Z', counts: { critical: [0, 3] } };
    expect(lineOfBins(bins).columns.map(({ above }) => above.critical)).toEqual([undefined, 3]);
    expect(lineOfBins({ ...bins, counts: {} }).columns).toEqual([]);
  });
});

test('each technique of a bundled rule has a name', () => {
  const folder = new URL('../../../rules/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yml'));
  const tags = files.flatMap(
    (path) => readFileSync(new URL(path, folder), 'utf8').match(/\battack\.t\d[\d.]*/gi) ?? [],
  );
  expect(tags.length).toBeGreaterThan(100);
  expect([...new Set(tags)].filter((tag) => techniqueName(tag.slice('attack.'.length).toUpperCase()) === '')).toEqual(
    [],
  );
});

test('nothing in the page turns text into HTML', () => {
  const folder = new URL('../../../src/console/page/', import.meta.url);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.tsx?$/.test(path),
  )) {
    const text = readFileSync(new URL(name, folder), 'utf8');
    expect(text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerously/);
  }
});
