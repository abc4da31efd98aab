/** Which rules match what was found in a record: events and a rule set in, verdict and findings out. */
import { createHash } from 'node:crypto';
import { attackOf } from './attack.ts';
import { fields, fieldsOf } from './fields.ts';
import type { Normalized } from './normalizers/index.ts';
import type { Problem } from './problem.ts';
import { type AuditEvent, EventSummary, type Finding, type Undecided } from './record.ts';
import { shown } from './shown.ts';
import {
  type CompiledCorrelation,
  type CompiledRule,
  evaluate,
  explain,
  type FieldLookup,
  matchedFields,
  renderSummary,
} from './sigma/index.ts';

/** The rules that are live, and a hash over them that tells one set from another. */
export interface Ruleset {
  hash: string;
  rules: readonly CompiledRule[];
  correlations: readonly CompiledCorrelation[];
}

export type Detection =
  /** `event` is the one that decided: the first with a finding, else the first that is undecided. `problem` says what else
   * the record holds that could not be read: what is not seen is not clear. */
  | {
      verdict: 'match' | 'indeterminate';
      events: AuditEvent[];
      event: AuditEvent;
      findings: Finding[];
      undecided: Undecided[];
      problem?: Problem;
    }
  | { verdict: 'clear'; events: AuditEvent[]; event: AuditEvent }
  | { verdict: 'not_audit' }
  | { verdict: 'error'; problem: Problem };

/** What a tag shows of its event anyway, and so need not be repeated as what matched. */
const shownOfEvent = ['action', ...Object.keys(EventSummary.properties)];

/** Evaluates every rule on every event of a record. */
export function detect(normalized: Normalized, { rules }: Ruleset): Detection {
  switch (normalized.kind) {
    case 'not_audit':
      return { verdict: 'not_audit' };
    case 'malformed':
      return { verdict: 'error', problem: normalized.problem };
    case 'audit':
      return detectIn(normalized, rules);
  }
}

function detectIn({ events, problem }: Normalized & { kind: 'audit' }, rules: readonly CompiledRule[]): Detection {
  const findings = new Map<string, Finding>();
  const undecided: Undecided[] = [];
  events.forEach((event, index) => {
    // A request that is not answered yet says nothing of what happened; its answer is an event of its own.
    if (event.stage === 'RequestReceived') return;
    const lookup = fieldsOf(event);
    for (const compiled of rules) {
      const { truth, undecided: missing } = evaluate(compiled, lookup);
      if (truth === 'unknown' && missing !== undefined) {
        undecided.push({ rule: compiled.rule.name, reason: missing.reason, field: missing.field, event: index });
      }
      if (truth !== true) continue;
      const { rule } = compiled;
      const id = findingId(rule.name, event);
      // A record may hold an event twice, as AKS does where two log categories are on.
      if (findings.has(id)) continue;
      findings.set(id, {
        id,
        rule: rule.name,
        title: rule.title,
        level: rule.level,
        summary: renderSummary(rule.summary, lookup),
        attack: attackOf(rule.ruleTags),
        matched: matchedFields(explain(compiled, lookup), new Set([...shownOfEvent, ...rule.context])),
        context: Object.fromEntries(rule.context.map((field) => [field, contextValue(field, lookup)])),
        event: index,
      });
    }
  });

  const first = [...findings.values()][0]?.event ?? undecided[0]?.event;
  if (first === undefined && problem === undefined) return { verdict: 'clear', events, event: events[0] };
  return {
    verdict: findings.size > 0 ? 'match' : 'indeterminate',
    events,
    event: events[first ?? 0],
    findings: [...findings.values()],
    undecided,
    problem,
  };
}

/** The same for one request and rule on a retry, a replica and a replay, and for both answers of a long-running request,
 * its start and its end. A client can choose the auditID (header Audit-ID) and use it twice, so it does not tell requests
 * apart on its own: who did what to which object does as well. */
function findingId(rule: string, event: AuditEvent): string {
  const { cluster, auditID, user, verb, objectRef, requestURI, requestReceivedTimestamp } = event;
  const place = cluster && [cluster.account, cluster.region, cluster.name].map((part) => part?.toLowerCase());
  const request = auditID === '' ? [requestURI, requestReceivedTimestamp] : [auditID];
  const object = objectRef && [objectRef.resource, objectRef.subresource, objectRef.namespace, objectRef.name];
  return createHash('sha256')
    .update(JSON.stringify([rule, place, request, user.username, verb, object]))
    .digest('hex')
    .slice(0, 32);
}

/** Of one type whatever the event: a list for a field that may hold several values, null where there is none. */
function contextValue(field: string, lookup: FieldLookup): unknown {
  const { values } = lookup(field);
  return shown(fields.get(field)?.many || values.length > 1 ? values : (values[0] ?? null));
}
