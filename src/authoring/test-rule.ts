/** Runs rule files on the cases beside them: which passed, which did not, and why. */
import { existsSync, readFileSync } from 'node:fs';
import { type Detection, Ruleset } from '../detect.ts';
import { Problem } from '../problem.ts';
import type { Level } from '../record.ts';
import type { RuleSources } from '../rules/index.ts';
import {
  type Answer,
  answers,
  answerTo,
  type Case,
  casesPathOf,
  isRight,
  type ListValues,
  parseCases,
} from './cases.ts';
import { loadEveryRule } from './every-rule.ts';
import { type Explained, explainRecord } from './explain-record.ts';

export interface CaseResult {
  path: string;
  name: string;
  expected: Answer;
  answer: Answer | 'unreadable';
  /** Set if the finding has a level other than expected. */
  level?: { expected: Level; found: readonly Level[] };
  /** False if the rules do not match what their exception should silence. */
  silenced?: false;
  passed: boolean;
  /** For a case that did not pass: every event against the rule, or against the rules that a correlation refers to. */
  explained?: { record: number; explained: Explained }[];
}

export interface FileResult {
  path: string;
  cases: CaseResult[];
  /** Kinds of cases that are missing: a line each. */
  lacking: string[];
  /** Why the cases cannot be read: a line each. */
  problems: string[];
}

/** Runs the rules of a file, or the rules that its exceptions are about, on its cases; undefined if the set has no rule from
 * the file, and no exception with cases.
 * @param sources of the rule set
 * @param change turns the rules that the cases need into those that are run */
export async function testRuleFile(
  path: string,
  ruleset: Ruleset,
  sources: RuleSources,
  change: (needed: Ruleset) => Ruleset = (needed) => needed,
): Promise<FileResult | undefined> {
  const casesPath = casesPathOf(path);
  const { own, excepted } = subjectOf(path, ruleset);
  if (own.length + excepted.length === 0) return undefined;

  const result: FileResult = { path, cases: [], lacking: [], problems: [] };
  if (!existsSync(casesPath)) {
    const hint = 'write {"matches": [{"name": "…", "record": {…}}], "ignores": […]}';
    return { ...result, lacking: [`there is no ${casesPath}; ${hint}`] };
  }
  const { cases, lists, problems } = parseCases(readFileSync(casesPath, 'utf8'), casesPath);
  if (cases === undefined) return { ...result, problems };

  const names = new Set([...own, ...excepted]);
  let needed: Ruleset;
  try {
    needed = change(neededFor(names, ruleset, lists && { sources, values: lists }));
  } catch (error) {
    if (error instanceof Problem) return { ...result, problems: error.message.split('\n') };
    throw error;
  }
  for (const expected of answers) {
    if (cases[expected].length === 0 && expected !== 'undecided') result.lacking.push(lackOf(expected, casesPath));
    for (const one of cases[expected]) {
      const isSilenced = expected === 'ignores' && excepted.length > 0;
      result.cases.push(await runCase(one, { path, expected, names, needed, isSilenced }));
    }
  }
  return result;
}

/** Everything that determines the answers to the cases of a rule file: the cases, the rules with all that they refer to,
 * including values of lists, and exceptions. Undefined if there is nothing to test. */
export function basisOf(path: string, ruleset: Ruleset): unknown {
  const { own, excepted } = subjectOf(path, ruleset);
  if (own.length + excepted.length === 0) return undefined;
  const casesPath = casesPathOf(path);
  const needed = referredBy(new Set([...own, ...excepted]), ruleset);
  return [
    existsSync(casesPath) && readFileSync(casesPath, 'utf8'),
    ruleset.rules
      .filter(({ rule }) => needed.has(rule.name))
      .map(({ rule, exceptions }) => [rule, exceptions.map(({ filter }) => filter)]),
    ruleset.correlations.map(({ correlation }) => correlation).filter(({ name }) => needed.has(name)),
  ];
}

/** The names of a file's rules and correlations, or else of the rules that its exceptions are about. */
function subjectOf(path: string, ruleset: Ruleset): Record<'own' | 'excepted', string[]> {
  const own = [...ruleset.rules.map(({ rule }) => rule), ...ruleset.correlations.map((one) => one.correlation)]
    .filter((head) => head.path === path)
    .map(({ name }) => name);
  const isExceptions = own.length === 0 && existsSync(casesPathOf(path));
  return { own, excepted: isExceptions ? exceptedBy(path, ruleset) : [] };
}

/** The rules that the exceptions of a file are about, by name. */
function exceptedBy(path: string, { rules }: Ruleset): string[] {
  return rules
    .filter(({ exceptions }) => exceptions.some(({ filter }) => filter.path === path))
    .map(({ rule }) => rule.name);
}

function lackOf(answer: 'matches' | 'ignores', casesPath: string): string {
  const what = {
    matches: 'a record that the rule has to find',
    ignores: 'a record that comes near, and that the rule must not find',
  };
  return `'${answer}' in ${casesPath} is empty; add ${what[answer]}: {"name": "…", "record": {…}}`;
}

interface Asked {
  path: string;
  expected: Answer;
  names: ReadonlySet<string>;
  needed: Ruleset;
  /** Whether an exception must be the reason that the rules have no finding. */
  isSilenced: boolean;
}

async function runCase(one: Case, { path, expected, names, needed, isSilenced }: Asked): Promise<CaseResult> {
  const answered = await answerTo(one, names, needed);
  const { answer = 'unreadable', levels, detections } = answered;
  const isAnswered = isRight(one, expected, answered);
  const passed = isAnswered && (!isSilenced || detections.some(hasSilenced));
  const result: CaseResult = {
    path,
    name: one.name,
    expected,
    answer,
    ...(answer === expected && !isAnswered && { level: { expected: one.level!, found: levels } }),
    ...(isAnswered && !passed && { silenced: false }),
    passed,
  };
  return result.passed ? result : { ...result, explained: explainAll(detections, needed) };
}

function hasSilenced(detection: Detection): boolean {
  return 'silenced' in detection && detection.silenced.length > 0;
}

function explainAll(detections: readonly Detection[], { rules, enrichment }: Ruleset) {
  return detections.flatMap((detection, index) =>
    explainRecord(detection, { rules, enrichment, correlations: [] }).map((explained) => ({
      record: index + 1,
      explained,
    })),
  );
}

/** The rules of these names with all that they refer to, and without enrichment, which cases provide themselves.
 * @param lists values of lists that replace those from the sources of the set
 * @throws Problem `rule.invalid` when not one rule can be used with these values */
export function neededFor(
  names: ReadonlySet<string>,
  ruleset: Ruleset,
  lists?: { sources: RuleSources; values: ListValues },
): Ruleset {
  const { hash, rules, correlations } = ruleset;
  const referred = referredBy(names, ruleset);
  const needed = new Ruleset(
    rules.filter(({ rule }) => referred.has(rule.name)),
    correlations.filter(({ correlation }) => referred.has(correlation.name)),
    hash,
  );
  if (lists === undefined || Object.keys(lists.values).length === 0 || needed.rules.length === 0) return needed;
  const { sources, values } = lists;
  return neededFor(names, loadEveryRule({ ...sources, rules: pathsOf(needed), exceptions: [], values }).ruleset);
}

/** The files that a set was loaded from. */
function pathsOf({ rules, correlations }: Ruleset): string[] {
  const documents = [
    ...rules.flatMap(({ rule, exceptions }) => [rule, ...exceptions.map(({ filter }) => filter)]),
    ...correlations.map(({ correlation }) => correlation),
  ];
  return [...new Set(documents.map(({ path }) => path))];
}

/** The names, and those of all rules that they refer to. */
function referredBy(names: ReadonlySet<string>, { correlations }: Ruleset): ReadonlySet<string> {
  const needed = new Set(names);
  // Iterating over a set also visits members that are added meanwhile.
  for (const name of needed) {
    for (const { correlation, rules } of correlations) {
      if (correlation.name === name) for (const referred of rules) needed.add(referred);
    }
  }
  return needed;
}
