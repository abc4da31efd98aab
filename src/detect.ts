/** Which rules match the events of a record: events and a rule set in, verdict and findings out. */
import { isAnswered } from './audit/request.ts';
import { type Enrichment, noEnrichment } from './enrichment/index.ts';
import { fieldsOf } from './fields/index.ts';
import { Findings, findingId, requestOf } from './finding.ts';
import type { Normalized } from './normalizers/index.ts';
import { type Problem, recordProblem } from './problem.ts';
import { type AuditEvent, type Finding, gravestFirst, type Report, type Silenced, type Undecided } from './record.ts';
import {
  type CompiledCorrelation,
  type CompiledRule,
  type Evaluation,
  evaluate,
  type FieldLookup,
  matchOf,
  Program,
  type ReducedRule,
  type RuleMatch,
  type RuleMode,
} from './sigma/index.ts';

/** The live rules, prepared together. A class, so that no copy of a set with other rules keeps the program of these. */
export class Ruleset {
  readonly hash: string;
  readonly rules: readonly CompiledRule[];
  readonly correlations: readonly CompiledCorrelation[];
  readonly program: Program;
  readonly enrichment: Enrichment;

  /** @param hash identifies the set */
  constructor(
    rules: readonly CompiledRule[],
    correlations: readonly CompiledCorrelation[],
    hash: string,
    enrichment = noEnrichment,
  ) {
    this.hash = hash;
    this.rules = rules;
    this.correlations = correlations;
    this.program = new Program(rules);
    this.enrichment = enrichment;
  }
}

/** A rule that matches an event. */
export interface Hit {
  rule: CompiledRule;
  /** Which event of the record, from 0. */
  event: number;
  match: RuleMatch;
}

/** What the rules say about the events of a record, one by one. */
export type Evaluated =
  | Exclude<Normalized, { kind: 'audit' }>
  /** `problem` says what else in the record could not be read. */
  | ({
      kind: 'audit';
      events: readonly AuditEvent[];
      lookups: Lookups;
      problem?: Problem;
    } & Said);

/** How the events of a record are read: one look-up for each, by index. */
export interface Lookups {
  of(index: number): FieldLookup;
}

/** Made on demand: most records are decided without. */
class LazyLookups implements Lookups {
  readonly #events: readonly AuditEvent[];
  readonly #ruleset: Pick<Ruleset, 'enrichment'>;
  #made: FieldLookup[] | undefined;

  constructor(events: readonly AuditEvent[], ruleset: Pick<Ruleset, 'enrichment'>) {
    this.#events = events;
    this.#ruleset = ruleset;
  }

  of(index: number): FieldLookup {
    this.#made ??= [];
    return (this.#made[index] ??= lookupOf(this.#events[index]!, this.#ruleset));
  }
}

/** What rules say about events, in the order of the events. */
interface Answers {
  hits: Hit[];
  undecided: Undecided[];
  silenced: Silenced[];
}

type Said = { readonly [Kind in keyof Answers]: Readonly<Answers[Kind]> };

/** What correlations make of the hits of a record. */
export interface Correlated {
  /** What is found in a group of events whose last one is in the record. */
  raised: readonly { mode: RuleMode; finding: Finding }[];
  /** What is found in events of other records, now that time has passed the end of their window. */
  reported: readonly { mode: RuleMode; report: Report }[];
  /** Names of rules whose hits count only for their correlations, each with the names that are emitted instead. */
  withheld: ReadonlyMap<string, readonly string[]>;
  /** Set if the store that several processes share could not be used: only what this process has seen was known. */
  state?: 'local';
}

export type Detection =
  /** `event` is the one that decided: the first with a finding, else the first that is undecided, else the first about
   * which there is something to say. `shadow` is what was found by rules that decide nothing yet. `reports` and
   * `shadowReports` are about other records, so nothing else here depends on them. `problem` says what else in the record
   * could not be read: what is not seen is not clear. `unlisted` is set if the batch has no space left for the lists of a
   * tag: the number of items they would have; findings and the like are then only for counting. `state`: see `Correlated`. */
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
      unlisted?: number;
      state?: 'local';
    }
  | { verdict: 'not_audit' }
  | { verdict: 'error'; problem: Problem };

/** The empty list, shared: for most records nothing is found. */
const none: readonly never[] = [];

/** For records that no correlation looks at. */
export const uncorrelated: Correlated = { raised: none, reported: none, withheld: new Map() };

/** Evaluates every rule on every event of a record, without correlations. */
export function detect(normalized: Normalized, ruleset: Ruleset): Detection {
  return conclude(evaluateRecord(normalized, ruleset), uncorrelated);
}

/** A rule that may match an event, with its result if that is known without looking at the event, or else the part of it that
 * is left to evaluate, and with how it matches. */
export interface Step {
  rule: CompiledRule;
  evaluation?: Evaluation;
  match?: RuleMatch;
  reduced?: ReducedRule;
}

/** Which rules match which events of a record. An event on which a rule fails does not hide the others. */
export function evaluateRecord(normalized: Normalized, ruleset: Ruleset): Evaluated {
  if (normalized.kind !== 'audit') return normalized;
  return evaluateEvents(normalized.events, normalized.problem, ruleset, (lookup) =>
    ruleset.program.candidatesIn(lookup).map((rule) => ({ rule })),
  );
}

/** The same for a record with one event, about which something is already known. */
export function evaluateSteps(
  event: AuditEvent,
  steps: readonly Step[],
  ruleset: Pick<Ruleset, 'enrichment'>,
): Evaluated {
  const isEvaluated = steps.length > 0 && isAnswered(event.stage);
  const known = isEvaluated ? knownAnswers(steps) : nothingSaid;
  if (known === undefined) return evaluateEvents([event], undefined, ruleset, () => steps);
  const { hits, undecided, silenced } = known;
  const events = [event];
  return { kind: 'audit', events, lookups: new LazyLookups(events, ruleset), hits, undecided, silenced };
}

/** How the rules of a set see an event. */
export function lookupOf(event: AuditEvent, { enrichment }: Pick<Ruleset, 'enrichment'>): FieldLookup {
  return fieldsOf(event, enrichment.databases);
}

/** The results of steps, if they are the same for all events; else null. */
const answersBySteps = new WeakMap<readonly Step[], Answers | null>();

function knownAnswers(steps: readonly Step[]): Answers | undefined {
  let answers = answersBySteps.get(steps);
  if (answers === undefined) {
    answers = null;
    if (steps.every(isKnown)) addAnswers((answers = noAnswers()), steps, 0, nothing);
    answersBySteps.set(steps, answers);
  }
  return answers ?? undefined;
}

function isKnown({ evaluation, match }: Step): boolean {
  return evaluation !== undefined && (evaluation.truth !== true || match !== undefined);
}

const nothing: FieldLookup = () => ({ values: [] });

const nothingSaid: Said = { hits: none, undecided: none, silenced: none };

function noAnswers(): Answers {
  return { hits: [], undecided: [], silenced: [] };
}

function evaluateEvents(
  events: AuditEvent[],
  problem: Problem | undefined,
  ruleset: Pick<Ruleset, 'enrichment'>,
  stepsFor: (lookup: FieldLookup) => readonly Step[],
): Evaluated {
  const lookups = new LazyLookups(events, ruleset);
  const answers = noAnswers();
  const failures: Problem[] = [];
  const isRepeated = events.length > 1 ? repetitions() : undefined;
  for (const [index, event] of events.entries()) {
    // A request that is not answered yet does not say what happened; its answer is an event of its own.
    if (!isAnswered(event.stage)) continue;
    try {
      const lookup = lookups.of(index);
      addAnswers(answers, stepsFor(lookup), index, lookup, isRepeated?.(event));
    } catch (error) {
      failures.push(recordProblem(error));
    }
  }
  const [failure] = failures;
  if (failure !== undefined && failures.length === events.length) return { kind: 'malformed', problem: failure };
  return { kind: 'audit', events, lookups, ...answers, problem: problem ?? failure };
}

/** Adds the results of the steps on an event.
 * @param isRepeated whether a rule has been answered on the same event before */
function addAnswers(
  { hits, undecided, silenced }: Answers,
  steps: readonly Step[],
  index: number,
  lookup: FieldLookup,
  isRepeated?: (rule: CompiledRule) => boolean,
): void {
  for (const { rule: compiled, evaluation, reduced = compiled, match } of steps) {
    const { truth, undecided: missing, silencedBy } = evaluation ?? evaluate(reduced, lookup);
    const { name, mode } = compiled.rule;
    // A rule in shadow mode affects no verdict, so it does not make one indeterminate either.
    if (missing !== undefined && mode === 'live') {
      undecided.push({ rule: name, reason: missing.reason, field: missing.field, event: index });
    }
    if (truth !== true && silencedBy === undefined) continue;
    if (isRepeated?.(compiled)) continue;
    if (silencedBy !== undefined) silenced.push({ rule: name, exception: silencedBy, event: index });
    else hits.push({ rule: compiled, event: index, match: match ?? matchOf(compiled, lookup) });
  }
}

/** A record may hold an event twice, as on AKS when two log categories are on; if a request id is reused, time and URI
 * differ. */
function repetitions(): (event: AuditEvent) => (rule: CompiledRule) => boolean {
  const seen = new Set<string>();
  return (event) => {
    let request: string | undefined;
    return ({ rule }) => {
      const id = findingId(rule, (request ??= requestOf(event)));
      const exactly = `${id} ${event.requestReceivedTimestamp} ${event.requestURI}`;
      if (seen.has(exactly)) return true;
      seen.add(exactly);
      return false;
    };
  };
}

/** What is finally emitted for a record: the findings of its hits and of its correlations, and the verdict. */
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
  { events, lookups, hits, undecided: asRules, silenced, problem }: Extract<Evaluated, { kind: 'audit' }>,
  { raised, reported, withheld, state }: Correlated,
): Detection {
  const undecided = asRules.length === 0 ? none : namedAsFindings(asRules, withheld);
  const { findings, shadow } =
    raised.length === 0 && areWithheld(hits, withheld)
      ? nothingFound
      : foundIn(hits, { events, lookups, raised, withheld });
  const reports = reported.length === 0 ? none : gravestFirst(reported.filter(isLive).map(({ report }) => report));
  const shadowReports =
    reported.length === 0 ? none : gravestFirst(reported.filter(isShadow).map(({ report }) => report));
  const isOpen = undecided.length > 0 || problem !== undefined;
  const first = findings[0] ?? undecided[0] ?? shadow[0] ?? silenced[0];
  const detection: Detection = {
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
  if (state !== undefined) detection.state = state;
  return detection;
}

/** What is found in the events of a record: the highest level first, and hits before what correlations raise. */
interface FoundHere {
  findings: readonly Finding[];
  shadow: readonly Finding[];
}

const nothingFound: FoundHere = { findings: none, shadow: none };

function foundIn(
  hits: readonly Hit[],
  {
    events,
    lookups,
    raised,
    withheld,
  }: Pick<Extract<Evaluated, { kind: 'audit' }>, 'events' | 'lookups'> & Pick<Correlated, 'raised' | 'withheld'>,
): FoundHere {
  const live: Finding[] = [];
  const shadow: Finding[] = [];
  let ofEvent: Findings | undefined;
  let last = -1;
  for (const { rule, event, match } of hits) {
    if (withheld.has(rule.rule.name)) continue;
    if (ofEvent === undefined || event !== last) ofEvent = new Findings(events[event]!, event, lookups.of(event));
    last = event;
    const found = rule.rule.mode === 'live' ? live : shadow;
    found.push(ofEvent.of(rule, match));
  }
  for (const { mode, finding } of raised) (mode === 'live' ? live : shadow).push(finding);
  return { findings: gravestFirst(live), shadow: gravestFirst(shadow) };
}

/** Whether all hits count only for correlations, as most do. */
function areWithheld(hits: readonly Hit[], withheld: Correlated['withheld']): boolean {
  for (const { rule } of hits) if (!withheld.has(rule.rule.name)) return false;
  return true;
}

function isLive({ mode }: { mode: RuleMode }): boolean {
  return mode === 'live';
}

function isShadow({ mode }: { mode: RuleMode }): boolean {
  return mode === 'shadow';
}

/** Whether a record carries something to look at: about itself, or about other records. */
export function isFound(detection: Detection): boolean {
  return 'findings' in detection && detection.findings.length + detection.reports.length > 0;
}

/** What could not be decided, under the names that findings have: nobody may know a rule that raises no findings of its own. */
function namedAsFindings(undecided: readonly Undecided[], withheld: Correlated['withheld']): Undecided[] {
  const named = new Map<string, Undecided>();
  for (const one of undecided) {
    for (const rule of withheld.get(one.rule) ?? [one.rule]) {
      const key = `${one.event} ${rule}`;
      // Several rules of one correlation share its name.
      if (!named.has(key)) named.set(key, { ...one, rule });
    }
  }
  return [...named.values()];
}
