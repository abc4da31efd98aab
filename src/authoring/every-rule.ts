/** Loads rules for those who look at them: what is off, or in shadow mode, with the rest. */

import { type LoadedRules, loadRules, type Override, type RuleSources, ruleReader } from '../rules/index.ts';
import { loadLists, placeholdersOf } from '../rules/lists.ts';
import { readOnce } from '../rules/prepared.ts';
import { readSources } from '../rules/source-files.ts';
import type { RuleMode } from '../sigma/index.ts';

export interface EveryRule extends LoadedRules {
  /** In which mode each rule and correlation would be, by name; in the rule set all of them are live. */
  modes: ReadonlyMap<string, RuleMode>;
}

/** The rules of these sources, every one about Kubernetes audit events among them.
 * @throws Problem `rule.invalid` when a path does not exist, or not one rule can be used */
export function loadEveryRule(sources: RuleSources): EveryRule {
  const modes = new Map<string, RuleMode>();
  const overrides: Record<string, Override> = { ...sources.overrides };
  const reader = ruleReader(placeholdersOf(loadLists(sources.lists ?? []).lists, sources.values));
  for (const file of readSources(sources.rules, 'rules').files) {
    const { rules, correlations } = readOnce(reader, file);
    for (const { name, id, mode } of [...rules, ...correlations]) {
      const key = Object.keys(overrides).find((key) => key === name || key.toLowerCase() === id?.toLowerCase()) ?? name;
      const said = overrides[key];
      modes.set(name, said?.mode ?? mode);
      overrides[key] = { ...said, mode: 'live' };
    }
  }
  return { ...loadRules({ ...sources, overrides }), modes };
}
