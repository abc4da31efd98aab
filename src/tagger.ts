/** What a record says in the end: verdict and findings as the tag that is spliced into it. */
import type { Detection } from './detect.ts';
import { type AuditEvent, type EventSummary, levels, type Tag } from './record.ts';

export interface TagOptions {
  /** Hash of the live rules. */
  ruleset: string;
  /** Members of `event` for a clear record; for the others all are given. */
  clearEventFields: readonly (keyof EventSummary)[];
}

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
      case 'clear': {
        const { platform, cluster } = detection.event;
        const plain = (): Tag => ({ v: 1, verdict: 'clear', ...place(detection.event), ruleset });
        if (clearEventFields.length === 0) return share(shared, `clear ${platform} ${cluster?.name}`, plain);
        const summary = summarize(detection.event);
        const event = Object.fromEntries(clearEventFields.map((field) => [field, summary[field]]));
        return { ...plain(), event };
      }
      case 'indeterminate':
      case 'match': {
        const { verdict, findings, undecided, event, problem } = detection;
        return {
          v: 1,
          verdict,
          ...(findings.length > 0 && {
            level: levels[Math.max(...findings.map(({ level }) => levels.indexOf(level)))],
            rules: unique(findings.map(({ rule }) => rule)),
            attack: unique(findings.flatMap(({ attack }) => attack.map(({ technique }) => technique))),
          }),
          ...place(event),
          evidence: event.evidence,
          event: summarize(event),
          ...(findings.length > 0 && { findings }),
          ...(undecided.length > 0 && { undecided }),
          ...(problem && { problem: { code: problem.code, message: problem.message } }),
          ruleset,
        };
      }
    }
  };
}

function place({ platform, cluster }: AuditEvent): Pick<Tag, 'platform' | 'cluster'> {
  return cluster === undefined ? { platform } : { platform, cluster: cluster.name };
}

/** What a tag tells of an event. */
export function summarize(event: AuditEvent): Required<EventSummary> {
  return {
    auditID: event.auditID,
    stage: event.stage,
    outcome: event.outcome,
    verb: event.verb,
    resource: event.objectRef?.resource ?? '',
    subresource: event.objectRef?.subresource ?? '',
    namespace: event.objectRef?.namespace ?? '',
    name: event.objectRef?.name ?? '',
    username: event.user.username,
    impersonatedUser: event.impersonatedUser?.username ?? null,
    sourceIPs: event.sourceIPs,
    userAgent: event.userAgent,
    requestURI: event.requestURI,
    responseStatus: event.responseStatus,
  };
}

function share(shared: Map<string, Tag>, key: string, make: () => Tag): Tag {
  let tag = shared.get(key);
  if (tag === undefined) shared.set(key, (tag = make()));
  return tag;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
