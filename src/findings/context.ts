/** What is known of a finding beside its tag: the rule that raised it, how new it is, and whose it is. */
import type { Ruleset } from '../detect.ts';
import type { Owned, Owner } from '../enrichment/owners.ts';
import type { FieldValues } from '../record.ts';
import type { RuleHead } from '../sigma/index.ts';
import type { Emitted } from './emitted.ts';

export type { Owner };

/** How often the rule matched the same identity on the same kind of object before. */
export interface Novelty {
  /** 0 for one that is not known to have been before. */
  times: number;
  /** RFC 3339: the time of the first of them; where there is none, since when there was none, as matches before may have been
   * forgotten. Null where nothing is known of the time before. */
  since: string | null;
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
  return (emitted) => {
    const { finding } = emitted;
    const now = ruleset();
    if (now !== live) {
      live = now;
      heads = new Map(headsOf(now).map((head) => [head.name, head]));
    }
    const owner = now.enrichment.owners.of(ownedBy(emitted));
    return { rule: heads.get(finding.rule), novelty: noveltyOf(finding.id), owner };
  };
}

function ownedBy(emitted: Emitted): Owned {
  const { rule } = emitted.finding;
  const { cluster } = emitted;
  if (emitted.kind === 'finding') {
    const { event, labels = {} } = emitted;
    return { rule, cluster, namespace: event?.namespace, labels };
  }
  const { correlation, context } = emitted.finding;
  return { rule, cluster, namespace: onlyNamespace([...correlation.group, ...context]), labels: {} };
}

/** Undefined where the events of a report are not all of one. */
function onlyNamespace(fields: readonly FieldValues[]): string | undefined {
  const values = fields.find(({ field }) => field === 'namespace')?.values ?? [];
  return values.length === 1 ? values[0] : undefined;
}

function headsOf({ rules, correlations }: Ruleset): RuleHead[] {
  return [...rules.map(({ rule }) => rule), ...correlations.map(({ correlation }) => correlation)];
}
