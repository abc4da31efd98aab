/** Loads rules for inspection: including those that are off or in shadow mode. */

import { type LoadedRules, loadRules, type RuleSources } from '../rules/index.ts';
import type { RuleMode } from '../sigma/index.ts';

export interface EveryRule extends LoadedRules {
  /** In which mode each rule and correlation would be, by name; in the rule set all of them are live. */
  modes: ReadonlyMap<string, RuleMode>;
}

/** The rules of these sources, including every one about Kubernetes audit events.
 * @throws Problem `rule.invalid` when a path does not exist, or not one rule can be used */
export function loadEveryRule(sources: RuleSources): EveryRule {
  const modes = new Map<string, RuleMode>();
  const loaded = loadRules(sources, {
    modeOf: ({ name, mode }) => {
      modes.set(name, mode);
      return 'live';
    },
  });
  return { ...loaded, modes };
}
