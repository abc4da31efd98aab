/** Evaluates records again: what is found in them, and what an exception changes. */
import type { Detection, Ruleset } from '../../detect.ts';
import { type Batch, eventsIn, type Parts, type ProcessedBatch, processBatch } from '../../pipeline.ts';
import { Problem } from '../../problem.ts';
import type { AuditEvent, Finding, Report } from '../../record.ts';
import { neededFor } from '../test-rule.ts';
import { identityOf, identityShown } from './identity.ts';
import { affectedBy } from './with-exception.ts';

/** Records in order of arrival. */
export type Batches = Iterable<Batch> | AsyncIterable<Batch>;

/** Returns the same records, from the first on, at each call. */
export type Records = () => Batches;

/** A pipeline for a rule set, with empty state and no sinks. */
export type PipelineOf = (ruleset: Ruleset) => Parts;

/** A finding or report with where it was found. */
export interface FoundAgain {
  finding: Finding | Report;
  /** Undefined for a report, which is about events of other records. */
  event: AuditEvent | undefined;
  /** Who it is about; undefined if it does not show that. */
  identity: string | undefined;
}

/** What is found in records, live or in shadow mode, in order. */
export async function* findAgain(batches: Batches, parts: Parts): AsyncGenerator<FoundAgain> {
  for await (const batch of batches) {
    const processed = await process(batch, parts);
    for (const [index, detection] of processed?.detections.entries() ?? [])
      yield* foundIn(detection, index, processed!);
  }
}

/** Undefined if the batch contains no record, such as one of blank lines: nothing is found in it then. */
async function process(batch: Batch, parts: Parts): Promise<ProcessedBatch | undefined> {
  try {
    return await processBatch(batch, parts);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

/** The last event that has one of these ids; undefined if there is none. */
export async function eventAmong(
  auditIDs: ReadonlySet<string>,
  batches: Batches,
  parts: Parts,
): Promise<AuditEvent | undefined> {
  let found: AuditEvent | undefined;
  for await (const batch of batches) {
    const { records, eventsOf } = eventsIn(batch, parts);
    for (const event of records.flatMap(eventsOf)) if (auditIDs.has(event.auditID)) found = event;
  }
  return found;
}

function* foundIn(detection: Detection | undefined, index: number, processed: ProcessedBatch): Generator<FoundAgain> {
  if (detection === undefined || !('findings' in detection)) return;
  const { findings, shadow, reports, shadowReports } = detection;
  for (const finding of [...findings, ...shadow]) {
    const event = processed.eventsOf(index, processed.bytes)[finding.event];
    yield { finding, event, identity: event && identityOf(event) };
  }
  for (const finding of [...reports, ...shadowReports]) {
    yield { finding, event: undefined, identity: identityShown(finding) };
  }
}

export interface Silences {
  /** Findings in the records, of the rules that the exception is about and of the correlations that count these. */
  of: number;
  /** Ids of the findings that it silences. */
  ids: string[];
  /** How many of these are about an identity other than that of the subject. */
  otherIdentities: number;
  /** Ids of findings that become undecided, as the log does not show whether the exception applies. */
  undecided: string[];
  /** Ids of correlation findings that occur only with the exception: the correlations then count other events. */
  instead: string[];
}

/** What an exception would silence, found by evaluating the records with and without it.
 * @param rules that it is about, by name
 * @param identity that it is meant for
 * @returns also, as `found`, the ids of all findings that `silences.of` counts */
export async function silencedBy(
  batches: Batches,
  { rules, before, after, identity }: { rules: readonly string[]; before: Ruleset; after: Ruleset; identity: string },
  pipelineOf: PipelineOf,
): Promise<{ silences: Silences; found: ReadonlySet<string> }> {
  const affected = affectedBy(rules, before);
  const [partsBefore, partsAfter] = [before, after].map((ruleset) => pipelineOf(neededFor(affected, ruleset)));
  const found = new Map<string, string | undefined>();
  const still = new Set<string>();
  const open = new Set<string>();
  for await (const batch of batches) {
    const [then, now] = [await process(batch, partsBefore!), await process(batch, partsAfter!)];
    if (then === undefined || now === undefined) continue;
    for (const [index, detection] of now.detections.entries()) {
      for (const { finding } of foundIn(detection, index, now)) if (affected.has(finding.rule)) still.add(finding.id);
      for (const { finding, identity } of foundIn(then.detections[index], index, then)) {
        if (!affected.has(finding.rule)) continue;
        found.set(finding.id, identity);
        if (isUndecided(finding, detection)) open.add(finding.id);
      }
    }
  }
  const gone = [...found.keys()].filter((id) => !still.has(id));
  const ids = gone.filter((id) => !open.has(id));
  const silences = {
    of: found.size,
    ids,
    otherIdentities: ids.filter((id) => found.get(id) !== identity).length,
    undecided: gone.filter((id) => open.has(id)),
    instead: [...still].filter((id) => !found.has(id)),
  };
  return { silences, found: new Set(found.keys()) };
}

/** Whether a finding without the exception is not listed as silenced with it. `undecided` cannot be used, as it does not list
 * rules in shadow mode. */
function isUndecided(finding: Finding | Report, detection: Detection | undefined): boolean {
  if (detection === undefined || !('silenced' in detection)) return false;
  if (!('event' in finding) || finding.correlation !== undefined) return false;
  return !detection.silenced.some(({ rule, event }) => rule === finding.rule && event === finding.event);
}
