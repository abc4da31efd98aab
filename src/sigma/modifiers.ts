/** The modifiers of Sigma as one table: what each does to the tests of an item, said in words, code and examples. */
import type { Comparison, DatePart, FieldItem, Pattern, Place, RegexFlag, Test } from './ast.ts';
import { isAnything, literalOf, openDashes, openPattern, parsePattern } from './pattern.ts';
import { expandPlaceholders, type Placeholders } from './placeholder.ts';
import { openRegex } from './regex.ts';
import { didYouMean, quote } from './rule-problem.ts';
import { compileRegex, parseNetwork } from './value-test.ts';

/** A scalar of a rule: its value, and how the file spells it (`007`). */
export interface RuleValue {
  value: string | number | boolean | null;
  text: string;
}

/** Why a key or a value cannot be used. */
export interface Refusal {
  message: string;
  hint: string;
}

/** One line of the documentation and of the tests: values of an event that pass `field|…: rule`, and some that do not. */
export interface Example {
  /** The modifiers, joined by `|`. */
  modifiers: string;
  rule: RuleValue['value'] | RuleValue['value'][];
  passes: unknown[];
  fails: unknown[];
  /** Other fields of the event. */
  beside?: Record<string, unknown>;
  /** What the placeholders of the rule stand for. */
  placeholders?: Record<string, string[]>;
}

type Effect =
  /** Reads the rule's value in its own way, so it comes first among those that read or change. */
  | { kind: 'reads'; read(value: RuleValue): Test | Refusal }
  /** Changes the test that those before it, whose names are given, have made. */
  | { kind: 'changes'; change(test: Test, value: RuleValue, before: readonly string[]): Test | Refusal }
  /** Says how the tests of the item are joined. */
  | { kind: 'joins'; join: Partial<Pick<FieldItem, 'quantifier' | 'negated'>> }
  /** Puts values in the place of placeholders before anything else is done, wherever it stands. */
  | { kind: 'expands' };

export type Modifier = {
  doc: string;
  examples: readonly Example[];
  /** No two modifiers of one group can stand together. */
  group?: 'place' | 'UTF-16' | 'base64';
} & Effect;

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
    doc: 'Upper and lower case differ.',
    kind: 'changes',
    change: onEach((test) => (test.kind === 'text' ? { ...test, cased: true } : misplaced('cased', 'text'))),
    examples: [
      { modifiers: 'cased', rule: 'Pod', passes: ['Pod'], fails: ['pod', 'POD'] },
      { modifiers: 'contains|cased', rule: 'Pod', passes: ['aPod'], fails: ['apod'] },
      { modifiers: 'cased|contains', rule: 'Pod', passes: ['aPod'], fails: ['apod'] },
    ],
  },
  all: {
    doc: 'Every value of the list has to match, where otherwise one is enough.',
    kind: 'joins',
    join: { quantifier: 'all' },
    examples: [
      { modifiers: 'contains|all', rule: ['a', 'b'], passes: ['ab', 'bxa'], fails: ['a', 'b', ''] },
      { modifiers: 'all|contains', rule: ['a', 'b'], passes: ['ab'], fails: ['a'] },
    ],
  },
  neq: {
    doc: 'The item without neq does not match; so a field that is missing passes.',
    kind: 'joins',
    join: { negated: true },
    examples: [
      { modifiers: 'neq', rule: ['a', 'b'], passes: ['c', null, 1], fails: ['a', 'B'] },
      { modifiers: 'startswith|neq', rule: 'a', passes: ['ba'], fails: ['ab'] },
    ],
  },
  exists: {
    doc: 'The field is there, be it empty or null (`true`), or it is not (`false`). Stands alone.',
    kind: 'reads',
    read: ({ value }) =>
      typeof value === 'boolean' ? { kind: 'exists' } : refuse("'exists' takes true or false", 'write true or false'),
    examples: [
      { modifiers: 'exists', rule: true, passes: ['', null, 0, {}], fails: [] },
      { modifiers: 'exists', rule: false, passes: [], fails: ['', null] },
    ],
  },
  re: {
    doc: 'The regular expression (RE2 syntax) is found anywhere in the text of the field, upper and lower case differ.',
    kind: 'reads',
    read: ({ value }) => {
      if (typeof value !== 'string') return refuse("'re' takes text", 'put the expression in single quotes');
      return regexTest(value, []);
    },
    examples: [
      { modifiers: 're', rule: '^10\\.', passes: ['10.1'], fails: ['110.1', '1011'] },
      { modifiers: 're', rule: 'b.d', passes: ['abcde', 'bad'], fails: ['BAD', 'b\nd'] },
      { modifiers: 're', rule: '(?i)root', passes: ['ROOT'], fails: ['ro ot'] },
    ],
  },
  i: {
    doc: 'Upper and lower case are the same; behind re.',
    kind: 'changes',
    change: regexFlag('i'),
    examples: [{ modifiers: 're|i', rule: 'bad', passes: ['BAD'], fails: ['b ad'] }],
  },
  m: {
    doc: '`^` and `$` match at each line; behind re.',
    kind: 'changes',
    change: regexFlag('m'),
    examples: [{ modifiers: 're|m', rule: '^b$', passes: ['a\nb\nc'], fails: ['ab'] }],
  },
  s: {
    doc: '`.` matches line ends too; behind re.',
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
    doc: 'The value in Base64, of its UTF-8 text.',
    group: 'base64',
    kind: 'changes',
    change: encodeBase64('base64', (bytes) => [toBase64(bytes)]),
    examples: [
      { modifiers: 'base64', rule: 'foo', passes: ['Zm9v'], fails: ['foo', 'Zm9vYg=='] },
      { modifiers: 'base64|contains', rule: 'foob', passes: ['xZm9vYg==x'], fails: ['Zm9vYmFy'] },
    ],
  },
  base64offset: {
    doc: 'The value in Base64 as part of something longer, at each of the three places where it can begin; with contains.',
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
    doc: 'The value in UTF-16, little-endian, behind a byte order mark.',
    group: 'UTF-16',
    kind: 'changes',
    change: encodeUtf16('utf16', toUtf16le, '\xff\xfe'),
    examples: [{ modifiers: 'utf16|base64', rule: 'hi', passes: ['//5oAGkA'], fails: ['aABpAA=='] }],
  },
  windash: {
    doc: 'Each `-` or `/` that begins an option stands for either, and for the longer dashes `–`, `—` and `―`.',
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
    doc: 'Each `%name%` in the value stands for any of the values that the placeholder of that name has; `\\%` is the character.',
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
      { modifiers: 'expand', rule: '100\\%', placeholders: {}, passes: ['100%'], fails: ['100\\%'] },
    ],
  },
  fieldref: {
    doc: 'The text of the field is that of the field which the value names; both have to be there.',
    kind: 'reads',
    read: ({ value }) => {
      if (typeof value !== 'string' || value === '') return refuse("'fieldref' takes the name of a field", 'name one');
      const field = literalOf(parsePattern(value));
      if (field === undefined) return refuse('the name of a field has no wildcards', 'write the name of one field');
      return { kind: 'fieldref', field, place: 'whole' };
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
    doc: 'The minute of the time that the field spells (RFC 3339), in UTC; so with the five below.',
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

/** Longer names of the specification for names of the table. */
const aliases: Readonly<Record<string, string>> = { ignorecase: 'i', multiline: 'm', dotall: 's' };

/** The modifier of that name, or why there is none. */
export function findModifier(name: string): { name: string; modifier: Modifier } | Refusal {
  const canonical = Object.hasOwn(aliases, name) ? aliases[name]! : name;
  if (Object.hasOwn(modifiers, canonical)) return { name: canonical, modifier: modifiers[canonical]! };
  const names = Object.keys(modifiers);
  return refuse(`unknown modifier ${quote(name)}`, didYouMean(name, names, `use one of ${names.join(', ')}`));
}

/** What may follow a modifier that reads the value in its own way. */
const followers: Readonly<Record<string, readonly string[]>> = {
  re: ['i', 'm', 's', 'contains', 'startswith', 'endswith'],
  fieldref: ['contains', 'startswith', 'endswith'],
};
const regexFlags: readonly string[] = ['i', 'm', 's'];

/** Why modifiers, each of which is known, cannot stand together, and which of them is at fault. */
export function checkModifiers(names: readonly string[]): (Refusal & { index: number }) | undefined {
  for (const [index, name] of names.entries()) {
    const row = modifiers[name]!;
    const before = names.slice(0, index);
    const fault = (message: string, hint: string) => ({ index, message, hint });
    const clash = (other: string) => fault(`${quote(name)} cannot follow ${quote(other)}`, 'use one of the two');
    if (before.includes(name)) return fault(`modifier ${quote(name)} stands here twice`, 'drop one of them');
    if (names.includes('exists') && names.length > 1) {
      return fault("'exists' has to be the only modifier", 'move the rest to an item of its own');
    }
    if (regexFlags.includes(name) && !before.includes('re')) {
      return fault(`${quote(name)} belongs behind 're'`, `write re|${name}`);
    }
    if (row.kind === 'joins' || row.kind === 'expands') continue;
    const makers = before.filter((other) => modifiers[other]!.kind === 'reads' || modifiers[other]!.kind === 'changes');
    const sibling = makers.find((other) => row.group !== undefined && modifiers[other]!.group === row.group);
    if (sibling !== undefined) return clash(sibling);
    if (row.kind === 'reads' && makers.length > 0) return clash(makers[0]!);
    const reader = makers.find((other) => modifiers[other]!.kind === 'reads');
    if (reader !== undefined && !followers[reader]?.includes(name)) return clash(reader);
    const encoder = makers.find(
      (other) => modifiers[other]!.group === 'base64' || modifiers[other]!.group === 'UTF-16',
    );
    if (encoder !== undefined && (name === 'windash' || row.group === 'UTF-16')) {
      return fault(`${quote(name)} has to stand before ${quote(encoder)}`, `write ${name}|${encoder}`);
    }
    if (row.group !== undefined && row.group !== 'place' && makers.includes('windash')) {
      return fault(`${quote(name)} cannot follow 'windash'`, 'write out a value for each dash');
    }
  }
  return undefined;
}

/** The test that one value makes under modifiers which `checkModifiers` has let pass.
 * @param placeholders what `%name%` stands for under `expand` */
export function testOf(value: RuleValue, names: readonly string[], placeholders: Placeholders): Test | Refusal {
  if (!names.includes('expand')) return modified(value, names);
  if (typeof value.value !== 'string') return refuse("'expand' takes text", 'put the value in quotes');
  const texts = expandPlaceholders(value.value, placeholders);
  if ('message' in texts) return texts;
  const tests: Test[] = [];
  for (const text of texts) {
    const test = modified({ value: text, text }, names);
    if ('message' in test) return test;
    tests.push(test);
  }
  return eitherOf(tests);
}

/** Why modifiers cannot stand behind the empty name, which is the whole event. */
export function checkKeywordModifiers(names: readonly string[]): (Refusal & { index: number }) | undefined {
  const index = names.findIndex((name) => name === 'exists' || name === 'fieldref');
  return index === -1
    ? undefined
    : { index, message: `${quote(names[index]!)} needs a field`, hint: 'write the name of a field before it' };
}

/** The test that one keyword makes: it may stand anywhere in a text of the event. */
export function keywordTestOf(value: RuleValue, names: readonly string[], placeholders: Placeholders): Test | Refusal {
  if (value.value === null) return refuse('null is no word to look for', 'write some text');
  const isPlain = names.every((name) => modifiers[name]!.kind !== 'reads' && modifiers[name]!.group !== 'place');
  return testOf(value, isPlain ? [...names, 'contains'] : names, placeholders);
}

function modified(value: RuleValue, names: readonly string[]): Test | Refusal {
  const rows = names.map((name) => modifiers[name]!);
  const reader = rows.find((row) => row.kind === 'reads');
  let test = reader === undefined ? equality(value) : reader.read(value);
  for (const [index, row] of rows.entries()) {
    if ('message' in test) return test;
    if (row.kind === 'changes') test = row.change(test, value, names.slice(0, index));
  }
  return 'message' in test ? test : withoutLoneWildcard(test);
}

/** A lone `*` asks for a value of any kind, not for text. */
function withoutLoneWildcard(test: Test): Test {
  return test.kind === 'text' && isAnything(test.pattern) ? { kind: 'present' } : test;
}

/** One test that holds where any of them does. */
function eitherOf(tests: Test[]): Test {
  return tests.length === 1 ? tests[0]! : { kind: 'either', tests };
}

type Change = (test: Test, value: RuleValue, before: readonly string[]) => Test | Refusal;

/** The change made to each of the tests that one value of the rule stands for. */
function onEach(change: Change): Change {
  return (test, value, before) => {
    if (test.kind !== 'either') return change(test, value, before);
    const tests: Test[] = [];
    for (const each of test.tests) {
      const changed = change(each, value, before);
      if ('message' in changed) return changed;
      tests.push(changed);
    }
    return eitherOf(tests);
  };
}

/** How modifiers join the tests of an item. `exists: false` is the one value that negates. */
export function joinOf(
  values: readonly RuleValue[],
  names: readonly string[],
): Pick<FieldItem, 'quantifier' | 'negated'> {
  const joined: Pick<FieldItem, 'quantifier' | 'negated'> = { quantifier: 'any', negated: false };
  for (const name of names) {
    const row = modifiers[name]!;
    if (row.kind === 'joins') Object.assign(joined, row.join);
    if (name === 'exists') joined.negated = values[0]?.value === false;
  }
  return joined;
}

/** What a value without a reading modifier asks for. */
function equality({ value, text }: RuleValue): Test | Refusal {
  switch (typeof value) {
    case 'string':
      return { kind: 'text', pattern: parsePattern(value), cased: false };
    case 'boolean':
      return { kind: 'boolean', value };
    case 'number':
      if (Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))) {
        return { kind: 'number', value };
      }
      return refuse(`the number ${quote(text)} cannot be compared exactly`, 'put it in quotes to compare it as text');
    default:
      return { kind: 'null' };
  }
}

function openAt(place: Exclude<Place, 'whole'>): Change {
  const sides = { before: place !== 'startswith', behind: place !== 'endswith' };
  return onEach((test, value) => {
    if (test.kind === 'fieldref') return { ...test, place };
    if (test.kind === 'regex') return regexTest(openRegex(test.source, sides), test.flags);
    const pattern = patternOf(test, value);
    return 'message' in pattern ? pattern : withPattern(test, openPattern(pattern, sides));
  });
}

/** What the value asks for as text: numbers and booleans have one too. */
function patternOf(test: Test, { text }: RuleValue): Pattern | Refusal {
  if (test.kind === 'null') return refuse('null has no text to look for', 'drop the modifier, or write some text');
  return test.kind === 'text' ? test.pattern : parsePattern(text);
}

function withPattern(test: Test, pattern: Pattern): Test {
  return { kind: 'text', pattern, cased: test.kind === 'text' && test.cased };
}

/** @param mark what stands before the bytes */
function encodeUtf16(name: string, encode: (text: string) => Buffer, mark = ''): Change {
  return onEach((test, value) => {
    const pattern = patternOf(test, value);
    if ('message' in pattern) return pattern;
    if (pattern.length === 0) return refuse(`${quote(name)} takes text that is not empty`, 'write some text');
    // From here on each character of the pattern is a byte.
    const bytes = pattern.map((part) => (typeof part === 'string' ? encode(part).toString('latin1') : part));
    return withPattern(test, mark === '' ? bytes : [mark, ...bytes]);
  });
}

function encodeBase64(name: string, encode: (bytes: Buffer) => string[]): Change {
  return onEach((test, value, before) => {
    const pattern = patternOf(test, value);
    if ('message' in pattern) return pattern;
    const text = literalOf(pattern);
    if (text === undefined)
      return refuse(
        `${quote(name)} takes text without wildcards`,
        `write \\* for the character; place modifiers stand behind ${name}`,
      );
    if (text === '') return refuse(`${quote(name)} takes text that is not empty`, 'write some text');
    const isBytes = before.some((other) => modifiers[other]!.group === 'UTF-16');
    const encoded = encode(Buffer.from(text, isBytes ? 'latin1' : 'utf8'));
    if (encoded.includes('')) return refuse(`${quote(name)} takes two bytes at least`, 'write a longer text');
    return eitherOf(encoded.map((each) => withPattern(test, [each])));
  });
}

function toBase64(bytes: Buffer): string {
  return bytes.toString('base64');
}

/** What surely stands in the Base64 of any bytes that hold these: by the place where they begin, without the characters
 * at either end that their neighbours have bits in. */
function base64Offsets(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = toBase64(Buffer.concat([Buffer.alloc(shift), bytes]));
    return encoded.slice([0, 2, 3][shift], encoded.length - [0, 3, 2][(bytes.length + shift) % 3]!);
  });
}

function toUtf16le(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

const MAX_REGEX_LENGTH = 2_000;

function regexTest(source: string, flags: readonly RegexFlag[]): Test | Refusal {
  if (source.length > MAX_REGEX_LENGTH) {
    return refuse(`the expression is longer than ${MAX_REGEX_LENGTH} characters`, 'split it into several values');
  }
  try {
    compileRegex(source, flags);
  } catch (error) {
    const reason = (error as Error).message.replace('error parsing regexp: ', '');
    return refuse(
      `the regular expression is not valid: ${reason.slice(0, 200)}`,
      'use RE2 syntax: https://github.com/google/re2/wiki/Syntax (no lookaround, no backreferences)',
    );
  }
  return { kind: 'regex', source, flags };
}

function regexFlag(flag: RegexFlag): Change {
  return (test) =>
    test.kind === 'regex' ? { ...test, flags: [...test.flags, flag] } : misplaced(flag, 'a regular expression');
}

function cidrTest({ value, text }: RuleValue): Test | Refusal {
  try {
    parseNetwork(typeof value === 'string' ? value : text);
  } catch (error) {
    return refuse(`${quote(text)}: ${(error as Error).message}`, 'write a network such as 10.0.0.0/8 or 2001:db8::/32');
  }
  return { kind: 'cidr', network: text };
}

function comparison(operator: Comparison): Effect {
  return {
    kind: 'reads',
    read: ({ value, text }) =>
      typeof value === 'number' && Number.isFinite(value)
        ? { kind: 'compare', operator, value }
        : refuse(`${quote(operator)} takes a number, not ${quote(text)}`, 'write a number, without quotes'),
  };
}

function datePartOf(part: DatePart, lowest: number, highest: number): Effect {
  return {
    kind: 'reads',
    read: ({ value, text }) =>
      typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest
        ? { kind: 'date', part, value }
        : refuse(`${quote(text)} is no ${part}`, `write a number from ${lowest} to ${highest}`),
  };
}

function misplaced(name: string, what: string): Refusal {
  return refuse(`${quote(name)} goes with ${what} only`, 'drop the modifier');
}

function refuse(message: string, hint: string): Refusal {
  return { message, hint };
}
