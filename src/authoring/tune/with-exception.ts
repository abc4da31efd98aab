/** A rule set with one more exception, as if it had been loaded with it. */
import { Ruleset } from '../../detect.ts';
import { isAbout, ruleReader } from '../../rules/index.ts';
import { compileFilter, printRuleProblem } from '../../sigma/index.ts';

/** @param yaml of one exception
 * @throws Error if it is not one; a proposal always is */
export function withException(ruleset: Ruleset, { name, yaml }: { name: string; yaml: string }): Ruleset {
  const { filters, problems } = ruleReader(new Map()).read({ path: `${name}.yml`, text: yaml }, () => {});
  const [filter] = filters;
  if (filter === undefined || filters.length > 1 || problems.length > 0) {
    throw new Error(`the exception cannot be read: ${problems.map(printRuleProblem).join('\n')}`);
  }
  const compiled = compileFilter(filter);
  const rules = ruleset.rules.map((rule) =>
    isAbout(filter, rule.rule) ? { ...rule, exceptions: [...rule.exceptions, compiled] } : rule,
  );
  return new Ruleset(rules, ruleset.correlations, `${ruleset.hash}+${name}`);
}

/** The names of the rules, and of all correlations that count them, directly or indirectly. */
export function affectedBy(rules: readonly string[], { correlations }: Ruleset): ReadonlySet<string> {
  const affected = new Set(rules);
  // Iterating over a set also visits members that are added meanwhile.
  for (const name of affected) {
    for (const { correlation, rules } of correlations) if (rules.includes(name)) affected.add(correlation.name);
  }
  return affected;
}
