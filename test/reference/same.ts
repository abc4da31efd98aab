/** Whether the engine gives the same result as the naive interpreter. */
import { isDeepStrictEqual } from 'node:util';
import { CUT } from '../../src/json/map.ts';
import type { Filter, Rule } from '../../src/sigma/ast.ts';
import { compileFilter, compileRule, evaluate, explain, type FieldLookup, levelOf } from '../../src/sigma/index.ts';
import { walk, words } from '../../src/sigma/match/walk.ts';
import * as naive from './interpret.ts';
import { type Reader, read, wordsOf } from './read.ts';

const compiled = new WeakMap<Rule, ReturnType<typeof compileRule>>();

function compiledOf(rule: Rule, exceptions: readonly Filter[]) {
  let found = compiled.get(rule);
  if (found === undefined) compiled.set(rule, (found = compileRule(rule, exceptions.map(compileFilter))));
  return found;
}

/** How the two differ on plain data, each with its own reader; undefined if they do not. */
export function disagreement(rule: Rule, exceptions: readonly Filter[], event: unknown): string | undefined {
  const lookup: FieldLookup = (name) => (name === '' ? words(event) : walk(event, name));
  const reader: Reader = (name) => (name === '' ? wordsOf(event) : read(event, name));
  const engine = compiledOf(rule, exceptions);
  const expected = naive.interpret(rule, exceptions, reader);
  const answer = evaluate(engine, lookup);
  if (!isDeepStrictEqual(answer, expected)) {
    return `engine: ${JSON.stringify(answer)}\nreference: ${JSON.stringify(expected)}`;
  }
  const explained = explain(engine, lookup).truth;
  if (explained !== expected.truth) return `explain: ${explained}\nreference: ${JSON.stringify(expected)}`;
  const levels = [levelOf(engine, lookup), naive.levelOf(rule, reader)];
  return levels[0] === levels[1] ? undefined : `level by the engine and by the reference: ${levels}`;
}

/** An event with its marks, in readable form. */
export function printed(event: unknown): string {
  return JSON.stringify(event, (_key, value) => {
    if (typeof value === 'bigint') return String(value);
    const cut = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[CUT] : undefined;
    return cut === undefined ? value : { ...value, '(cut)': cut };
  });
}
