/** All problems of rule, exception and list files: of each on its own, and of all together. */

import { parseOwners } from '../enrichment/owners.ts';
import { findFlaw } from '../fields/flaw.ts';
import { fields } from '../fields/index.ts';
import { Problem } from '../problem.ts';
import { knownFields, type RuleSources } from '../rules/index.ts';
import { loadLists, placeholdersOf } from '../rules/lists.ts';
import {
  type Check,
  fix,
  type LintOptions,
  type LintProblem,
  lint,
  parseList,
  type RuleProblem,
  checks as sigmaChecks,
} from '../sigma/index.ts';
import { loadEveryRule } from './every-rule.ts';
import { kubernetesChecks } from './kubernetes-checks.ts';
import { requestedFiles } from './requested-files.ts';

/** Every check by its name. */
export const checks: Readonly<Record<string, Check>> = { ...sigmaChecks, ...kubernetesChecks };

/** All problems of a rule, correlation or exception file, in order of place: errors, which keep it from being used, or, if
 * there are none, warnings, each with the name of its check.
 * @param text the whole file, decoded as UTF-8
 * @param placeholders the values of lists by their names */
export function lintFile(
  text: string,
  path: string,
  { placeholders }: Pick<LintOptions, 'placeholders'>,
): LintProblem[] {
  return lint(text, path, optionsWith(placeholders));
}

/** The text of such a file with all fixes that lint can apply, and what they are. What its documents match does not change.
 * @param text the whole file, decoded as UTF-8
 * @param placeholders the values of lists by their names */
export function fixFile(
  text: string,
  path: string,
  { placeholders }: Pick<LintOptions, 'placeholders'>,
): { text: string; fixed: LintProblem[] } {
  return fix(text, path, optionsWith(placeholders));
}

function optionsWith(placeholders: LintOptions['placeholders']): LintOptions {
  return { knownFields, findFlaw, ...(placeholders && { placeholders }), checks: kubernetesChecks, isList };
}

/** Names of members in Kubernetes objects that are lists. */
const lists: ReadonlySet<string> = new Set([
  ...['containers', 'initContainers', 'ephemeralContainers', 'volumes', 'volumeMounts', 'env', 'envFrom', 'ports'],
  ...['rules', 'subjects', 'webhooks', 'ownerReferences', 'tolerations', 'ingress', 'egress', 'conditions', 'tls'],
  ...['args', 'verbs', 'resources', 'apiGroups', 'resourceNames', 'nonResourceURLs', 'usages', 'finalizers'],
]);

function isList(path: string): boolean {
  return fields.get(path)?.many === true || lists.has(path.slice(path.lastIndexOf('.') + 1));
}

/** The problems of the files at the paths, or, without a path, of all that the configuration names; and the paths of these
 * files.
 * @throws Problem `rule.invalid` if a path does not exist */
export function lintSources(
  paths: readonly string[],
  config: RuleSources,
): { problems: LintProblem[]; files: readonly string[] } {
  const requested = requestedFiles(paths, config);
  const placeholders = placeholdersOf(loadLists(requested.sources.lists ?? []).lists);
  const own = [
    ...requested.problems.map(asError),
    ...requested.lists.flatMap(({ path, text }) => parseList(text, path).problems.map(asError)),
    ...requested.owners.flatMap(({ path, text }) => parseOwners(text, path).problems.map(asError)),
    ...requested.documents.flatMap(({ path, text }) => lintFile(text, path, { placeholders })),
  ];
  const reported = new Set(own.map(keyOf));
  const files = new Set([...requested.documents, ...requested.lists, ...requested.owners].map(({ path }) => path));
  const isRequested = ({ path }: RuleProblem) => paths.length === 0 || files.has(path);
  const together = problemsTogether(requested.sources).filter(
    (problem) => !reported.has(keyOf(problem)) && isRequested(problem),
  );
  return {
    problems: [...own, ...together.map(asError)].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
    files: [...files],
  };
}

/** The rule, correlation and exception files at the paths with all fixes that lint can apply; only files that change.
 * @throws Problem `rule.invalid` if a path does not exist */
export function fixSources(
  paths: readonly string[],
  config: RuleSources,
): { path: string; text: string; fixed: LintProblem[] }[] {
  const { documents, sources } = requestedFiles(paths, config);
  const placeholders = placeholdersOf(loadLists(sources.lists ?? []).lists);
  return documents
    .map(({ path, text }) => ({ path, ...fixFile(text, path, { placeholders }) }))
    .filter(({ fixed }) => fixed.length > 0);
}

function problemsTogether(sources: RuleSources): RuleProblem[] {
  try {
    return loadEveryRule(sources).problems;
  } catch (error) {
    // No rule can be used; the reason for each has already been reported.
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
