/** Finds what events say together: the hits of records in, findings of correlations out. All that is remembered from one
 * record to the next is in the store. */

import { type Emitted, fieldsShown, findingOf, idOf, lookupOf, reportOf, type Values } from './correlate/emitted.ts';
import { correlationOf, MOST_ENTRIES, type Plan, type Planned, planOf, SECOND } from './correlate/plan.ts';
import { hashOf, oneOrAll, type Tuple, tuplesOf, valuesOf } from './correlate/values.ts';
import { emptyGroup, type Group, judge, LATENESS, observe, type Seen, type Window } from './correlate/window.ts';
import { type Correlated, type Evaluated, placeOf, timeShown } from './detect.ts';
import { fieldsOf } from './fields.ts';
import { stringifyExactly } from './json/exact.ts';
import { numberOf } from './json/typed.ts';
import type { AuditEvent } from './record.ts';
import { shown } from './shown.ts';
import type { CompiledCorrelation, FieldLookup } from './sigma/index.ts';
import type { Kept, Space, Store } from './state/store.ts';
import { unixNanoFromRfc3339 } from './time.ts';

/** What correlations make of a record. Records are evaluated one after another, in the order of the calls.
 * @param receivedUnixNano when the record came: no event is much later. Stands in for the time of a cluster's first event
 * where that has none */
export type Correlate = (
  evaluated: Evaluated,
  correlations: readonly CompiledCorrelation[],
  receivedUnixNano: bigint,
) => Promise<Correlated>;

/** Receives what does not count. */
export interface CorrelationLosses {
  /** An event was too old for the windows that are kept. */
  late(correlation: string): void;
  /** Entries were forgotten for want of room. */
  evicted(correlation: string, entries: number): void;
}

const DAY = 86_400 * SECOND;
/** How far an event's clock may be ahead of ours. One that is further would age all that is remembered. */
const MAX_AHEAD = 5 * 60 * SECOND;
/** Windows that are judged on one event, at most; others wait for the next. */
const MAX_JUDGED = 100;
/** Characters that count as one entry. */
const ENTRY_LENGTH = 200;
const MAX_AUDIT_ID_LENGTH = 128;

/** What has been emitted on an event, so that it can be emitted again on a retry. */
interface Remembered extends Emitted {
  space: string;
  entries: number;
}
const emitted: Space = { name: 'emitted', mostEntries: MOST_ENTRIES, lifetime: DAY };

/** Of each cluster the time of the latest event (`clock/…`), and since when the terms of a correlation are learnt
 * (`since/…`). */
const progress: Space = { name: 'progress', mostEntries: MOST_ENTRIES, lifetime: null };

/** When there is something to do for which group of a correlation: times and keys, in the order of time. */
type Due = [at: number, group: string][];

/** What is kept of a group. */
interface GroupState {
  group: Group;
  /** What is shown of the last event in time, where windows are emitted on other events. */
  last?: Shown & { at: number };
  due?: number;
}

type Shown = Pick<Emitted, 'group'> & { fields: Values };

/** Something that a rule or a correlation found. */
interface Observation {
  rule: string;
  key: string;
  at: number;
  auditID: string;
  lookup: FieldLookup;
  /** Set where it is about other events than the one that is being looked at. */
  isOfOthers: boolean;
}

/** The event of the record that is being looked at. */
interface Current {
  plan: Plan;
  /** Of its cluster: what another cluster logs is another group, at a time of its own. */
  place: string;
  key: string;
  event: AuditEvent;
  index: number;
  lookup: FieldLookup;
  auditID: string;
  /** The time of the latest event of its cluster. */
  clock: number;
  /** By their ids. */
  raised: Map<string, Correlated['raised'][number]>;
  reported: Map<string, Correlated['reported'][number]>;
}

/** Makes the step of the pipeline that correlates. */
export function correlator(store: Store, losses: CorrelationLosses = { late() {}, evicted() {} }): Correlate {
  let turn: Promise<unknown> = Promise.resolve();

  return (evaluated, correlations, receivedUnixNano) => {
    const plan = planOf(correlations);
    if (evaluated.kind !== 'audit' || plan.bySpace.size === 0) {
      return Promise.resolve({ raised: [], reported: [], withheld: plan.withheld });
    }
    // A retry may come while the first try is still on its way: it has to find all that the first has emitted.
    const result = turn.then(() => correlateEvents(evaluated, plan, receivedUnixNano));
    turn = result.catch(() => {});
    return result;
  };

  async function correlateEvents(
    { events, hits }: Extract<Evaluated, { kind: 'audit' }>,
    plan: Plan,
    receivedUnixNano: bigint,
  ): Promise<Correlated> {
    const raised: Current['raised'] = new Map();
    const reported: Current['reported'] = new Map();
    const counted = Map.groupBy(
      hits.filter(({ rule }) => plan.links.has(rule.rule.name)),
      ({ event }) => event,
    );
    for (const [index, event] of events.entries()) {
      // The answer of the request is an event of its own, and of the same key.
      if (event.stage === 'RequestReceived') continue;
      const found = counted.get(index) ?? [];
      if (found.length === 0 && plan.judgedAtEnd.length === 0) continue;
      const logged = timeOf(event, receivedUnixNano);
      const auditID = event.auditID.slice(0, MAX_AUDIT_ID_LENGTH);
      const lookup = found[0]?.lookup ?? fieldsOf(event);
      const place = hashOf([JSON.stringify(placeOf(event))]);
      const clock = await advance(place, logged, Number(receivedUnixNano / 1000n));
      const at = logged ?? clock;
      const current = { plan, place, key: keyOf(event), event, index, lookup, auditID, clock, raised, reported };
      const isRetry = await emitAgain(current);
      // Only what passes the end of a window emits it: were it any event, a retry would find more than its first try.
      const judging = isRetry || at < clock ? [] : plan.judgedAtEnd;
      for (const planned of judging) await judgeDue(planned, current);
      for (const { rule } of found) {
        await take({ rule: rule.rule.name, key: current.key, at, auditID, lookup, isOfOthers: false }, current);
      }
    }
    return { raised: [...raised.values()], reported: [...reported.values()], withheld: plan.withheld };
  }

  /** Emits what has been emitted on the event before, if it is known to have been here. */
  async function emitAgain(current: Current): Promise<boolean> {
    const before = await store.update<Remembered[], Remembered[] | undefined>(
      emitted,
      current.key,
      current.clock,
      (value) => ({
        keep: value && keptEmitted(value),
        result: value,
      }),
    );
    for (const one of before ?? []) {
      const planned = current.plan.bySpace.get(one.space);
      if (planned !== undefined) raise(planned, one, current);
    }
    return before !== undefined;
  }

  /** The time of the latest event of a cluster. One without a time leaves it where it is: in a log of yesterday, today
   * would age all that is remembered. */
  function advance(place: string, logged: number | undefined, received: number): Promise<number> {
    return store.update<number, number>(progress, `clock/${place}`, logged ?? 0, (value) => {
      const clock = logged === undefined ? value : Math.max(value ?? logged, logged);
      return { keep: clock === undefined ? undefined : { value: clock, entries: 1 }, result: clock ?? received };
    });
  }

  /** Gives what was found to each correlation that counts it, and what these find to those that count them. */
  async function take(observation: Observation, current: Current): Promise<void> {
    for (const { planned, rule } of current.plan.links.get(observation.rule) ?? []) {
      const { correlation, groupFields, valueFields } = planned.compiled;
      const values = groupFields[rule]!.map((field) => valuesOf(observation.lookup, field)[0]);
      const tuples = tuplesOf(valueFields[rule]!.map((field) => valuesOf(observation.lookup, field)));
      // An event without a value is in no group.
      if (values.includes(undefined) || tuples.length === 0) continue;
      const group: Values = Object.fromEntries(correlation.groupBy.map((name, i) => [name, shown(values[i])]));
      const groupParts = [current.place, ...values];
      const { test } = correlation;
      const { isOfOthers } = observation;
      const fields = isOfOthers || planned.isJudgedAtEnd ? fieldsShown(planned.compiled, observation.lookup) : {};
      const ofOthers = isOfOthers && { fields };
      if (test.type === 'new_terms') {
        const news = await takeTerms(planned, groupParts, tuples, observation, current);
        if (news.length === 0) continue;
        const terms = test.fields.map((name, i) => [name, shown(oneOrAll(news.map((tuple) => tuple[i])))]);
        const window = { from: observation.at, to: observation.at, auditIDs: [observation.auditID] };
        await emit(planned, { group: { ...group, ...Object.fromEntries(terms) }, window, ...ofOthers }, current);
        continue;
      }
      const value = test.type === 'value_count' ? tuples.map(hashOf) : numberOf(tuples[0]![0]);
      if ('field' in test && value === undefined) continue;
      const { key, at, auditID } = observation;
      const seen: Seen = { key, rule, at, auditID, ...(value !== undefined && { value }) };
      const window = await takeEvent(planned, hashOf(groupParts), seen, { group, fields }, current);
      if (window !== undefined) await emit(planned, { group, window, ...ofOthers }, current);
    }
  }

  /** Those of the tuples that were not there for a timespan, once the correlation has learnt what is usual in a cluster. */
  async function takeTerms(
    { space, compiled: { correlation } }: Planned,
    groupParts: readonly unknown[],
    tuples: readonly Tuple[],
    { at }: Observation,
    { place, clock }: Current,
  ): Promise<Tuple[]> {
    const { name, timespan, test } = correlation;
    // Whether they were new then, nobody remembers.
    if (at < clock - space.lifetime!) {
      losses.late(name);
      return [];
    }
    const since = await store.update<number, number>(progress, `since/${space.name}/${place}`, at, (begun = at) => {
      // The first to arrive need not be the first; what is older than any delay is another log.
      const value = at >= clock - LATENESS ? Math.min(begun, at) : begun;
      return { keep: { value, entries: 1 }, result: value };
    });
    const news: Tuple[] = [];
    for (const tuple of tuples) {
      const isNew = await store.update<number, boolean>(space, hashOf([...groupParts, ...tuple]), at, (last) => ({
        keep: { value: Math.max(last ?? at, at), entries: 1 },
        result: last === undefined || at - last > timespan * SECOND,
      }));
      if (isNew) news.push(tuple);
    }
    const { learning } = test as Extract<typeof test, { type: 'new_terms' }>;
    return at >= since + learning * SECOND ? news : [];
  }

  async function takeEvent(
    { compiled, space, due, isJudgedAtEnd }: Planned,
    groupKey: string,
    seen: Seen,
    shownOfIt: Shown,
    { place, clock }: Current,
  ): Promise<Window | undefined> {
    const { name } = compiled.correlation;
    const { observed, newDue } = await store.update<
      GroupState,
      { observed: ReturnType<typeof observe>; newDue: number | undefined }
    >(space, groupKey, clock, (value) => {
      const state = value ?? { group: emptyGroup(seen.at) };
      const observed = observe(state.group, seen, compiled, clock);
      // What comes later is found when it is judged: each event of a group could put it off.
      const isSooner = state.due === undefined || observed.due! < state.due;
      const newDue = isSooner ? observed.due : undefined;
      if (newDue !== undefined) state.due = newDue;
      if (isJudgedAtEnd && observed.outcome === 'counted' && seen.at >= (state.last?.at ?? seen.at)) {
        state.last = { ...shownOfIt, at: seen.at };
      }
      const isNothing = value === undefined && observed.outcome === 'too late';
      return { keep: isNothing ? undefined : keptGroup(state), result: { observed, newDue } };
    });
    if (observed.outcome === 'too late') losses.late(name);
    if (observed.forgotten > 0) losses.evicted(name, observed.forgotten);
    if (newDue !== undefined) await schedule(due, groupKey, newDue, { place, clock });
    return observed.window;
  }

  async function schedule(
    space: Space,
    groupKey: string,
    at: number,
    { place, clock }: Pick<Current, 'place' | 'clock'>,
  ): Promise<void> {
    const evicted = await store.update<Due, number>(space, place, clock, (due = []) => {
      let index = due.length;
      while (index > 0 && due[index - 1]![0] > at) index--;
      due.splice(index, 0, [at, groupKey]);
      // There cannot be as many groups: what comes first belongs to some that are forgotten.
      const excess = due.splice(0, due.length - MOST_ENTRIES).length;
      return { keep: { value: due, entries: due.length }, result: excess };
    });
    if (evicted > 0) losses.evicted(correlationOf(space.name), evicted);
  }

  /** Judges the windows of a correlation that have ended in a cluster, the groups in the order of time. */
  async function judgeDue(planned: Planned, current: Current): Promise<void> {
    const { place, clock } = current;
    let left = MAX_JUDGED;
    while (left > 0) {
      const groups = await store.update<Due, Due>(planned.due, place, clock, (due = []) => {
        let count = 0;
        while (count < Math.min(due.length, left) && due[count]![0] < clock) count++;
        const result = due.splice(0, count);
        return { keep: due.length > 0 ? { value: due, entries: due.length } : undefined, result };
      });
      if (groups.length === 0) return;
      left -= groups.length;
      for (const [at, groupKey] of groups) await judgeGroup(planned, groupKey, at, current);
    }
    // There may be more, for the next event; for a retry of this one there is not.
    await remember(current, []);
  }

  async function judgeGroup(planned: Planned, groupKey: string, at: number, current: Current): Promise<void> {
    const { compiled, space } = planned;
    const { clock } = current;
    const { one, due } = await store.update<GroupState, { one?: Emitted; due?: number }>(
      space,
      groupKey,
      clock,
      (state) => {
        if (state === undefined) return { keep: undefined, result: {} };
        // Since then the group has been given another time.
        if (state.due !== at) return { keep: keptGroup(state), result: {} };
        const { window, due } = judge(state.group, compiled, clock);
        state.due = due;
        return {
          keep: due === undefined ? undefined : keptGroup(state),
          result: { one: window && { group: state.last!.group, fields: state.last!.fields, window }, due },
        };
      },
    );
    if (due !== undefined) await schedule(planned.due, groupKey, due, current);
    if (one !== undefined) await emit(planned, one, current);
  }

  async function remember({ key, clock }: Current, more: readonly Remembered[]): Promise<void> {
    await store.update<Remembered[], void>(emitted, key, clock, (value = []) => ({
      keep: keptEmitted([...value, ...more]),
      result: undefined,
    }));
  }

  /** Raises what is found in a window, remembers it for a retry, and counts it for other correlations. */
  async function emit(planned: Planned, one: Emitted, current: Current): Promise<void> {
    const { name } = planned.compiled.correlation;
    await remember(current, [{ ...one, space: planned.space.name, entries: entriesOf(one) }]);
    raise(planned, one, current);
    const { window, fields } = one;
    const auditID = window.auditIDs.at(-1) ?? current.auditID;
    const lookup = lookupOf(one, current.lookup);
    const key = idOf(name, current.place, one);
    await take({ rule: name, key, at: window.to, auditID, lookup, isOfOthers: fields !== undefined }, current);
  }
}

/** A finding, or a report where it is about other events than the current one. */
function raise({ compiled: { correlation }, isRaised }: Planned, one: Emitted, current: Current): void {
  if (!isRaised) return;
  const { name, mode } = correlation;
  const id = idOf(name, current.place, one);
  if (one.fields === undefined) current.raised.set(id, { mode, finding: findingOf(correlation, one, id, current) });
  else current.reported.set(id, { mode, report: reportOf(correlation, one, id) });
}

function keptGroup(state: GroupState): Kept<GroupState> {
  const { events, over } = state.group;
  const values = events.reduce((sum, { value }) => sum + (typeof value === 'object' ? value.length : 1), 0);
  return { value: state, entries: 1 + values + over.length + (state.last ? entriesOf(state.last) : 0) };
}

function keptEmitted(value: Remembered[]): Kept<Remembered[]> {
  return { value, entries: value.reduce((sum, { entries }) => sum + entries, 1) };
}

function entriesOf(value: unknown): number {
  return Math.ceil(stringifyExactly(value).length / ENTRY_LENGTH);
}

/** The event's own time in microseconds; undefined where it is not known. */
function timeOf(event: AuditEvent, receivedUnixNano: bigint): number | undefined {
  const logged = unixNanoFromRfc3339(timeShown(event).time ?? '');
  if (logged === undefined) return undefined;
  return Math.min(Number(logged / 1000n), Number(receivedUnixNano / 1000n) + MAX_AHEAD);
}

/** The same for a request on a retry and at both of its answers. A client can choose the auditID, and use it twice, so
 * when the request came in tells requests apart as well. */
function keyOf({
  cluster,
  auditID,
  user,
  verb,
  requestURI,
  requestReceivedTimestamp,
  stageTimestamp,
}: AuditEvent): string {
  const time = requestReceivedTimestamp || stageTimestamp;
  return hashOf([cluster?.account, cluster?.region, cluster?.name, auditID, user.username, verb, requestURI, time]);
}
