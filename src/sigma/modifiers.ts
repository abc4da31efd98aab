/** The modifiers of Sigma as one table: what each does to the tests of an item, said in words, code and examples. */
import type { Comparison, Item, RegexFlag, Test } from './ast.ts';
import { isAnything, openPattern, parsePattern } from './pattern.ts';
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
}

type Effect =
  /** Reads the rule's value in its own way, so it comes first among those that read or change. */
  | { kind: 'reads'; read(value: RuleValue): Test | Refusal }
  /** Changes the test that those before it have made. */
  | { kind: 'changes'; change(test: Test, value: RuleValue): Test | Refusal }
  /** Says how the tests of the item are joined. */
  | { kind: 'joins'; join: Partial<Pick<Item, 'quantifier' | 'negated'>> };

export type Modifier = { doc: string; examples: readonly Example[] } & Effect;

export const modifiers: Readonly<Record<string, Modifier>> = {
  contains: {
    doc: 'The value occurs anywhere in the text of the field.',
    kind: 'changes',
    change: open({ before: true, behind: true }),
    examples: [
      { modifiers: 'contains', rule: 'Exec', passes: ['exec', 'pods/EXEC/x'], fails: ['exe c', '', null, ['exec']] },
      { modifiers: 'contains', rule: 'a*b', passes: ['xaxbx', 'a\nb'], fails: ['ba'] },
      { modifiers: 'contains', rule: 40, passes: [403, '1400'], fails: [4] },
    ],
  },
  startswith: {
    doc: 'The text of the field begins with the value.',
    kind: 'changes',
    change: open({ before: false, behind: true }),
    examples: [
      { modifiers: 'startswith', rule: 'system:', passes: ['System:node:a', 'system:'], fails: ['my-system:'] },
      { modifiers: 'startswith', rule: 'C:\\Temp\\', passes: ['c:\\temp\\x'], fails: ['c:\\temp'] },
    ],
  },
  endswith: {
    doc: 'The text of the field ends with the value.',
    kind: 'changes',
    change: open({ before: true, behind: false }),
    examples: [{ modifiers: 'endswith', rule: '-system', passes: ['kube-system', '-SYSTEM'], fails: ['-systems'] }],
  },
  cased: {
    doc: 'Upper and lower case differ.',
    kind: 'changes',
    change: (test) => (test.kind === 'text' ? { ...test, cased: true } : misplaced('cased', 'text')),
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
};

/** Longer names of the specification for names of the table. */
const aliases: Readonly<Record<string, string>> = { ignorecase: 'i', multiline: 'm', dotall: 's' };

/** Modifiers of the specification that have no row yet. */
const notSupportedYet: ReadonlySet<string> = new Set([
  ...['base64', 'base64offset', 'wide', 'utf16', 'utf16le', 'utf16be', 'windash', 'expand', 'fieldref'],
  ...['minute', 'hour', 'day', 'week', 'month', 'year'],
]);

/** The modifier of that name, or why there is none. */
export function findModifier(name: string): { name: string; modifier: Modifier } | Refusal {
  const canonical = Object.hasOwn(aliases, name) ? aliases[name]! : name;
  if (Object.hasOwn(modifiers, canonical)) return { name: canonical, modifier: modifiers[canonical]! };
  const names = Object.keys(modifiers);
  if (notSupportedYet.has(name)) {
    return refuse(`modifier ${quote(name)} is not supported yet`, `use one of ${names.join(', ')}`);
  }
  return refuse(`unknown modifier ${quote(name)}`, didYouMean(name, names, `use one of ${names.join(', ')}`));
}

/** Why modifiers, each of which is known, cannot stand together, and which of them is at fault. */
export function checkModifiers(names: readonly string[]): (Refusal & { index: number }) | undefined {
  for (const [index, name] of names.entries()) {
    const before = names.slice(0, index);
    const reading = before.find((other) => modifiers[other]!.kind !== 'joins');
    const fault = (message: string, hint: string) => ({ index, message, hint });
    if (before.includes(name)) return fault(`modifier ${quote(name)} stands here twice`, 'drop one of them');
    if (names.includes('exists') && names.length > 1) {
      return fault("'exists' has to be the only modifier", 'move the rest to an item of its own');
    }
    if (modifiers[name]!.kind === 'reads' && reading !== undefined) {
      return fault(`${quote(name)} cannot follow ${quote(reading)}`, 'use one of the two');
    }
    const place = places.has(name) ? before.find((other) => places.has(other)) : undefined;
    if (place !== undefined) return fault(`${quote(name)} cannot follow ${quote(place)}`, 'use one of the two');
    if (Object.hasOwn(regexFlagNames, name) && !before.includes('re')) {
      return fault(`${quote(name)} belongs behind 're'`, `write re|${name}`);
    }
    if (!Object.hasOwn(regexFlagNames, name) && modifiers[name]!.kind === 'changes') {
      const other = before.find((earlier) => modifiers[earlier]!.kind === 'reads');
      if (other === 're') return fault(`${quote(name)} behind 're' is not supported yet`, 'put it into the expression');
      if (other !== undefined) return fault(`${quote(name)} cannot follow ${quote(other)}`, 'use one of the two');
    }
  }
  return undefined;
}

const places: ReadonlySet<string> = new Set(['contains', 'startswith', 'endswith']);
const regexFlagNames: Readonly<Record<RegexFlag, true>> = { i: true, m: true, s: true };

/** The test that one value makes under modifiers which `checkModifiers` has let pass. */
export function testOf(value: RuleValue, names: readonly string[]): Test | Refusal {
  const rows = names.map((name) => modifiers[name]!);
  const reader = rows.find((row) => row.kind === 'reads');
  let test = reader === undefined ? equality(value) : reader.read(value);
  for (const row of rows) {
    if ('message' in test) return test;
    if (row.kind === 'changes') test = row.change(test, value);
  }
  return 'kind' in test && test.kind === 'text' && isAnything(test.pattern) ? { kind: 'present' } : test;
}

/** How modifiers join the tests of an item. `exists: false` is the one value that negates. */
export function joinOf(values: readonly RuleValue[], names: readonly string[]): Pick<Item, 'quantifier' | 'negated'> {
  const joined: Pick<Item, 'quantifier' | 'negated'> = { quantifier: 'any', negated: false };
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

function open(sides: { before: boolean; behind: boolean }): (test: Test, value: RuleValue) => Test | Refusal {
  return (test, { text }) => {
    if (test.kind === 'null') return refuse('null has no text to look for', 'drop the modifier, or write some text');
    const pattern = test.kind === 'text' ? test.pattern : parsePattern(text);
    return { kind: 'text', pattern: openPattern(pattern, sides), cased: test.kind === 'text' && test.cased };
  };
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

function regexFlag(flag: RegexFlag): (test: Test) => Test | Refusal {
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

function misplaced(name: string, what: string): Refusal {
  return refuse(`${quote(name)} goes with ${what} only`, 'drop the modifier');
}

function refuse(message: string, hint: string): Refusal {
  return { message, hint };
}
