/** Applies modifiers: whether they can be combined, and the tests that a rule's values make under them. */
import type { FieldItem, Test } from '../ast.ts';
import { isAnything } from '../match/pattern.ts';
import { didYouMean, quote } from '../rule-problem.ts';
import { type Modifier, type Refusal, type RuleValue, refuse } from './modifier.ts';
import { eitherOf, equality } from './modifier-effects.ts';
import { modifiers } from './modifiers.ts';
import { expandPlaceholders, type Placeholders } from './placeholder.ts';

/** Longer names of the specification for names of the table. */
export const aliases: Readonly<Record<string, string>> = { ignorecase: 'i', multiline: 'm', dotall: 's' };

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

/** Why modifiers, each of which is known, cannot be combined, and which of them is at fault. */
export function checkModifiers(names: readonly string[]): (Refusal & { index: number }) | undefined {
  for (const [index, name] of names.entries()) {
    const row = modifiers[name]!;
    const before = names.slice(0, index);
    const fault = (message: string, hint: string) => ({ index, message, hint });
    const clash = (other: string) => fault(`${quote(name)} cannot follow ${quote(other)}`, 'use one of the two');
    if (before.includes(name)) return fault(`modifier ${quote(name)} is given twice`, 'drop one of them');
    if (names.includes('exists') && names.length > 1) {
      return fault("'exists' has to be the only modifier", 'move the rest to an item of its own');
    }
    if (regexFlags.includes(name) && !before.includes('re')) {
      return fault(`${quote(name)} has to follow 're'`, `write re|${name}`);
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
      return fault(`${quote(name)} has to precede ${quote(encoder)}`, `write ${name}|${encoder}`);
    }
    if (row.group !== undefined && row.group !== 'place' && makers.includes('windash')) {
      return fault(`${quote(name)} cannot follow 'windash'`, 'write out a value for each dash');
    }
  }
  return undefined;
}

/** The test that one value makes under modifiers that `checkModifiers` has accepted.
 * @param placeholders what `%name%` stands for under `expand` */
export function testOf(value: RuleValue, names: readonly string[], placeholders: Placeholders): Test | Refusal {
  if (!names.includes('expand')) return modified(value, names);
  if (typeof value.value !== 'string') return refuse("'expand' accepts only text", 'put the value in quotes');
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

/** Why modifiers cannot follow the empty name, which is the whole event. */
export function checkKeywordModifiers(names: readonly string[]): (Refusal & { index: number }) | undefined {
  const index = names.findIndex((name) => name === 'exists' || name === 'fieldref');
  return index === -1
    ? undefined
    : { index, message: `${quote(names[index]!)} needs a field`, hint: 'write the name of a field before it' };
}

/** The test that one keyword makes: it may occur anywhere in a text of the event. */
export function keywordTestOf(value: RuleValue, names: readonly string[], placeholders: Placeholders): Test | Refusal {
  if (value.value === null) return refuse('null cannot be searched for', 'write some text');
  const isPlain = names.every((name) => modifiers[name]!.kind !== 'reads' && modifiers[name]!.group !== 'place');
  return testOf(value, isPlain ? [...names, 'contains'] : names, placeholders);
}

function modified(value: RuleValue, names: readonly string[]): Test | Refusal {
  const rows = names.map((name) => modifiers[name]!);
  const reader = rows.find((row) => row.kind === 'reads');
  let test = reader === undefined ? equality(value) : reader.read(value);
  for (const [index, row] of rows.entries()) {
    if ('message' in test) return test;
    if (row.kind === 'changes') test = row.change(test, value, rows.slice(0, index));
  }
  return 'message' in test ? test : withoutLoneWildcard(test);
}

/** A lone `*` asks for a value of any kind, not for text. */
function withoutLoneWildcard(test: Test): Test {
  return test.kind === 'text' && isAnything(test.pattern) ? { kind: 'present' } : test;
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
