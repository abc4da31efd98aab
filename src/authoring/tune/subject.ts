/** What to tune: a finding in records, by its id or as one of the most frequent. */
import type { Ruleset } from '../../detect.ts';
import type { RuleLevel } from '../../sigma/index.ts';
import { eventAmong, type FoundAgain, findAgain, type PipelineOf, type Records } from './evaluate-again.ts';
import type { Subject } from './proposal.ts';

/** The same as in TuneParts. */
interface Parts {
  ruleset: Ruleset;
  pipelineOf: PipelineOf;
}

/** The finding or report with an id; undefined if the current rules do not produce it. */
export async function findById(id: string, records: Records, parts: Parts): Promise<FoundAgain | undefined> {
  for await (const found of findAgain(records(), parts.pipelineOf(parts.ruleset))) {
    if (found.finding.id === id) return found;
  }
  return undefined;
}

/** What one rule finds for one identity. */
export interface Noise {
  rule: string;
  level: RuleLevel;
  /** Undefined if the findings do not show it. */
  identity: string | undefined;
  findings: number;
  last: FoundAgain;
}

/** What is found in records, by rule and identity, the most frequent first. */
export async function noisiest(records: Records, parts: Parts): Promise<Noise[]> {
  const noises = new Map<string, Noise>();
  for await (const found of findAgain(records(), parts.pipelineOf(parts.ruleset))) {
    const { finding, identity } = found;
    const { rule, level, id } = finding;
    const key = JSON.stringify([rule, identity]);
    const before = noises.get(key);
    // A repeated record follows the first one immediately.
    if (before?.last.finding.id === id) continue;
    noises.set(key, { rule, level, identity, findings: (before?.findings ?? 0) + 1, last: found });
  }
  return [...noises.values()].sort((a, b) => b.findings - a.findings);
}

/** What a finding is about; undefined for a report if the records contain none of its events. */
export async function subjectOf(
  { finding, event }: FoundAgain,
  records: Records,
  { ruleset, pipelineOf }: Parts,
): Promise<(Subject & { id: string }) | undefined> {
  const counted = new Set(finding.correlation?.events);
  const about = event ?? (await eventAmong(counted, records(), pipelineOf(ruleset)));
  return about && { id: finding.id, rule: finding.rule, event: about };
}
