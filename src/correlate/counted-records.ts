/** What correlations read of a record, extracted to be correlated later, without the record: records that are evaluated
 * in any order are correlated in time order. */
import { isAnswered } from '../audit/request.ts';
import type { Correlated, Evaluated, Hit, Ruleset } from '../detect.ts';
import type { AuditEvent } from '../record.ts';
import type { CompiledRule, FieldLookup } from '../sigma/index.ts';
import { EventTimes } from './event-time.ts';
import type { Correlate } from './index.ts';
import { places } from './places.ts';
import { type Plan, planOf, SECOND } from './plan.ts';

/** An event as correlations see it. */
export interface CountedEvent
  extends Pick<
    AuditEvent,
    'cluster' | 'stage' | 'auditID' | 'verb' | 'requestURI' | 'requestReceivedTimestamp' | 'stageTimestamp'
  > {
  /** Its index in the record, from 0. */
  index: number;
  username: string;
  /** Names of the rules that matched it and count in a correlation. */
  hits: readonly string[];
  /** The fields that these correlations read, by name. */
  values: Readonly<Record<string, readonly unknown[]>>;
}

/** A record with events that count, or that advances the time. */
export interface CountedRecord {
  /** Of its first event here, in Unix microseconds; undefined if it is not known. */
  time: number | undefined;
  events: readonly CountedEvent[];
}

/** How often time is noted if nothing counts, in microseconds: a window is judged on the next event after its end. */
const TICK = 10 * SECOND;

/** Creates a pipeline step that replaces the one that correlates: it passes on what counts, and raises nothing.
 * @param give called once for each record, with undefined for one that does not matter to correlations */
export function counter(give: (counted: CountedRecord | undefined) => void): Correlate {
  const times = new EventTimes();
  const placeIn = places();
  /** By cluster, the time of the last event that was passed on. */
  const given = new Map<string, number>();
  let planned: { correlations: Ruleset['correlations']; plan: Plan; fieldsOf: (rule: string) => readonly string[] };

  return (evaluated, { correlations }) => {
    if (planned?.correlations !== correlations) {
      const plan = planOf(correlations);
      planned = { correlations, plan, fieldsOf: fieldReader(plan) };
    }
    let counted: CountedRecord | undefined;
    try {
      if (evaluated.kind === 'audit') counted = countedIn(evaluated);
    } finally {
      give(counted);
    }
    return planned.plan.nothing;
  };

  function countedIn({ events, lookups, hits }: Extract<Evaluated, { kind: 'audit' }>): CountedRecord | undefined {
    const { plan, fieldsOf } = planned;
    let record: { time: number | undefined; events: CountedEvent[] } | undefined;
    let begin = 0;
    let end = 0;
    for (let index = 0; index < events.length; index++) {
      begin = end;
      while (end < hits.length && hits[end]!.event === index) end++;
      const event = events[index]!;
      if (!isAnswered(event.stage)) continue;
      const names = namesOf(hits, begin, end, plan);
      const time = times.of(event);
      if (names.length === 0 && !isTick(event, time)) continue;
      if (plan.emittedAtClose.length > 0 && time !== undefined) given.set(placeIn(event).name, time);
      const values: Record<string, readonly unknown[]> = {};
      for (const name of names) {
        for (const field of fieldsOf(name)) values[field] ??= lookups.of(index)(field).values;
      }
      const { cluster, stage, auditID, verb, requestURI, requestReceivedTimestamp, stageTimestamp } = event;
      const { username } = event.user;
      const shown = { ...(cluster && { cluster }), stage, auditID, verb, requestURI, requestReceivedTimestamp };
      record ??= { time, events: [] };
      record.events.push({ ...shown, stageTimestamp, index, username, hits: names, values });
    }
    return record;
  }

  /** Whether enough time has passed in a cluster that windows may have ended. */
  function isTick(event: AuditEvent, time: number | undefined): boolean {
    if (planned.plan.emittedAtClose.length === 0 || time === undefined) return false;
    const last = given.get(placeIn(event).name);
    return last === undefined || time >= last + TICK;
  }
}

function namesOf(hits: readonly Hit[], begin: number, end: number, { links }: Plan): string[] {
  const names: string[] = [];
  for (let hit = begin; hit < end; hit++) {
    const { name } = hits[hit]!.rule.rule;
    if (links.has(name)) names.push(name);
  }
  return names;
}

/** The fields that are read of an event that a rule matches: by the correlations that count it, and by those that count
 * these. */
function fieldReader({ links }: Plan): (rule: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  const fieldsOf = (name: string): readonly string[] => {
    let fields = known.get(name);
    if (fields === undefined) {
      const own = (links.get(name) ?? []).flatMap(({ planned, groupFields, valueFields }) => [
        ...[...groupFields, ...valueFields, ...planned.shown],
        ...fieldsOf(planned.compiled.correlation.name),
      ]);
      known.set(name, (fields = [...new Set(own)]));
    }
    return fields;
  };
  return fieldsOf;
}

/** Correlates a record of which only the counted events are left: findings refer to events by their index in the whole
 * record.
 * @param correlate used for all records of a run, in the order of the calls */
export function correlateCounted(
  { events }: CountedRecord,
  correlate: Correlate,
  ruleset: Ruleset,
  receivedUnixNano: bigint,
): Correlated {
  const rules = rulesOf(ruleset);
  const evaluated: Evaluated = {
    kind: 'audit',
    events: events.map(eventOf),
    lookups: { of: (index) => lookupIn(events[index]!.values) },
    hits: events.flatMap(({ hits }, event) =>
      hits.map((name) => ({ rule: rules.get(name)!, event, match: { level: 'low', predicates: [] } }) as Hit),
    ),
    undecided: [],
    silenced: [],
  };
  const correlated = correlate(evaluated, ruleset, receivedUnixNano);
  if (correlated.raised.length === 0) return correlated;
  const raised = correlated.raised.map(({ mode, finding }) => {
    return { mode, finding: { ...finding, event: events[finding.event]!.index } };
  });
  return { ...correlated, raised };
}

const byName = new WeakMap<Ruleset, ReadonlyMap<string, CompiledRule>>();

function rulesOf(ruleset: Ruleset): ReadonlyMap<string, CompiledRule> {
  let rules = byName.get(ruleset);
  if (rules === undefined) byName.set(ruleset, (rules = new Map(ruleset.rules.map((one) => [one.rule.name, one]))));
  return rules;
}

/** Correlations read all other members of an event through the look-up. */
function eventOf({ username, ...event }: CountedEvent): AuditEvent {
  return { ...event, user: { username } } as unknown as AuditEvent;
}

const nothing = { values: [] };

function lookupIn(values: CountedEvent['values']): FieldLookup {
  return (field) => (Object.hasOwn(values, field) ? { values: values[field]! } : nothing);
}
