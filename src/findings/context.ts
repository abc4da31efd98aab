/** What is known of a finding besides its tag: the rule that raised it, how new it is, and who owns it. */
import type { Ruleset } from '../detect.ts';
import type { Owned, Owner } from '../enrichment/owners.ts';
import type { FieldValues } from '../record.ts';
import type { RuleHead } from '../sigma/index.ts';
import type { Emitted } from './emitted.ts';

export type { Owner };

/** How often the rule matched the same identity on the same kind of object before. */
export interface Novelty {
  /** 0 if no earlier match is known. */
  times: number;
  /** RFC 3339: the time of the first of them; without any, since when there was none, as earlier matches may have been
   * forgotten. Null if nothing is known of the time before. */
  since: string | null;
}

export interface FindingContext {
  /** As in the rule's file; undefined if the rule is no longer live. */
  rule: RuleHead | undefined;
  /** Undefined if it is no longer known: what is remembered is bounded. */
  novelty: Novelty | undefined;
  /** Undefined if no file of owners names one. */
  owner: Owner | undefined;
}

/** Returns the context of a finding or report: the same for each delivery. */
export type ContextOf = (emitted: Emitted) => FindingContext;

/** Used if no rules are loaded. */
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

/** Undefined if the events of a report are not all of one. */
function onlyNamespace(fields: readonly FieldValues[]): string | undefined {
  const values = fields.find(({ field }) => field === 'namespace')?.values ?? [];
  return values.length === 1 ? values[0] : undefined;
}

function headsOf({ rules, correlations }: Ruleset): RuleHead[] {
  return [...rules.map(({ rule }) => rule), ...correlations.map(({ correlation }) => correlation)];
}
