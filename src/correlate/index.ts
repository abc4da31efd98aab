/** Correlates events: hits of records in, findings of correlations out. Everything that is remembered from one record to
 * the next is in the store, as plain data: see state/store.ts. */

import { isAnswered } from '../audit/request.ts';
import type { Correlated, Evaluated, Hit, Ruleset } from '../detect.ts';
import type { Enrichment } from '../enrichment/index.ts';
import { sharedAnswers } from '../fields/index.ts';
import { numberOf } from '../json/typed.ts';
import type { CompiledCorrelation } from '../sigma/index.ts';
import { keyHash } from '../state/key-hash.ts';
import { type Handle, MAX_AHEAD, type Store } from '../state/store.ts';
import { advance, bringForward, setDue } from './clock.ts';
import { auditIDOf, type Current, groupBy, lookupIn, ownerOf, type Results } from './current-event.ts';
import { firstDue, schedule, takeDue } from './due.ts';
import { type Emitted, fieldsShown, groupShown, idOf, lookupOf, type Values } from './emitted.ts';
import { isInEmitted, noteEmitted } from './emitted-windows.ts';
import { EventTimes } from './event-time.ts';
import { charactersOf, emptyGroup, type Group, mayHold, valuesOf } from './group.ts';
import { type GroupOf, KnownKeys } from './known-keys.ts';
import type { CorrelationLosses } from './losses.ts';
import { eventOf, lookupFor, type Observation } from './observation.ts';
import { places } from './places.ts';
import { type Link, type Plan, type Planned, planOf } from './plan.ts';
import { raise, replay } from './raise.ts';
import { emittedBefore, entriesOf, lengthOf, remember, rememberEvent } from './replay.ts';
import { type Target, Targets } from './targets.ts';
import { ingestTerms } from './terms.ts';
import { tuplesOf } from './values.ts';
import { emittedAt, judge, observe } from './window.ts';

export type { CorrelationLosses };

/** What correlations make of a record. Records are evaluated one after another, in the order of the calls.
 * @param receivedUnixNano when the record arrived: no event is much later. Used as the time of a cluster's first event if
 * that has none
 * @throws Problem if the store cannot be reached now */
export type Correlate = (
  evaluated: Evaluated,
  ruleset: Pick<Ruleset, 'correlations' | 'enrichment'>,
  receivedUnixNano: bigint,
) => Correlated;

/** The most windows that are judged on one event; others wait for the next. */
const MAX_JUDGED = 100;

/** Bytes that values take in memory, including what is derived from them. */
const GROUP_BYTES = 400;
const EVENT_BYTES = 250;
const VALUE_BYTES = 150;
const WINDOW_BYTES = 60;

/** What is kept of a group. */
interface GroupState {
  group: Group;
  /** What is shown of the last event in time, if windows are emitted on other events, and how long its JSON is. */
  last?: { group: Values; fields: Values; at: number; length: number };
  due?: number;
}

/** Creates the pipeline step that correlates. */
export function correlator(store: Store, losses: CorrelationLosses = { late() {}, evicted() {} }): Correlate {
  const memory = { store, losses };
  const hashOf = keyHash(store.secret);
  const times = new EventTimes();
  /** When the batch was received, in nanoseconds and in microseconds: not every record needs a bigint division. */
  let received = 0n;
  let receivedMicros = 0;
  let planned: { correlations: readonly CompiledCorrelation[]; plan: Plan } | undefined;
  /** Its handles are indexed by the numbers of the plan. */
  let keys = new KnownKeys(hashOf);
  let placeIn = places();
  let targets: Targets;
  let groups: Current['groups'] = [];

  return (evaluated, { correlations, enrichment }, receivedUnixNano) => {
    if (planned?.correlations !== correlations) {
      planned = { correlations, plan: planOf(correlations) };
      keys = new KnownKeys(hashOf);
      placeIn = places();
      targets = new Targets(planned.plan);
      groups = Array(planned.plan.groupings);
    }
    const { plan } = planned;
    if (evaluated.kind !== 'audit' || plan.bySpace.size === 0) return plan.nothing;
    if (receivedUnixNano !== received) {
      received = receivedUnixNano;
      receivedMicros = Number(received / 1000n);
    }
    return correlateEvents(evaluated, plan, enrichment, receivedMicros);
  };

  /** @param received Unix microseconds */
  function correlateEvents(
    { events, lookups, hits }: Extract<Evaluated, { kind: 'audit' }>,
    plan: Plan,
    enrichment: Enrichment,
    received: number,
  ): Correlated {
    const results: Results = { raised: undefined, reported: undefined };
    // Hits are in the order of their events: each is visited once, however many events a record has.
    let begin = 0;
    let end = 0;
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      begin = end;
      while (end < hits.length && hits[end]!.event === index) end++;
      // The answer to the request is an event of its own, with the same key.
      if (!isAnswered(event.stage)) continue;
      const shared = begin === end ? undefined : sharedAnswers(event, enrichment.databases);
      const known = shared && targets.known(shared, hits);
      const counts = known === undefined ? isCounted(hits, begin, end, plan) : known.length > 0;
      if (!counts && plan.emittedAtClose.length === 0) continue;
      const time = times.of(event);
      const logged = time === undefined ? undefined : Math.min(time, received + MAX_AHEAD);
      const place = placeIn(event);
      const clock = advance(store, place, logged, received);
      const at = logged ?? clock.latest;
      const isMoved = time !== at || times.isStandIn;
      // A repeated event has the same time, unless it is moved.
      const mayBeAgain = isMoved || at <= clock.emitted;
      const mayBeDue = at >= clock.latest && (clock.due < clock.latest || clock.plan !== plan.id);
      if (!counts && !mayBeAgain && !mayBeDue) continue;
      const current: Current = {
        plan,
        cluster: place,
        place: place.name,
        event,
        index,
        keys,
        lookups,
        shared,
        key: undefined,
        owner: undefined,
        auditID: undefined,
        groups: groups.fill(undefined),
        time: time ?? at,
        isTimeKnown: time !== undefined && !times.isStandIn,
        isMoved,
        clock: clock.latest,
        results,
      };
      const before = mayBeAgain ? emittedBefore(store, current) : undefined;
      if (before !== undefined) replay(before, current);
      // Only an event that passes the end of a window emits it: if any event did, a retry would find more than the first
      // attempt.
      else if (mayBeDue) judgeAll(current);
      if (!counts) continue;
      const observation: Observation = {
        key: undefined,
        at,
        auditID: undefined,
        isMoved,
        lookup: undefined,
        isOfOthers: false,
        events: [],
      };
      ingest(known ?? targets.of(hits, begin, end, current), observation, current);
    }
    const { raised, reported } = results;
    if (raised === undefined && reported === undefined) return plan.nothing;
    return {
      raised: raised === undefined ? [] : [...raised.values()],
      reported: reported === undefined ? [] : [...reported.values()],
      withheld: plan.withheld,
    };
  }

  /** Passes what was found to each correlation that counts it, and what these find to those that count them. */
  function ingest(found: readonly Target[], observation: Observation, current: Current): void {
    for (const target of found) ingestBy(target, observation, current);
  }

  function ingestBy(target: Target, observation: Observation, current: Current): void {
    const group = target.group === undefined ? groupOf(target.link, observation, current) : target.group;
    if (group === null) return;
    const { planned } = target.link;
    const one =
      planned.window.test.type === 'new_terms'
        ? ingestTerms(memory, target, group, observation, current)
        : ingestEvent(target, group, observation, current);
    if (one === undefined) return;
    const fields = observation.isOfOthers && {
      fields: fieldsShown(planned.shown, lookupFor(observation, current)),
    };
    emit(planned, { ...one, ...fields }, current);
  }

  function groupOf({ grouping, groupFields }: Link, observation: Observation, current: Current): GroupOf | null {
    if (observation.key !== undefined) return groupBy(current, groupFields, lookupFor(observation, current));
    let group = current.groups[grouping];
    if (group === undefined) {
      group = groupBy(current, groupFields, lookupIn(current));
      current.groups[grouping] = group;
    }
    return group;
  }

  /** Adds an event to its group. */
  function ingestEvent(
    target: Target,
    group: GroupOf,
    observation: Observation,
    current: Current,
  ): Emitted | undefined {
    const { planned, rule, slot } = target.link;
    const { compiled, space, window: plan } = planned;
    const { at } = observation;
    if (isInEmitted(group, slot, at, current.clock, store)) return undefined;
    const value = counted(target, observation, current);
    if (value === null) return undefined;
    const groupKey = group.key;
    const handle = group.handles[slot];
    const before = store.load(space, groupKey, current.place, handle) as GroupState | undefined;
    if (before !== undefined) {
      if (handle === undefined) keys.remember(group, slot);
      const emitted = emittedAt(before.group, at, plan, current.clock);
      if (emitted !== undefined) {
        if (handle !== undefined) noteEmitted(group, slot, emitted, store);
        return undefined;
      }
    }
    const event = eventOf(observation, rule, value, current);
    const state: GroupState = before ?? { group: emptyGroup(at) };
    const { outcome, window, forgotten, due } = observe(state.group, event, plan, current.clock);
    // A later time is found when the group is judged: otherwise each event of a group could postpone it.
    const isSooner = due !== undefined && (state.due === undefined || due < state.due);
    if (isSooner) state.due = due;
    const mayBeShown = plan.emitsAtWindowClose && outcome === 'counted' && mayHold(state.group, plan);
    if (mayBeShown && at >= (state.last?.at ?? at)) {
      const last = {
        group: groupShown(compiled.correlation, group.parts),
        fields: fieldsShown(planned.shown, lookupFor(observation, current)),
        at,
      };
      state.last = { ...last, length: lengthOf(last) };
    }
    const isKept = before === undefined ? outcome !== 'too late' : outcome !== 'in closed window';
    if (isKept) commitGroup(planned, groupKey, state, before === undefined, current, handle);
    if (outcome === 'too late') losses.late(compiled.correlation.name);
    if (forgotten > 0) losses.evicted(compiled.correlation.name, forgotten);
    if (isSooner) putOff(planned, groupKey, due, current);
    return window && { group: groupShown(compiled.correlation, group.parts), window };
  }

  /** The value of an event that is compared or counted; null if it has none. */
  function counted({ link, tuples, keys: known }: Target, observation: Observation, current: Current) {
    const { test } = link.planned.window;
    if (known !== undefined) return known;
    if (!('field' in test) && test.type !== 'value_count') return undefined;
    const found = tuples ?? tuplesOf(lookupFor(observation, current), link.valueFields);
    if (found.length === 0) return null;
    return 'field' in test ? (numberOf(found[0]![0]) ?? null) : keys.of(found);
  }

  function commitGroup(
    { space }: Planned,
    key: string,
    state: GroupState,
    isNew: boolean,
    current: Current,
    handle?: Handle,
  ): void {
    const { events, closedWindows } = state.group;
    const values = valuesOf(state.group);
    const shownLength = state.last?.length ?? 0;
    store.commit({
      space,
      key,
      value: state,
      entries: 1 + (values || events.length) + closedWindows.length + (state.last ? entriesOf(shownLength) : 0),
      bytes:
        GROUP_BYTES +
        events.length * EVENT_BYTES +
        values * VALUE_BYTES +
        closedWindows.length * WINDOW_BYTES +
        charactersOf(state.group) +
        2 * shownLength,
      place: current.place,
      owner: isNew ? ownerOf(current) : undefined,
      at: current.clock,
      handle,
    });
  }

  function putOff(planned: Planned, groupKey: string, at: number, current: Current): void {
    const evicted = schedule(store, planned, groupKey, at, current);
    bringForward(store, current.place, current.plan.id, at);
    if (evicted > 0) losses.evicted(planned.compiled.correlation.name, evicted);
  }

  function judgeAll(current: Current): void {
    const { emittedAtClose, id } = current.plan;
    for (const planned of emittedAtClose) judgeDue(planned, current);
    setDue(store, current.place, id, Math.min(...emittedAtClose.map((planned) => firstDue(store, planned, current))));
  }

  /** Judges the windows of a correlation that have ended in a cluster, the groups in time order. */
  function judgeDue(planned: Planned, current: Current): void {
    let left = MAX_JUDGED;
    while (left > 0) {
      const groups = takeDue(store, planned, left, current);
      if (groups.length === 0) return;
      left -= groups.length;
      for (const [at, groupKey] of groups) judgeGroup(planned, groupKey, at, current);
    }
    // Anything left is for the next event, not for a retry of this one.
    rememberEvent(store, current);
  }

  function judgeGroup(planned: Planned, groupKey: string, at: number, current: Current): void {
    const { space } = planned;
    const state = store.load(space, groupKey, current.place) as GroupState | undefined;
    // With another due time, the group has been rescheduled since.
    if (state === undefined || state.due !== at) return;
    const { window, due } = judge(state.group, planned.window, current.clock);
    const one = window && { group: state.last!.group, fields: state.last!.fields, window };
    if (due === undefined) {
      store.drop(space, groupKey);
    } else {
      state.due = due;
      commitGroup(planned, groupKey, state, false, current);
      putOff(planned, groupKey, due, current);
    }
    if (one !== undefined) emit(planned, one, current);
  }

  /** Raises what is found in a window, remembers it for a retry, and counts it for other correlations. */
  function emit(planned: Planned, one: Emitted, current: Current): void {
    const { name } = planned.compiled.correlation;
    remember(store, one, planned.space.name, current);
    raise(planned, one, current);
    const { window, fields } = one;
    const auditID = window.auditIDs.at(-1) ?? auditIDOf(current);
    const lookup = lookupOf(one, lookupIn(current));
    const key = idOf(name, current.place, one);
    const isOfOthers = fields !== undefined;
    const observation = { key, at: window.to, auditID, isMoved: true, lookup, isOfOthers, events: [] };
    ingest(targets.ofCorrelation(name), observation, current);
  }
}

/** Whether any of these hits counts for a correlation. */
function isCounted(hits: readonly Hit[], begin: number, end: number, { links }: Plan): boolean {
  for (let hit = begin; hit < end; hit++) if (links.has(hits[hit]!.rule.rule.name)) return true;
  return false;
}
