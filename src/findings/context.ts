/** What is known of a finding beside its tag: the rule that raised it, how new it is, and whose it is. */
import type { Ruleset } from '../detect.ts';
import type { RuleHead } from '../sigma/index.ts';
import type { Emitted } from './emitted.ts';

/** How often the rule matched the same identity on the same kind of object before. */
export interface Novelty {
  /** 0 for one that is not known to have been before. */
  times: number;
  /** RFC 3339: the time of the first of them; where there is none, since when there was none, as matches before may have been
   * forgotten. Null where nothing is known of the time before. */
  since: string | null;
}

/** Who answers for what a finding is about. */
export interface Owner {
  /** A team or a person, as the file of owners spells it. */
  name: string;
  /** An address, a channel. */
  contact?: string;
  /** URL of what to do. */
  runbook?: string;
}

export interface FindingContext {
  /** As the file of the rule says it; undefined where the rule is not live any more. */
  rule: RuleHead | undefined;
  /** Undefined where it is not known any more: what is remembered is bounded. */
  novelty: Novelty | undefined;
  /** Undefined where no file of owners names one. */
  owner: Owner | undefined;
}

/** Gives the context of what is emitted: the same for each delivery of a finding. */
export type ContextOf = (emitted: Emitted) => FindingContext;

/** Where no rules are loaded. */
export const noContext: ContextOf = () => ({ rule: undefined, novelty: undefined, owner: undefined });

/** What contexts are made of. */
export interface ContextSources {
  /** The live rules. */
  ruleset: () => Ruleset;
  /** How new a finding or report is, by its id. */
  noveltyOf?: (findingId: string) => Novelty | undefined;
}

export function openContext({ ruleset, noveltyOf = () => undefined }: ContextSources): ContextOf {
  let live: Ruleset | undefined;
  let heads = new Map<string, RuleHead>();
  return ({ finding }) => {
    const now = ruleset();
    if (now !== live) {
      live = now;
      heads = new Map(headsOf(now).map((head) => [head.name, head]));
    }
    return { rule: heads.get(finding.rule), novelty: noveltyOf(finding.id), owner: undefined };
  };
}

function headsOf({ rules, correlations }: Ruleset): RuleHead[] {
  return [...rules.map(({ rule }) => rule), ...correlations.map(({ correlation }) => correlation)];
}
