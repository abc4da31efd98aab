/** Compares how we and pySigma, the reference implementation, read values, modifiers and conditions. The vectors are
 * its answers, written by test/fixtures/sigma/make.py: every text of up to three of the characters a, star, question mark,
 * backslash and dash under chains of modifiers, as parsed parts; and every condition of up to three words, as a tree. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Condition, Pattern, Test } from '../../../src/sigma/ast.ts';
import { compilePattern } from '../../../src/sigma/match/pattern.ts';
import { checkModifiers, findModifier, testOf } from '../../../src/sigma/parse/apply-modifiers.ts';
import { parseCondition } from '../../../src/sigma/parse/condition.ts';

type Parts = (string | [wildcard: '*' | '?'])[];
type Made = 'error' | ({ text: Parts } | { re: string })[];
type Tree = string | Tree[];

interface Vectors {
  values: [modifiers: string[], text: string, made: Made][];
  regexes: [modifiers: string[], text: string, made: Made][];
  selections: string[];
  conditions: [text: string, tree: Tree][];
}

const file = fileURLToPath(new URL('../../fixtures/sigma/vectors.json', import.meta.url));
const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'));

function ours(modifiers: readonly string[], text: string): Test | 'error' {
  const names = modifiers.flatMap((spelling) => {
    const found = findModifier(spelling);
    return 'name' in found ? found.name : [];
  });
  if (checkModifiers(names) !== undefined) return 'error';
  const test = testOf({ value: text, text }, names, new Map());
  return 'message' in test ? 'error' : test;
}

/** Adjacent stars match the same as one. */
function simplified(parts: Parts): Parts {
  return parts.filter(
    (part, i) =>
      typeof part === 'string' || part[0] !== '*' || parts[i - 1]?.[0] !== '*' || typeof parts[i - 1] === 'string',
  );
}

function patternsOf(test: Test): Pattern[] {
  switch (test.kind) {
    case 'present':
      return [[{ wildcard: '*' }]];
    case 'text':
      return [test.pattern];
    case 'either':
      return test.tests.flatMap(patternsOf);
    default:
      throw new Error(`no text: ${test.kind}`);
  }
}

/** One text for each spelling of a dash in the pattern; patterns of pySigma never have one. */
function spelledOut(pattern: Pattern): Parts[] {
  return pattern.reduce<Parts[]>(
    (texts, part) => {
      if (typeof part === 'string') return texts.map((text) => append(text, part));
      if (part.wildcard !== '-') return texts.map((text) => [...text, [part.wildcard as '*' | '?']]);
      return texts.flatMap((text) => ['-', '/', '\u2013', '\u2014', '\u2015'].map((dash) => append(text, dash)));
    },
    [[]],
  );
}

function append(parts: Parts, text: string): Parts {
  const last = parts.at(-1);
  return typeof last === 'string' ? [...parts.slice(0, -1), last + text] : [...parts, text];
}

const sorted = (all: Parts[]) => [...new Set(all.map((parts) => JSON.stringify(parts)))].sort();

/** Where we differ, and why. */
function difference(modifiers: readonly string[], text: string): string | undefined {
  const isEncoded = modifiers.some((name) => /^(base64|wide|utf16)/.test(name));
  const isWide = modifiers.some((name) => /^(wide|utf16)/.test(name));
  if (isEncoded && text === '') return 'nothing to encode: an empty text would be found in every field';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is meant
  if (isWide && /[^\x00-\x7f]/.test(text))
    return 'pySigma keeps UTF-16 as text and so takes ASCII alone; we keep bytes';
  const isOneByte = modifiers[0] === 'base64offset' && Buffer.from(text.replace(/^\\(?=[*?\\])/, '')).length === 1;
  if (isOneByte) return 'at one of its three places a byte shares every character: it would be found in every field';
  if (modifiers.join() === 'base64,wide') return 'UTF-16 of Base64 is nothing that a log has';
  if (modifiers.join() === 'contains,startswith') return 'one of the two says nothing';
  if (modifiers.join() === 'base64,base64offset') return 'Base64 of Base64 is more likely a slip than meant';
  if (modifiers.join() === 'windash,wide') return 'a class of characters has no encoding';
  return undefined;
}

describe('values', () => {
  const chains = [...new Set(vectors.values.map(([modifiers]) => modifiers.join('|')))];
  it.each(chains)('under %j', (chain) => {
    const different: unknown[] = [];
    const rows = vectors.values.filter(([modifiers]) => modifiers.join('|') === chain);
    for (const [modifiers, text, made] of rows) {
      const test = ours(modifiers, text);
      const theirs = made === 'error' ? made : sorted(made.map((one) => simplified((one as { text: Parts }).text)));
      const own = test === 'error' ? test : sorted(patternsOf(test).flatMap(spelledOut));
      const isSame = JSON.stringify(own) === JSON.stringify(theirs);
      if (!isSame && difference(modifiers, text) === undefined) different.push({ text, own, theirs });
    }
    expect(rows.length).toBeGreaterThan(100);
    expect(different).toEqual([]);
  });

  it('match what they stand for', () => {
    for (const [modifiers, , made] of vectors.values) {
      if (made === 'error' || modifiers.length > 0) continue;
      const parts = simplified((made[0] as { text: Parts }).text);
      const pattern: Pattern = parts.map((part) => (typeof part === 'string' ? part : { wildcard: part[0] }));
      const instance = parts.map((part) => (typeof part === 'string' ? part : 'x')).join('');
      expect(compilePattern(pattern, true)(instance)).toBe(true);
    }
  });
});

describe('regular expressions', () => {
  it.each(vectors.regexes)('%j %j', (modifiers, text, made) => {
    const test = ours(modifiers, text);
    const own = test === 'error' ? test : [{ re: (test as Test & { kind: 'regex' }).source }];
    expect(own).toEqual(made);
  });
});

/** Merges nested operations of the same kind and unwraps those of one operand, both except for `not`. */
function flattened(tree: Tree): Tree {
  if (typeof tree === 'string') return tree;
  const [kind, ...operands] = tree as [string, ...Tree[]];
  const flat = operands.map(flattened).flatMap((operand): Tree[] => {
    const isSame = kind !== 'not' && Array.isArray(operand) && operand[0] === kind;
    return isSame ? operand.slice(1) : [operand];
  });
  return flat.length === 1 && kind !== 'not' ? flat[0]! : [kind, ...flat];
}

function treeOf(condition: Condition): Tree {
  switch (condition.kind) {
    case 'selection':
      return condition.name;
    case 'not':
      return ['not', treeOf(condition.operand)];
    default:
      return [condition.kind, ...condition.operands.map(treeOf)];
  }
}

/** Conditions that we accept and pySigma does not. */
const more: Record<string, string> = { '2 of sel_*': 'a number of selections is an extension' };

it('conditions are read as pySigma reads them', () => {
  const different: unknown[] = [];
  for (const [text, theirs] of vectors.conditions) {
    if (text in more) continue;
    const condition = parseCondition(text, vectors.selections);
    const own = 'message' in condition ? 'error' : flattened(treeOf(condition));
    const expected = flattened(theirs);
    if (JSON.stringify(own) !== JSON.stringify(expected)) different.push({ text, own, expected });
  }
  expect(vectors.conditions.length).toBeGreaterThan(1_000);
  expect(different).toEqual([]);
});
