/** The options that say which rules a command works with: the same for every command. */
import { type Config, type ConfigSource, loadConfig } from '../config/index.ts';
import type { Ruleset } from '../detect.ts';
import type { LoadedRules } from '../rules/index.ts';
import type { RuleHead } from '../sigma/index.ts';
import { printRuleProblem } from '../sigma/rule-problem.ts';
import type { OptionTable, OptionValues } from './declaration.ts';
import type { ProcessIo } from './process-io.ts';

export const ruleOptions = {
  config: { kind: 'value', placeholder: 'FILE', doc: 'settings, in YAML (environment: TRIPLINE_CONFIG)' },
  rules: {
    kind: 'values',
    placeholder: 'PATH',
    doc: 'folder or file with Sigma rules, instead of the bundled ones',
  },
  lists: { kind: 'values', placeholder: 'PATH', doc: 'folder or file with lists, in addition to the bundled ones' },
  exceptions: { kind: 'values', placeholder: 'PATH', doc: 'folder or file with exceptions (Sigma filters)' },
} as const satisfies OptionTable;

/** The options of serve: its own, and those above. */
export const serveOptions = {
  listen: {
    kind: 'value',
    placeholder: 'HOST:PORT',
    doc: 'where to serve HTTP (default 127.0.0.1:9870; environment: TRIPLINE_LISTEN)',
  },
  ...ruleOptions,
} as const satisfies OptionTable;

/** The settings of serve that come from the command line and the environment. */
export function serveSettings(
  { listen: asked }: OptionValues<typeof serveOptions>,
  environment: ProcessIo['environment'],
): Partial<Config> {
  const listen = asked ?? environment.TRIPLINE_LISTEN;
  const logFormat = environment.TRIPLINE_LOG_FORMAT;
  return { ...(listen && { listen }), ...(logFormat && { logFormat: logFormat as Config['logFormat'] }) };
}

/** If a command has only some of them, the others come from the configuration. */
export type RuleOptions = Partial<OptionValues<typeof ruleOptions>>;

/** The configuration that the options name, with further settings from the command line.
 * @throws Problem `config.invalid` */
export function readConfig(options: RuleOptions, io: ProcessIo, settings: Partial<Config> = {}): Config {
  return loadConfig(configSourceOf(options, io, settings));
}

/** Where the configuration comes from. */
export function configSourceOf(
  { config, rules, lists, exceptions }: RuleOptions,
  { environment, bundled }: ProcessIo,
  settings: Partial<Config>,
): ConfigSource {
  return {
    path: config || environment.TRIPLINE_CONFIG || undefined,
    overrides: { ...(rules && { rules }), ...(lists && { lists }), ...(exceptions && { exceptions }), ...settings },
    environment,
    bundledRules: bundled.rules,
  };
}

/** Reports on stderr what is wrong in files that are not used, which rules can never match, and which are left out. */
export async function reportProblems(
  { problems, warnings = [], leftOut = [] }: Partial<LoadedRules>,
  { stderr }: ProcessIo,
): Promise<void> {
  for (const problem of problems ?? []) await stderr.write(`${printRuleProblem(problem)}\n`);
  for (const warning of warnings) {
    await stderr.write(`${printRuleProblem({ ...warning, message: `warning: ${warning.message}` })}\n`);
  }
  if (leftOut.length === 0) return;
  const names = leftOut.slice(0, NAMED).map(({ name }) => name);
  const more = leftOut.length > NAMED ? ` and ${leftOut.length - NAMED} more` : '';
  const why = 'as their logsource is not the Kubernetes audit log (product: kubernetes, service: audit)';
  await stderr.write(`left out, ${why}: ${names.join(', ')}${more}\n`);
}

/** The most rules that one line of a message names. */
const NAMED = 20;

/** The heads of all rules and correlations. */
export function headsOf({ rules, correlations }: Ruleset): RuleHead[] {
  return [...rules.map(({ rule }) => rule), ...correlations.map(({ correlation }) => correlation)];
}
