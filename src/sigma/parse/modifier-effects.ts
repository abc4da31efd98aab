/** What the modifiers of the table do: read a rule's value, and change the test that it makes. */
import { parseNetwork } from '../../network.ts';
import type { Anchor, Comparison, DatePart, Pattern, RegexFlag, Test } from '../ast.ts';
import { literalOf, openPattern, parsePattern } from '../match/pattern.ts';
import { compileRegex } from '../match/value-test.ts';
import { quote } from '../rule-problem.ts';
import { type Change, type Effect, type Refusal, type RuleValue, refuse } from './modifier.ts';
import { openRegex } from './regex.ts';

/** One test that holds if any of them does. */
export function eitherOf(tests: Test[]): Test {
  return tests.length === 1 ? tests[0]! : { kind: 'either', tests };
}

/** The change made to each of the tests that one value of the rule stands for. */
export function onEach(change: Change): Change {
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

/** What a value without a reading modifier asks for. */
export function equality({ value, text }: RuleValue): Test | Refusal {
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

export function openAt(anchor: Exclude<Anchor, 'whole'>): Change {
  const sides = { before: anchor !== 'startswith', after: anchor !== 'endswith' };
  return onEach((test, value) => {
    if (test.kind === 'fieldref') return { ...test, anchor };
    if (test.kind === 'regex') return regexTest(openRegex(test.source, sides), test.flags);
    const pattern = patternOf(test, value);
    return 'message' in pattern ? pattern : withPattern(test, openPattern(pattern, sides));
  });
}

/** What the value asks for as text: numbers and booleans have one too. */
export function patternOf(test: Test, { text }: RuleValue): Pattern | Refusal {
  if (test.kind === 'null') return refuse('null has no text to look for', 'drop the modifier, or write some text');
  return test.kind === 'text' ? test.pattern : parsePattern(text);
}

export function withPattern(test: Test, pattern: Pattern): Test {
  return { kind: 'text', pattern, cased: test.kind === 'text' && test.cased };
}

/** @param mark what precedes the bytes */
export function encodeUtf16(name: string, encode: (text: string) => Buffer, mark = ''): Change {
  return onEach((test, value) => {
    const pattern = patternOf(test, value);
    if ('message' in pattern) return pattern;
    if (pattern.length === 0) return refuse(`${quote(name)} accepts only text that is not empty`, 'write some text');
    // From here on each character of the pattern is a byte.
    const bytes = pattern.map((part) => (typeof part === 'string' ? encode(part).toString('latin1') : part));
    return withPattern(test, mark === '' ? bytes : [mark, ...bytes]);
  });
}

export function encodeBase64(name: string, encode: (bytes: Buffer) => string[]): Change {
  return onEach((test, value, before) => {
    const pattern = patternOf(test, value);
    if ('message' in pattern) return pattern;
    const text = literalOf(pattern);
    if (text === undefined)
      return refuse(
        `${quote(name)} accepts only text without wildcards`,
        `write \\* for the character; place modifiers follow ${name}`,
      );
    if (text === '') return refuse(`${quote(name)} accepts only text that is not empty`, 'write some text');
    const isBytes = before.some(({ group }) => group === 'UTF-16');
    const encoded = encode(Buffer.from(text, isBytes ? 'latin1' : 'utf8'));
    if (encoded.includes('')) return refuse(`${quote(name)} needs at least two bytes`, 'write a longer text');
    return eitherOf(encoded.map((each) => withPattern(test, [each])));
  });
}

export function toBase64(bytes: Buffer): string {
  return bytes.toString('base64');
}

/** What the Base64 of any bytes that contain these is sure to contain, for each place where they can begin: without the
 * characters at either end that share bits with their neighbours. */
export function base64Offsets(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = toBase64(Buffer.concat([Buffer.alloc(shift), bytes]));
    return encoded.slice([0, 2, 3][shift], encoded.length - [0, 3, 2][(bytes.length + shift) % 3]!);
  });
}

export function toUtf16le(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

const MAX_REGEX_LENGTH = 2_000;

export function regexTest(source: string, flags: readonly RegexFlag[]): Test | Refusal {
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

export function regexFlag(flag: RegexFlag): Change {
  return (test) =>
    test.kind === 'regex' ? { ...test, flags: [...test.flags, flag] } : misplaced(flag, 'a regular expression');
}

export function cidrTest({ value, text }: RuleValue): Test | Refusal {
  try {
    parseNetwork(typeof value === 'string' ? value : text);
  } catch (error) {
    return refuse(`${quote(text)}: ${(error as Error).message}`, 'write a network such as 10.0.0.0/8 or 2001:db8::/32');
  }
  return { kind: 'cidr', network: text };
}

export function comparison(operator: Comparison): Effect {
  return {
    kind: 'reads',
    read: ({ value, text }) =>
      typeof value === 'number' && Number.isFinite(value)
        ? { kind: 'compare', operator, value }
        : refuse(`${quote(operator)} accepts only a number, not ${quote(text)}`, 'write a number, without quotes'),
  };
}

export function datePartOf(part: DatePart, lowest: number, highest: number): Effect {
  return {
    kind: 'reads',
    read: ({ value, text }) =>
      typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest
        ? { kind: 'date', part, value }
        : refuse(`${quote(text)} is not a valid ${part}`, `write a number from ${lowest} to ${highest}`),
  };
}

export function misplaced(name: string, what: string): Refusal {
  return refuse(`${quote(name)} can only be used with ${what}`, 'drop the modifier');
}
