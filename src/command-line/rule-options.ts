/** The options that say which rules a command works with: the same for every command. */
import { type Config, loadConfig } from '../config.ts';
import { type LoadedRules, loadRules } from '../rules.ts';
import { printRuleProblem } from '../sigma/index.ts';
import type { OptionTable, OptionValues } from './declaration.ts';
import type { Surroundings } from './surroundings.ts';

export const ruleOptions = {
  config: { kind: 'value', placeholder: 'FILE', doc: 'settings, in YAML (environment: TRIPLINE_CONFIG)' },
  rules: {
    kind: 'values',
    placeholder: 'PATH',
    doc: 'folder or file with Sigma rules, instead of those that come along',
  },
} as const satisfies OptionTable;

export type RuleOptions = OptionValues<typeof ruleOptions>;

/** The configuration that the options name, with what else the command line sets.
 * @throws Problem `config.invalid` */
export function readConfig(
  { config, rules }: RuleOptions,
  { environment, bundled }: Surroundings,
  settings: Partial<Config> = {},
): Config {
  return loadConfig({
    path: config || environment.TRIPLINE_CONFIG || undefined,
    overrides: { ...(rules && { rules }), ...settings },
    environment,
    bundledRules: bundled.rules,
  });
}

/** The rules of a configuration. What is wrong in files that are not used is told on stderr.
 * @throws Problem `rule.invalid` where no rule can be used */
export async function loadRulesOf(config: Config, { stderr }: Surroundings): Promise<LoadedRules> {
  const loaded = loadRules(config.rules);
  for (const problem of loaded.problems) await stderr.write(`${printRuleProblem(problem)}\n`);
  return loaded;
}
