/** What a value of the event must be to pass a test of a rule. */
import { RE2JS } from 're2js';
import { booleanOf, numberOf, textOf } from '../../json/typed.ts';
import { isWithinAny, type Network, parseNetwork } from '../../network.ts';
import type { Anchor, Comparison, Pattern, RegexFlag, Test } from '../ast.ts';
import type { FieldLookup, Found, JoinedText } from '../field.ts';
import { mayContainAny } from './contains-any.ts';
import { datePart } from './date-part.ts';
import {
  compileAlternatives,
  compilePattern,
  fold,
  foldPattern,
  literalOf,
  longestLiteralIn,
  printPattern,
} from './pattern.ts';
import { screenOf } from './regex-screen.ts';
import { remembered } from './remember.ts';

/** Reports whether one value that is present passes. */
export type ValueTest = (value: unknown) => boolean;

/** Makes the test for one event; only a comparison with another field reads the event. */
export type CompiledTest = (lookup: FieldLookup) => ValueTest;

/** The function of a test that `parse` has accepted. */
export function compileTest(test: Test): CompiledTest {
  switch (test.kind) {
    case 'fieldref':
      return compileReference(test);
    case 'either':
      return compileAny(test.tests);
    default: {
      const passes = compileConstant(test);
      return () => passes;
    }
  }
}

/** The function that reports whether any of the tests passes. Rules list texts and networks by the hundred: work common to
 * all of them is done once per value, and a plain text is found without trying each. */
export function compileAny(tests: readonly Test[]): CompiledTest {
  const cased = new Set<string>();
  const folded = new Set<string>();
  const patterns: Pattern[] = [];
  const casedPatterns: Pattern[] = [];
  const networks: Network[] = [];
  const others: ValueTest[] = [];
  const references: CompiledTest[] = [];
  for (const test of tests.flatMap(alternativesOf)) {
    const literal = test.kind === 'text' ? literalOf(test.pattern) : undefined;
    if (test.kind === 'fieldref') references.push(compileReference(test));
    else if (test.kind === 'cidr') networks.push(parseNetwork(test.network));
    else if (test.kind !== 'text') others.push(compileConstant(test));
    else if (literal === undefined) (test.cased ? casedPatterns : patterns).push(test.pattern);
    else if (test.cased) cased.add(literal);
    else folded.add(fold(literal));
  }
  const isAnyCase = folded.size + patterns.length > 0;
  const matchesCased = compileAlternatives(casedPatterns);
  const matchesFolded = compileAlternatives(patterns.map(foldPattern));
  const onTexts = onText((text) => {
    if (cased.has(text) || matchesCased(text)) return true;
    if (isAnyCase) {
      const one = fold(text);
      if (folded.has(one) || matchesFolded(one)) return true;
    }
    return networks.length > 0 && isWithinAny(networks, text);
  });
  const passesConstant: ValueTest = (value) => onTexts(value) || others.some((passes) => passes(value));
  const hasRegex = tests.flatMap(alternativesOf).some(({ kind }) => kind === 'regex');
  const isCostly = hasRegex || networks.length > 0;
  const constant = isCostly ? remembered(passesConstant) : passesConstant;
  if (references.length === 0) return () => constant;
  return (lookup) => {
    const bound = references.map((reference) => reference(lookup));
    return (value) => constant(value) || bound.some((passes) => passes(value));
  };
}

/** A function that returns false only for a text that contains no value that passes any of the tests; undefined if a text
 * cannot show that. */
export function compileTextFilter(tests: readonly Test[]): ((text: JoinedText) => boolean) | undefined {
  const alternatives = tests.flatMap(alternativesOf);
  const texts = alternatives.filter((test) => test.kind === 'text');
  const regexes = alternatives.filter((test) => test.kind === 'regex');
  if (texts.length + regexes.length < alternatives.length) return undefined;
  const mayContain = mayContainAny(texts.map(({ pattern }) => fold(longestLiteralIn(pattern))));
  if (mayContain === undefined) return undefined;
  if (regexes.length === 0) return ({ folded }) => mayContain(folded);
  const screen = screenOf(regexes);
  if (screen === undefined) return undefined;
  const expression = new RegExp(screen);
  return ({ written, folded }) => expression.test(written) || (texts.length > 0 && mayContain(folded));
}

type SingleTest = Exclude<Test, { kind: 'either' }>;

function alternativesOf(test: Test): SingleTest[] {
  return test.kind === 'either' ? test.tests.flatMap(alternativesOf) : [test];
}

function compileConstant(test: Exclude<Test, { kind: 'fieldref' | 'either' }>): ValueTest {
  switch (test.kind) {
    case 'null':
      return (value) => value === null;
    case 'exists':
      return () => true;
    case 'present':
      return (value) => value !== null;
    case 'number':
      return (value) => numberOf(value) === test.value;
    case 'boolean':
      return (value) => booleanOf(value) === test.value;
    case 'text':
      return onText(compilePattern(test.pattern, test.cased));
    case 'regex': {
      const screen = screenOf([test]);
      const mayMatch = screen === undefined ? undefined : new RegExp(screen);
      // Compiled on first use: few expressions of a rule set are ever needed.
      let regex: RE2JS | undefined;
      return onText(
        (text) => mayMatch?.test(text) !== false && (regex ??= compileRegex(test.source, test.flags)).test(text),
      );
    }
    case 'cidr': {
      const networks = [parseNetwork(test.network)];
      return onText((text) => isWithinAny(networks, text));
    }
    case 'compare': {
      const compare = comparisons[test.operator];
      return (value) => {
        const number = numberOf(value);
        return number !== undefined && compare(number, test.value);
      };
    }
    case 'date':
      return onText((text) => datePart(text, test.part) === test.value);
  }
}

/** Most values of another field that a part of this one is compared with; the cost grows with their number. */
const MAX_REFERENCED = 100;

/** Compares texts, ignoring case. */
function compileReference({ field, anchor }: Test & { kind: 'fieldref' }): CompiledTest {
  // The members of a list may all be compared with the same values around them.
  const tests = new WeakMap<Found, ValueTest>();
  return (lookup) => {
    const found = lookup(field);
    let passes = tests.get(found);
    if (passes === undefined) tests.set(found, (passes = comparedTo(found, anchor)));
    return passes;
  };
}

function comparedTo({ values }: Found, anchor: Anchor): ValueTest {
  const others = values.flatMap((value) => textOf(value) ?? []);
  if (anchor === 'whole') {
    const texts = new Set(others.map(fold));
    return onText((text) => texts.has(fold(text)));
  }
  const texts = others.slice(0, MAX_REFERENCED).map(fold);
  return onText((text) => {
    const folded = fold(text);
    return texts.some((other) => partOf[anchor](folded, other));
  });
}

const partOf: Record<Exclude<Anchor, 'whole'>, (text: string, other: string) => boolean> = {
  contains: (text, other) => text.includes(other),
  startswith: (text, other) => text.startsWith(other),
  endswith: (text, other) => text.endsWith(other),
};

/** The other fields that a test reads, and why they may hold more than the test has seen. */
export function referencesOf(test: Test): { field: string; gapOf(found: Found): string | undefined }[] {
  if (test.kind === 'either') return test.tests.flatMap(referencesOf);
  if (test.kind !== 'fieldref') return [];
  const { field, anchor } = test;
  const isPart = anchor !== 'whole';
  const tooMany = `more than ${MAX_REFERENCED} values`;
  return [
    { field, gapOf: ({ gap, values }) => gap ?? (isPart && values.length > MAX_REFERENCED ? tooMany : undefined) },
  ];
}

/** Whether no value can pass: placeholders without values leave nothing to compare with. */
export function matchesNothing(test: Test): boolean {
  return test.kind === 'either' && test.tests.every(matchesNothing);
}

/** The test in a few words of Sigma, for display. */
export function printTest(test: Test): string {
  switch (test.kind) {
    case 'null':
      return 'null';
    case 'exists':
      return 'exists';
    case 'present':
      return "'*'";
    case 'number':
    case 'boolean':
      return String(test.value);
    case 'text':
      return `${test.cased ? 'cased ' : ''}'${printPattern(test.pattern)}'`;
    case 'regex':
      return `re /${test.source}/${test.flags.join('')}`;
    case 'cidr':
      return `cidr ${test.network}`;
    case 'compare':
      return `${test.operator} ${test.value}`;
    case 'fieldref':
      return `${test.anchor === 'whole' ? '' : `${test.anchor} `}the field ${test.field}`;
    case 'date':
      return `${test.part} ${test.value}`;
    case 'either':
      return matchesNothing(test) ? 'a value of an empty list' : `(${test.tests.map(printTest).join(' or ')})`;
  }
}

/** @throws Error with RE2's reason */
export function compileRegex(source: string, flags: readonly RegexFlag[]): RE2JS {
  return RE2JS.compile(
    source,
    flags.reduce((sum, flag) => sum | regexFlags[flag], 0),
  );
}

const regexFlags: Record<RegexFlag, number> = { i: RE2JS.CASE_INSENSITIVE, m: RE2JS.MULTILINE, s: RE2JS.DOTALL };

const comparisons: Record<Comparison, (found: number, expected: number) => boolean> = {
  lt: (found, expected) => found < expected,
  lte: (found, expected) => found <= expected,
  gt: (found, expected) => found > expected,
  gte: (found, expected) => found >= expected,
};

function onText(test: (text: string) => boolean): ValueTest {
  return (value) => {
    const text = textOf(value);
    return text !== undefined && test(text);
  };
}
