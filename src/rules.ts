/** Finds the rule files, parses and compiles them: the rule set that is live. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Ruleset } from './detect.ts';
import { fields } from './fields.ts';
import { Problem } from './problem.ts';
import { AuditEvent } from './record.ts';
import {
  type CompiledRule,
  compileRule,
  parseRules,
  printRuleProblem,
  type Rule,
  type RuleProblem,
} from './sigma/index.ts';

/** The names of the taxonomy, and those of audit.k8s.io. */
export const knownFields = [...fields.keys(), ...Object.keys(AuditEvent.properties)];

export interface LoadedRules {
  ruleset: Ruleset;
  /** What is wrong in files that are not used; the other rules are live all the same. */
  problems: RuleProblem[];
}

/** Loads every rule of the given files and folders, in the order of their paths.
 * @param paths rule files, or folders that are searched for `*.yml` and `*.yaml`
 * @throws Problem `rule.invalid` when a path does not exist, or not one rule can be used */
export function loadRules(paths: readonly string[]): LoadedRules {
  const problems: RuleProblem[] = [];
  const rules = new Map<string, CompiledRule>();
  const hash = createHash('sha256');
  for (const path of paths.flatMap(ruleFiles)) {
    const text = readFileSync(path, 'utf8');
    const parsed = parseRules(text, path, { knownFields });
    problems.push(...parsed.problems);
    for (const rule of parsed.rules.filter(selectsAudit)) {
      const { name } = rule;
      if (rules.has(name)) {
        problems.push({
          path,
          line: 1,
          column: 1,
          message: `the rule in ${rules.get(name)?.rule.path} has the name '${name}' already`,
          hint: 'give each rule a name of its own',
        });
        continue;
      }
      rules.set(name, compileRule(rule));
      hash.update(`${name}\0${text}\0`);
    }
  }
  if (rules.size === 0) {
    const why = problems.map(printRuleProblem).join('\n') || 'no file there is a rule about Kubernetes audit events';
    throw new Problem('rule.invalid', `no rule that can be used in ${paths.join(', ')}:\n${why}`);
  }
  return { ruleset: { hash: hash.digest('hex').slice(0, 12), rules: [...rules.values()], correlations: [] }, problems };
}

/** Whether a rule is about the events that Tripline has, by the names that it has for them: each key of its logsource
 * that is given must be theirs. */
function selectsAudit({ logsource: { category, product, service, custom }, taxonomy }: Rule): boolean {
  return (
    taxonomy === 'sigma' &&
    custom === undefined &&
    (product === undefined || product === 'kubernetes') &&
    (service === undefined || service === 'audit') &&
    (category === undefined || category === 'application')
  );
}

function ruleFiles(path: string): string[] {
  if (!existsSync(path)) throw new Problem('rule.invalid', `${path} does not exist; check the setting 'rules'`);
  return statSync(path).isDirectory() ? filesBelow(path, new Set()) : [path];
}

/** What is hidden is passed over: a ConfigMap's files lie in `..data` and `..2026_01_02_03_04_05.67` as well as beside
 * them, and editors keep copies and locks as `.#x.yml`. Links are followed, since a mounted file is one; but each folder
 * is entered once, so that a link to a folder above ends.
 * @param entered the real paths of the folders so far */
function filesBelow(folder: string, entered: Set<string>): string[] {
  const place = realpathSync(folder);
  if (entered.has(place)) return [];
  entered.add(place);
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return filesBelow(path, entered);
      return /\.ya?ml$/.test(name) ? [path] : [];
    });
}
