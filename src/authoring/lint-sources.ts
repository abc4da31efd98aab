/** Everything that is wrong with files of rules, exceptions and lists: with each on its own, and with them together. */

import { Problem } from '../problem.ts';
import type { RuleSources } from '../rules/index.ts';
import { loadLists, placeholdersOf } from '../rules/lists.ts';
import { type LintProblem, parseList, type RuleProblem } from '../sigma/index.ts';
import { loadEveryRule } from './every-rule.ts';
import { lintFile } from './lint.ts';
import { askedFiles } from './requested-files.ts';

/** What is wrong with the files at the paths, or, without a path, with all that the configuration names.
 * @throws Problem `rule.invalid` where a path does not exist */
export function lintSources(paths: readonly string[], config: RuleSources): { problems: LintProblem[]; files: number } {
  const asked = askedFiles(paths, config);
  const placeholders = placeholdersOf(loadLists(asked.sources.lists ?? []).lists);
  const own = [
    ...asked.problems.map(asError),
    ...asked.lists.flatMap(({ path, text }) => parseList(text, path).problems.map(asError)),
    ...asked.documents.flatMap(({ path, text }) => lintFile(text, path, { placeholders })),
  ];
  const told = new Set(own.map(keyOf));
  const files = new Set([...asked.documents, ...asked.lists].map(({ path }) => path));
  const isAsked = ({ path }: RuleProblem) => paths.length === 0 || files.has(path);
  const together = problemsTogether(asked.sources).filter((problem) => !told.has(keyOf(problem)) && isAsked(problem));
  return {
    problems: [...own, ...together.map(asError)].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
    files: files.size,
  };
}

function problemsTogether(sources: RuleSources): RuleProblem[] {
  try {
    return loadEveryRule(sources).problems;
  } catch (error) {
    // Not one rule can be used: of each it is told already why.
    if (error instanceof Problem && error.code === 'rule.invalid') return [];
    throw error;
  }
}

function asError(problem: RuleProblem): LintProblem {
  return { severity: 'error', ...problem };
}

function keyOf({ path, line, column, message }: RuleProblem): string {
  return JSON.stringify([path, line, column, message]);
}
