/** Which rules match what was found in a record: events and a rule set in, verdict and findings out. */
import { hash } from 'node:crypto';
import { attackOf } from './attack.ts';
import { fieldsOf } from './fields/index.ts';
import type { Normalized } from './normalizers/index.ts';
import { type Problem, recordProblem } from './problem.ts';
import {
  type AuditEvent,
  EventSummary,
  type FieldValues,
  type Finding,
  type Report,
  type Silenced,
  type Undecided,
} from './record.ts';
import {
  type CompiledCorrelation,
  type CompiledRule,
  type Evaluation,
  evaluate,
  type FieldLookup,
  levelOf,
  matchedFields,
  Program,
  type RuleHead,
  type RuleMode,
  renderSummary,
} from './sigma/index.ts';
import { unixNanoFromRfc3339 } from './time.ts';
import { shown, shownTexts } from './truncate.ts';

/** The rules that are live, made ready together. A class, so that no copy of a set with other rules keeps the program of
 * these. */
export class Ruleset {
  readonly hash: string;
  readonly rules: readonly CompiledRule[];
  readonly correlations: readonly CompiledCorrelation[];
  readonly program: Program;

  /** @param hash tells the set from others */
  constructor(rules: readonly CompiledRule[], correlations: readonly CompiledCorrelation[], hash: string) {
    this.hash = hash;
    this.rules = rules;
    this.correlations = correlations;
    this.program = new Program(rules);
  }
}

/** A rule that matches an event. */
export interface Hit {
  rule: CompiledRule;
  /** Which event of the record, from 0. */
  event: number;
  lookup: FieldLookup;
}

/** What the rules say of the events of a record, one by one. */
export type Evaluated =
  | Exclude<Normalized, { kind: 'audit' }>
  /** `problem` says what else the record holds that could not be read. */
  | {
      kind: 'audit';
      events: readonly AuditEvent[];
      hits: readonly Hit[];
      undecided: readonly Undecided[];
      silenced: readonly Silenced[];
      problem?: Problem;
    };

/** What correlations make of the hits of a record. */
export interface Correlated {
  /** What is found in events of which the record holds the last. */
  raised: readonly { mode: RuleMode; finding: Finding }[];
  /** What is found in events of other records, as time has passed the end of their window. */
  reported: readonly { mode: RuleMode; report: Report }[];
  /** Names of rules whose hits count for their correlations alone, each with those that emit it instead. */
  withheld: ReadonlyMap<string, readonly string[]>;
}

export type Detection =
  /** `event` is the one that decided: the first with a finding, else the first that is undecided, else the first of which
   * there is something to say. `shadow` is what rules found that decide nothing yet. `reports` and `shadowReports` are
   * about other records, so that nothing else here depends on them. `problem` says what else the record holds that could
   * not be read: what is not seen is not clear. */
  | {
      verdict: 'match' | 'indeterminate' | 'clear';
      events: readonly AuditEvent[];
      event: AuditEvent;
      findings: readonly Finding[];
      undecided: readonly Undecided[];
      shadow: readonly Finding[];
      reports: readonly Report[];
      shadowReports: readonly Report[];
      silenced: readonly Silenced[];
      problem?: Problem;
    }
  | { verdict: 'not_audit' }
  | { verdict: 'error'; problem: Problem };

/** What a tag shows of its event anyway, and so need not be repeated as what matched. */
const shownOfEvent = ['action', ...Object.keys(EventSummary.properties)];

/** The list of whatever was not found: most records share it, since for most nothing is. */
const none: readonly never[] = [];

/** Of records that no correlation looks at. */
export const uncorrelated: Correlated = { raised: none, reported: none, withheld: new Map() };

/** Evaluates every rule on every event of a record, correlations left aside. */
export function detect(normalized: Normalized, ruleset: Ruleset): Detection {
  return conclude(evaluateRecord(normalized, ruleset), uncorrelated);
}

/** A rule that may match an event, with what it says where that is known without looking at the event. */
export interface Step {
  rule: CompiledRule;
  evaluation?: Evaluation;
}

/** Which rules match which events of a record. An event on which a rule fails hides nothing of the others. */
export function evaluateRecord(normalized: Normalized, ruleset: Ruleset): Evaluated {
  if (normalized.kind !== 'audit') return normalized;
  return evaluateEvents(normalized.events, normalized.problem, (lookup) =>
    ruleset.program.candidatesIn(lookup).map((rule) => ({ rule })),
  );
}

/** The same for the one event of a record, of which some is known. */
export function evaluateSteps(event: AuditEvent, steps: readonly Step[]): Evaluated {
  if (steps.length === 0) return { kind: 'audit', events: [event], hits: none, undecided: none, silenced: none };
  return evaluateEvents([event], undefined, () => steps);
}

function evaluateEvents(
  events: AuditEvent[],
  problem: Problem | undefined,
  stepsFor: (lookup: FieldLookup) => readonly Step[],
): Evaluated {
  const hits: Hit[] = [];
  const undecided: Undecided[] = [];
  const silenced: Silenced[] = [];
  const seen = new Set<string>();
  const failures: Problem[] = [];
  for (const [index, event] of events.entries()) {
    // A request that is not answered yet says nothing of what happened; its answer is an event of its own.
    if (event.stage === 'RequestReceived') continue;
    try {
      evaluateEvent(event, index);
    } catch (error) {
      failures.push(recordProblem(error));
    }
  }
  const [failure] = failures;
  if (failure !== undefined && failures.length === events.length) return { kind: 'malformed', problem: failure };
  return { kind: 'audit', events, hits, undecided, silenced, problem: problem ?? failure };

  function evaluateEvent(event: AuditEvent, index: number): void {
    const lookup = fieldsOf(event);
    for (const { rule: compiled, evaluation = evaluate(compiled, lookup) } of stepsFor(lookup)) {
      const { truth, undecided: missing, silencedBy } = evaluation;
      const { name, mode } = compiled.rule;
      // A rule in shadow mode raises no verdict, so none of doubt either.
      if (missing !== undefined && mode === 'live') {
        undecided.push({ rule: name, reason: missing.reason, field: missing.field, event: index });
      }
      if (truth !== true && silencedBy === undefined) continue;
      if (events.length > 1 && isRepeated(name, event)) continue;
      if (silencedBy === undefined) hits.push({ rule: compiled, event: index, lookup });
      else silenced.push({ rule: name, exception: silencedBy, event: index });
    }
  }

  /** A record may hold an event twice, as AKS does where two log categories are on; where an id of requests is used again,
   * time and URI differ. */
  function isRepeated(rule: string, event: AuditEvent): boolean {
    const { requestReceivedTimestamp, requestURI } = event;
    const exactly = `${findingId(rule, event)} ${requestReceivedTimestamp} ${requestURI}`;
    if (seen.has(exactly)) return true;
    seen.add(exactly);
    return false;
  }
}

/** What is emitted for a record in the end: the findings of its hits and of its correlations, and the verdict. */
export function conclude(evaluated: Evaluated, correlated: Correlated): Detection {
  switch (evaluated.kind) {
    case 'not_audit':
      return { verdict: 'not_audit' };
    case 'malformed':
      return { verdict: 'error', problem: evaluated.problem };
    case 'audit':
      return concludeEvents(evaluated, correlated);
  }
}

function concludeEvents(
  { events, hits, undecided: asRules, silenced, problem }: Extract<Evaluated, { kind: 'audit' }>,
  { raised, reported, withheld }: Correlated,
): Detection {
  const undecided = asRules.length === 0 ? none : namedAsFindings(asRules, withheld);
  const own = hits.length === 0 ? none : findingsOfHits(hits, events, withheld);
  const emitted = raised.length === 0 ? own : [...own, ...raised];
  const findings = emitted.length === 0 ? none : emitted.filter(isLive).map(({ finding }) => finding);
  const shadow = emitted.length === findings.length ? none : emitted.filter(isShadow).map(({ finding }) => finding);
  const reports = reported.length === 0 ? none : reported.filter(isLive).map(({ report }) => report);
  const shadowReports = reported.length === 0 ? none : reported.filter(isShadow).map(({ report }) => report);
  const isOpen = undecided.length > 0 || problem !== undefined;
  const first = findings[0] ?? undecided[0] ?? shadow[0] ?? silenced[0];
  return {
    verdict: findings.length > 0 ? 'match' : isOpen ? 'indeterminate' : 'clear',
    events,
    event: events[first?.event ?? 0],
    findings,
    undecided,
    shadow,
    reports,
    shadowReports,
    silenced,
    problem,
  };
}

function findingsOfHits(
  hits: readonly Hit[],
  events: readonly AuditEvent[],
  withheld: Correlated['withheld'],
): Correlated['raised'] {
  let found: { mode: RuleMode; finding: Finding }[] | undefined;
  for (const hit of hits) {
    const { name, mode } = hit.rule.rule;
    if (withheld.has(name)) continue;
    found ??= [];
    found.push({ mode, finding: findingOfHit(hit, events[hit.event]!) });
  }
  return found ?? none;
}

function isLive({ mode }: { mode: RuleMode }): boolean {
  return mode === 'live';
}

function isShadow({ mode }: { mode: RuleMode }): boolean {
  return mode === 'shadow';
}

/** Whether a record carries what somebody is to look at: about itself, or about others. */
export function isFound(detection: Detection): boolean {
  return 'findings' in detection && detection.findings.length + detection.reports.length > 0;
}

/** What could not be decided, by names that findings have: a rule that raises none of its own may be known to nobody. */
function namedAsFindings(undecided: readonly Undecided[], withheld: Correlated['withheld']): Undecided[] {
  const named = new Map<string, Undecided>();
  for (const one of undecided) {
    for (const rule of withheld.get(one.rule) ?? [one.rule]) {
      const key = `${one.event} ${rule}`;
      // Several rules of one correlation have one name.
      if (!named.has(key)) named.set(key, { ...one, rule });
    }
  }
  return [...named.values()];
}

function findingOfHit({ rule: compiled, event: index, lookup }: Hit, event: AuditEvent): Finding {
  const { rule } = compiled;
  const id = findingId(rule.name, event);
  const matched = matchedFields(compiled, lookup, new Set([...shownOfEvent, ...rule.context]));
  return {
    ...foundBy(rule, { id, level: levelOf(compiled, lookup), lookup }),
    matched: matched.map(({ field, values }) => ({ field, values: shownTexts(values) })),
    event: index,
    ...timeShown(event),
  };
}

/** What a finding and a report have in common.
 * @param about its id and level, and how the event that it shows is read */
export function foundBy(
  { name, id: ruleId, title, summary, ruleTags, context }: RuleHead,
  { id, level, lookup }: Pick<Finding, 'id' | 'level'> & { lookup: FieldLookup },
): Omit<Finding, 'matched' | 'event' | 'time' | 'correlation'> {
  const [workload] = lookup('workload').values;
  return {
    id,
    rule: name,
    ...(ruleId !== undefined && { ruleId }),
    title,
    level,
    summary: renderSummary(summary, lookup),
    attack: attackOf(ruleTags),
    context: context.map((field): FieldValues => ({ field, values: shownTexts(lookup(field).values) })),
    ...(typeof workload === 'string' && workload !== '' && { workload: shown(workload) }),
  };
}

/** The member that says when an event was, as it was logged: when the request came in, for both answers of a long one; when
 * it was answered, where that is not known; none where neither is a time. */
export function timeShown({ requestReceivedTimestamp, stageTimestamp }: AuditEvent): { time?: string } {
  const time = [requestReceivedTimestamp, stageTimestamp].find((text) => unixNanoFromRfc3339(text) !== undefined);
  return time === undefined ? {} : { time };
}

/** The same for one request and rule on a retry, a replica and a replay, and for both answers of a long-running request,
 * its start and its end. */
function findingId(rule: string, event: AuditEvent): string {
  return hash('sha256', JSON.stringify([rule, requestOf(event)])).slice(0, 32);
}

/** Tells one request from another. A client can choose the auditID (header Audit-ID) and use it twice, so that is not
 * enough: when who did what to which object counts as well. */
function requestOf(event: AuditEvent): string {
  const { auditID, user, verb, objectRef, requestURI, requestReceivedTimestamp } = event;
  const request = auditID === '' ? [requestURI, requestReceivedTimestamp] : [auditID, millisecondOf(event)];
  const object = objectRef && [objectRef.resource, objectRef.subresource, objectRef.namespace, objectRef.name];
  return JSON.stringify([placeOf(event), request, user.username, verb, object]);
}

/** Where an event is from, in any spelling: tells clusters apart. Undefined for all those of which it is not known. */
export function placeOf({ cluster }: Pick<AuditEvent, 'cluster'>): readonly (string | undefined)[] | undefined {
  return cluster && [cluster.account, cluster.region, cluster.name].map((part) => part?.toLowerCase());
}

/** When the request came in, as exactly as tables of Azure have it. Empty on platforms that log one time (GKE, OCSF): it may
 * be that of the answer, of which a long-running request has two. */
function millisecondOf({ requestReceivedTimestamp, stageTimestamp }: AuditEvent): string {
  if (stageTimestamp === '') return '';
  const received = unixNanoFromRfc3339(requestReceivedTimestamp);
  return received === undefined ? requestReceivedTimestamp : String(received / 1_000_000n);
}
