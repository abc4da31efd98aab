/** What a record says in the end: verdict and findings as the tag that is spliced into it. */
import type { Detection } from './detect.ts';
import {
  type AuditEvent,
  type EventSummary,
  type Finding,
  levels,
  type ResponseStatus,
  type StatusSummary,
  type Tag,
} from './record.ts';
import { shown } from './shown.ts';

/** How many findings a tag lists, and how many of the others: a record can hold 100,000 events. */
const MAX_LISTED = 1000;

export interface TagOptions {
  /** Hash of the live rules. */
  ruleset: string;
  /** Members of `event` for a clear record; for the others all are given. */
  clearEventFields: readonly (keyof EventSummary)[];
}

/** What is known of a record in which there are events. */
type Audited = Extract<Detection, { events: unknown }>;

/** Makes the tags of a batch. Clear records that say the same share one tag object, which codecs encode once. */
export function tagger({ ruleset, clearEventFields }: TagOptions): (detection: Detection) => Tag {
  const shared = new Map<string, Tag>();

  return (detection) => {
    switch (detection.verdict) {
      case 'not_audit':
        return share(shared, 'not_audit', () => ({ v: 1, verdict: 'not_audit' }));
      case 'error': {
        const { code, message } = detection.problem;
        return { v: 1, verdict: 'error', problem: { code, message }, ruleset };
      }
      case 'clear':
        return detection.shadow.length > 0 || detection.silenced.length > 0 ? whole(detection) : clear(detection);
      case 'indeterminate':
      case 'match':
        return whole(detection);
    }
  };

  function clear({ event: { platform, cluster }, event }: Audited): Tag {
    const plain = (): Tag => ({ v: 1, verdict: 'clear', ...place(event), ruleset });
    if (clearEventFields.length === 0) return share(shared, JSON.stringify([platform, cluster?.name]), plain);
    const summary = summarize(event);
    return { ...plain(), event: Object.fromEntries(clearEventFields.map((field) => [field, summary[field]])) };
  }

  function whole({ verdict, findings, undecided, shadow, silenced, event, problem }: Audited): Tag {
    const lists = [findings, undecided, shadow, silenced];
    const omitted = lists.reduce((sum, { length }) => sum + Math.max(0, length - MAX_LISTED), 0);
    return {
      v: 1,
      verdict,
      ...(findings.length > 0 && {
        level: levels[findings.reduce((highest, finding) => Math.max(highest, rankOf(finding)), 0)],
        rules: unique(findings.map(({ rule }) => rule)),
        attack: unique(findings.flatMap(({ attack }) => attack.map(({ technique }) => technique))),
      }),
      ...place(event),
      evidence: event.evidence,
      event: summarize(event),
      ...(findings.length > 0 && { findings: gravest(findings) }),
      ...(undecided.length > 0 && { undecided: undecided.slice(0, MAX_LISTED) }),
      ...(shadow.length > 0 && { shadow: gravest(shadow) }),
      ...(silenced.length > 0 && { silenced: silenced.slice(0, MAX_LISTED) }),
      ...(omitted > 0 && { omitted }),
      ...(problem && { problem: { code: problem.code, message: problem.message } }),
      ruleset,
    };
  }
}

/** The findings that a tag lists: all, or those of the highest levels. */
function gravest(findings: Finding[]): Finding[] {
  if (findings.length <= MAX_LISTED) return findings;
  return findings.toSorted((a, b) => rankOf(b) - rankOf(a)).slice(0, MAX_LISTED);
}

function rankOf({ level }: Finding): number {
  return levels.indexOf(level);
}

function place({ platform, cluster }: AuditEvent): Pick<Tag, 'platform' | 'cluster'> {
  return cluster === undefined ? { platform } : { platform, cluster: shown(cluster.name) };
}

/** What a tag tells of an event. */
export function summarize(event: AuditEvent): Required<EventSummary> {
  return {
    auditID: shown(event.auditID),
    stage: event.stage,
    outcome: event.outcome,
    verb: shown(event.verb),
    resource: shown(event.objectRef?.resource ?? ''),
    subresource: shown(event.objectRef?.subresource ?? ''),
    namespace: shown(event.objectRef?.namespace ?? ''),
    name: shown(event.objectRef?.name ?? ''),
    username: shown(event.user.username),
    impersonatedUser: shown(event.impersonatedUser?.username ?? null),
    sourceIPs: shown(event.sourceIPs),
    userAgent: shown(event.userAgent),
    requestURI: shown(event.requestURI),
    responseStatus: event.responseStatus && shown(statusShown(event.responseStatus)),
  };
}

function statusShown({ details, metadata, ...shown }: ResponseStatus): StatusSummary {
  return shown;
}

function share(shared: Map<string, Tag>, key: string, make: () => Tag): Tag {
  let tag = shared.get(key);
  if (tag === undefined) shared.set(key, (tag = make()));
  return tag;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
