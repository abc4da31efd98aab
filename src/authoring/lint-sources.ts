/** Everything that is wrong with files of rules, exceptions and lists: with each on its own, and with them together. */

import { Problem } from '../problem.ts';
import type { RuleSources } from '../rules/index.ts';
import { loadLists, placeholdersOf } from '../rules/lists.ts';
import { type LintProblem, parseList, type RuleProblem } from '../sigma/index.ts';
import { loadEveryRule } from './every-rule.ts';
import { lintFile } from './lint.ts';
import { requestedFiles } from './requested-files.ts';

/** What is wrong with the files at the paths, or, without a path, with all that the configuration names.
 * @throws Problem `rule.invalid` where a path does not exist */
export function lintSources(paths: readonly string[], config: RuleSources): { problems: LintProblem[]; files: number } {
  const requested = requestedFiles(paths, config);
  const placeholders = placeholdersOf(loadLists(requested.sources.lists ?? []).lists);
  const own = [
    ...requested.problems.map(asError),
    ...requested.lists.flatMap(({ path, text }) => parseList(text, path).problems.map(asError)),
    ...requested.documents.flatMap(({ path, text }) => lintFile(text, path, { placeholders })),
  ];
  const reported = new Set(own.map(keyOf));
  const files = new Set([...requested.documents, ...requested.lists].map(({ path }) => path));
  const isRequested = ({ path }: RuleProblem) => paths.length === 0 || files.has(path);
  const together = problemsTogether(requested.sources).filter(
    (problem) => !reported.has(keyOf(problem)) && isRequested(problem),
  );
  return {
    problems: [...own, ...together.map(asError)].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
    files: files.size,
  };
}

function problemsTogether(sources: RuleSources): RuleProblem[] {
  try {
    return loadEveryRule(sources).problems;
  } catch (error) {
    // Not one rule can be used: of each it is reported already why.
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
