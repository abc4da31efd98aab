/** The modifiers of Sigma as one table: what each does to the tests of an item, in words, code and examples. */

import { literalOf, openDashes, parsePattern } from '../match/pattern.ts';
import { type Modifier, refuse } from './modifier.ts';
import {
  base64Offsets,
  cidrTest,
  comparison,
  datePartOf,
  encodeBase64,
  encodeUtf16,
  misplaced,
  onEach,
  openAt,
  patternOf,
  regexFlag,
  regexTest,
  toBase64,
  toUtf16le,
  withPattern,
} from './modifier-effects.ts';

export const modifiers: Readonly<Record<string, Modifier>> = {
  contains: {
    doc: 'The value occurs anywhere in the text of the field.',
    group: 'place',
    kind: 'changes',
    change: openAt('contains'),
    examples: [
      { modifiers: 'contains', rule: 'Exec', passes: ['exec', 'pods/EXEC/x'], fails: ['exe c', '', null, ['exec']] },
      { modifiers: 'contains', rule: 'a*b', passes: ['xaxbx', 'a\nb'], fails: ['ba'] },
      { modifiers: 'contains', rule: 40, passes: [403, '1400'], fails: [4] },
      { modifiers: 're|contains', rule: 'b.d', passes: ['abcde'], fails: ['b\nd'] },
    ],
  },
  startswith: {
    doc: 'The text of the field begins with the value.',
    group: 'place',
    kind: 'changes',
    change: openAt('startswith'),
    examples: [
      { modifiers: 'startswith', rule: 'system:', passes: ['System:node:a', 'system:'], fails: ['my-system:'] },
      { modifiers: 'startswith', rule: 'C:\\Temp\\', passes: ['c:\\temp\\x'], fails: ['c:\\temp'] },
    ],
  },
  endswith: {
    doc: 'The text of the field ends with the value.',
    group: 'place',
    kind: 'changes',
    change: openAt('endswith'),
    examples: [{ modifiers: 'endswith', rule: '-system', passes: ['kube-system', '-SYSTEM'], fails: ['-systems'] }],
  },
  cased: {
    doc: 'Case-sensitive.',
    kind: 'changes',
    change: onEach((test) => (test.kind === 'text' ? { ...test, cased: true } : misplaced('cased', 'text'))),
    examples: [
      { modifiers: 'cased', rule: 'Pod', passes: ['Pod'], fails: ['pod', 'POD'] },
      { modifiers: 'contains|cased', rule: 'Pod', passes: ['aPod'], fails: ['apod'] },
      { modifiers: 'cased|contains', rule: 'Pod', passes: ['aPod'], fails: ['apod'] },
    ],
  },
  all: {
    doc: 'Every value of the list has to match; without it one is enough.',
    kind: 'joins',
    join: { quantifier: 'all' },
    examples: [
      { modifiers: 'contains|all', rule: ['a', 'b'], passes: ['ab', 'bxa'], fails: ['a', 'b', ''] },
      { modifiers: 'all|contains', rule: ['a', 'b'], passes: ['ab'], fails: ['a'] },
    ],
  },
  neq: {
    doc: 'Negated: the item matches if it would not match without neq, so a missing field passes.',
    kind: 'joins',
    join: { negated: true },
    examples: [
      { modifiers: 'neq', rule: ['a', 'b'], passes: ['c', null, 1], fails: ['a', 'B'] },
      { modifiers: 'startswith|neq', rule: 'a', passes: ['ba'], fails: ['ab'] },
    ],
  },
  exists: {
    doc: 'The field is present, even if empty or null (`true`), or absent (`false`). Not combined with other modifiers.',
    kind: 'reads',
    read: ({ value }) =>
      typeof value === 'boolean'
        ? { kind: 'exists' }
        : refuse("'exists' accepts only a boolean", 'write true or false'),
    examples: [
      { modifiers: 'exists', rule: true, passes: ['', null, 0, {}], fails: [] },
      { modifiers: 'exists', rule: false, passes: [], fails: ['', null] },
    ],
  },
  re: {
    doc: 'The regular expression (RE2 syntax) is found anywhere in the text of the field; case-sensitive.',
    kind: 'reads',
    read: ({ value }) => {
      if (typeof value !== 'string') return refuse("'re' accepts only text", 'put the expression in single quotes');
      return regexTest(value, []);
    },
    examples: [
      { modifiers: 're', rule: '^10\\.', passes: ['10.1'], fails: ['110.1', '1011'] },
      { modifiers: 're', rule: 'b.d', passes: ['abcde', 'bad'], fails: ['BAD', 'b\nd'] },
      { modifiers: 're', rule: '(?i)root', passes: ['ROOT'], fails: ['ro ot'] },
    ],
  },
  i: {
    doc: 'Ignores case; after re.',
    kind: 'changes',
    change: regexFlag('i'),
    examples: [{ modifiers: 're|i', rule: 'bad', passes: ['BAD'], fails: ['b ad'] }],
  },
  m: {
    doc: '`^` and `$` match at each line; after re.',
    kind: 'changes',
    change: regexFlag('m'),
    examples: [{ modifiers: 're|m', rule: '^b$', passes: ['a\nb\nc'], fails: ['ab'] }],
  },
  s: {
    doc: '`.` matches line ends too; after re.',
    kind: 'changes',
    change: regexFlag('s'),
    examples: [{ modifiers: 're|s|i', rule: 'a.b', passes: ['A\nb'], fails: ['ab'] }],
  },
  cidr: {
    doc: 'The field is an address in the network, IPv4 or IPv6; `::ffff:192.0.2.1` counts as IPv4.',
    kind: 'reads',
    read: cidrTest,
    examples: [
      {
        modifiers: 'cidr',
        rule: '10.0.0.0/8',
        passes: ['10.1.2.3', '::ffff:10.1.2.3'],
        fails: ['11.0.0.1', '10', 'gce-internal-ip', '::1', null],
      },
      { modifiers: 'cidr', rule: '2001:db8::/32', passes: ['2001:DB8::1'], fails: ['2001:db9::1', '10.0.0.1'] },
    ],
  },
  lt: {
    doc: 'The field is a number below the value.',
    ...comparison('lt'),
    examples: [{ modifiers: 'lt', rule: 5, passes: [4.9, '-1'], fails: [5, '', 'x', null, true] }],
  },
  lte: {
    doc: 'The field is a number below the value, or equal.',
    ...comparison('lte'),
    examples: [{ modifiers: 'lte', rule: 5, passes: [5, '5.0'], fails: [5.1] }],
  },
  gt: {
    doc: 'The field is a number above the value.',
    ...comparison('gt'),
    examples: [{ modifiers: 'gt', rule: 0.5, passes: [1, '0.75'], fails: [0.5, '0x1'] }],
  },
  gte: {
    doc: 'The field is a number above the value, or equal.',
    ...comparison('gte'),
    examples: [{ modifiers: 'gte', rule: 400, passes: [400, '403'], fails: [399, '400 '] }],
  },
  base64: {
    doc: 'The Base64 of the value as UTF-8 text.',
    group: 'base64',
    kind: 'changes',
    change: encodeBase64('base64', (bytes) => [toBase64(bytes)]),
    examples: [
      { modifiers: 'base64', rule: 'foo', passes: ['Zm9v'], fails: ['foo', 'Zm9vYg=='] },
      { modifiers: 'base64|contains', rule: 'foob', passes: ['xZm9vYg==x'], fails: ['Zm9vYmFy'] },
    ],
  },
  base64offset: {
    doc: 'The value in Base64 as part of a longer text, at each of the three offsets where it can begin; with contains.',
    group: 'base64',
    kind: 'changes',
    change: encodeBase64('base64offset', base64Offsets),
    examples: [
      { modifiers: 'base64offset|contains', rule: 'foobar', passes: ['YWZvb2Jhcg==', 'xmb29iYXI'], fails: ['foobar'] },
      {
        modifiers: 'base64offset|contains',
        rule: '/bin/bash',
        passes: ['L2Jpbi9iYXNo', '9iaW4vYmFza', 'vYmluL2Jhc2'],
        fails: ['Jpbi9iYXNo'],
      },
    ],
  },
  wide: {
    doc: 'The value in UTF-16, little-endian; before base64 and base64offset.',
    group: 'UTF-16',
    kind: 'changes',
    change: encodeUtf16('wide', toUtf16le),
    examples: [
      {
        modifiers: 'wide|base64offset|contains',
        rule: 'ping',
        passes: ['cABpAG4AZw', 'AAaQBuAGcA', 'wAGkAbgBnA'],
        fails: ['cGluZw'],
      },
      { modifiers: 'wide', rule: 'hi', passes: ['h\0i\0'], fails: ['hi'] },
    ],
  },
  utf16le: {
    doc: 'The same as wide.',
    group: 'UTF-16',
    kind: 'changes',
    change: encodeUtf16('utf16le', toUtf16le),
    examples: [{ modifiers: 'utf16le|base64', rule: 'ä', passes: ['5AA='], fails: ['w6Q='] }],
  },
  utf16be: {
    doc: 'The value in UTF-16, big-endian.',
    group: 'UTF-16',
    kind: 'changes',
    change: encodeUtf16('utf16be', (text) => toUtf16le(text).swap16()),
    examples: [{ modifiers: 'utf16be|base64', rule: 'hi', passes: ['AGgAaQ=='], fails: ['aABpAA=='] }],
  },
  utf16: {
    doc: 'The value in UTF-16, little-endian, after a byte order mark.',
    group: 'UTF-16',
    kind: 'changes',
    change: encodeUtf16('utf16', toUtf16le, '\xff\xfe'),
    examples: [{ modifiers: 'utf16|base64', rule: 'hi', passes: ['//5oAGkA'], fails: ['aABpAA=='] }],
  },
  windash: {
    doc: 'Each `-` or `/` that begins an option matches either, and the longer dashes `–`, `—` and `―`.',
    kind: 'changes',
    change: onEach((test, value) => {
      const pattern = patternOf(test, value);
      return 'message' in pattern ? pattern : withPattern(test, openDashes(pattern));
    }),
    examples: [
      {
        modifiers: 'windash|contains',
        rule: ' -param-name',
        passes: ['x -param-name', 'x /PARAM-NAME', 'x \u2013param-name', 'x \u2015param-name y'],
        fails: ['x param-name', 'x -param/name'],
      },
    ],
  },
  expand: {
    doc: 'Each `%name%` in the value stands for any value of the list of that name; `\\%` is a literal `%`.',
    kind: 'expands',
    examples: [
      {
        modifiers: 'expand',
        rule: '%admins%@corp',
        placeholders: { admins: ['ann', 'b*'] },
        passes: ['ANN@corp', 'bob@corp'],
        fails: ['admins@corp', '%admins%@corp', 'ann'],
      },
      {
        modifiers: 're|expand',
        rule: '^(%admins%)$',
        placeholders: { admins: ['ann', 'bob'] },
        passes: ['bob'],
        fails: ['Ann'],
      },
      {
        modifiers: 'expand|startswith|cased',
        rule: '%admins%',
        placeholders: { admins: ['ann', 'bob'] },
        passes: ['ann@corp'],
        fails: ['ANN', 'joann'],
      },
      {
        modifiers: 'cidr|expand',
        rule: '%nets%',
        placeholders: { nets: ['10.0.0.0/8', 'fc00::/7'] },
        passes: ['10.1.2.3', 'fd00::1'],
        fails: ['11.0.0.1', null],
      },
      {
        modifiers: 'expand',
        rule: '%none%',
        placeholders: { none: [] },
        passes: [],
        fails: ['', 'none', '%none%', null],
      },
      { modifiers: 'expand', rule: '100\\%', placeholders: {}, passes: ['100%'], fails: ['100\\%'] },
    ],
  },
  fieldref: {
    doc: 'The text of the field equals the text of the field that the value names; both have to be present.',
    kind: 'reads',
    read: ({ value }) => {
      if (typeof value !== 'string' || value === '') return refuse("'fieldref' needs the name of a field", 'name one');
      const field = literalOf(parsePattern(value));
      if (field === undefined) return refuse('the name of a field cannot have wildcards', 'write one name');
      return { kind: 'fieldref', field, anchor: 'whole' };
    },
    examples: [
      {
        modifiers: 'fieldref',
        rule: 'g',
        beside: { g: ['Ann', 5] },
        passes: ['ann', 5, '5'],
        fails: ['an', 'g', null],
      },
      { modifiers: 'fieldref', rule: 'g', passes: [], fails: ['', null, 'g'] },
      { modifiers: 'fieldref|startswith', rule: 'g', beside: { g: 'ab' }, passes: ['ABc', 'ab'], fails: ['cab', 'a'] },
      { modifiers: 'fieldref|endswith', rule: 'g', beside: { g: 'ab' }, passes: ['cab'], fails: ['abc'] },
      { modifiers: 'fieldref|contains', rule: 'g', beside: { g: 'ab' }, passes: ['cabc'], fails: ['a'] },
      { modifiers: 'fieldref|neq', rule: 'g', beside: { g: 'ab' }, passes: ['x', null], fails: ['AB'] },
    ],
  },
  minute: {
    doc: "The minute of the field's time (RFC 3339), in UTC; likewise the five below.",
    ...datePartOf('minute', 0, 59),
    examples: [
      { modifiers: 'minute', rule: 4, passes: ['2026-01-02T03:04:05.678Z'], fails: ['2026-01-02T04:03:05Z', 4] },
    ],
  },
  hour: {
    doc: 'The hour, 0 to 23.',
    ...datePartOf('hour', 0, 23),
    examples: [
      {
        modifiers: 'hour',
        rule: 23,
        passes: ['2026-01-02T01:04:05+02:00', '2026-01-01 23:59'],
        fails: ['23:00', '', null],
      },
    ],
  },
  day: {
    doc: 'The day of the month.',
    ...datePartOf('day', 1, 31),
    examples: [{ modifiers: 'day', rule: 31, passes: ['2026-01-31'], fails: ['2026-02-31', '2026-01-01'] }],
  },
  week: {
    doc: 'The week of the year, 1 to 53 (ISO 8601).',
    ...datePartOf('week', 1, 53),
    examples: [
      { modifiers: 'week', rule: 53, passes: ['2027-01-03', '2026-12-31'], fails: ['2027-01-04', '2026-12-27'] },
      { modifiers: 'week', rule: 1, passes: ['2025-12-29', '2026-01-04'], fails: ['2026-01-05'] },
    ],
  },
  month: {
    doc: 'The month, 1 to 12.',
    ...datePartOf('month', 1, 12),
    examples: [{ modifiers: 'month', rule: [1, 2], passes: ['2026-01-31', '2026-02-01'], fails: ['2026-03-01'] }],
  },
  year: {
    doc: 'The year.',
    ...datePartOf('year', 0, 9999),
    examples: [{ modifiers: 'year', rule: 2025, passes: ['2026-01-01T00:30:00+01:00'], fails: ['2026-01-01', 2025] }],
  },
};
