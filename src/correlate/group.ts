/** The events of a group, with an index derived from them so that an event costs the same in a group of ten as in one of
 * a thousand: the keys of events that are moved in time, the counts of the window, and the spare events. Events inserted
 * long ago are no longer in the processor's cache, so nothing is read from an old event that is known without it. */
import { isReachable, type Stretch } from './correlation-condition.ts';
import { noteInserted, noteRemoved, type SpareEvents, spareEvents } from './spare-events.ts';
import { enter, inserted, leave, removed, type StretchCounts, stretchCounts, type Token } from './stretch-counts.ts';
import {
  firstIndex,
  identityOf,
  indexIn,
  indexOf,
  putIn,
  putInOrder,
  removeFrom,
  takeFrom,
  type WindowEvent,
} from './window-event.ts';
import type { WindowPlan } from './window-plan.ts';

/** For events that differ in the property in question. */
const MIXED = -1;

class GroupIndex {
  /** The time of the first event. */
  oldest = Number.POSITIVE_INFINITY;
  /** How many texts are counted across all events. */
  values = 0;
  /** The length of every event's audit ID in characters; if these differ, MIXED, and `characters` is their sum. */
  idLength = MIXED;
  characters = 0;
  /** The rule that all events matched; if there are several, MIXED, and `rules` has how many of the events each
   * matched. */
  rule = MIXED;
  rules: number[] = NO_RULES;
  /** The event that opens the window to be judged next; null if it has to be searched for. */
  opening: WindowEvent | undefined | null = null;
  /** For rules some of whose events are moved in time. */
  keys: EventKeys | undefined = undefined;
  /** Created on demand, like the next three: how many of all events have each value. */
  totals: Map<Token, number> | undefined = undefined;
  counts: StretchCounts | undefined = undefined;
  spares: SpareEvents | undefined = undefined;
  openers: Openers | undefined = undefined;
}

const NO_RULES: number[] = [];

/** By rule, the identities of the events that it matched. */
type EventKeys = (Set<string> | undefined)[];

/** The events with which a window can begin, in order, if there are others beside them. */
interface Openers {
  /** By rule. */
  readonly opens: readonly boolean[];
  readonly events: WindowEvent[];
}

/** The key of a group's index. */
const derived = Symbol('derived');

/** A window that has been judged or emitted. */
export interface ClosedWindow {
  readonly from: number;
  readonly until: number;
}

/** What is kept of a group: plain data, and the index derived from it. */
export interface Group {
  /** In order (see window-event.ts); those of closed windows are gone. */
  events: WindowEvent[];
  /** Nothing in them is emitted again. Each is one timespan long, and they are in time order. */
  closedWindows: ClosedWindow[];
  /** The time of the latest event that was not in a window that had been emitted. */
  newest: number;
  /** Not written out; rebuilt if it is missing. */
  [derived]?: GroupIndex;
}

/** Up to this many events, scanning takes no longer than a look-up. */
const FEW = 8;

/** A group of which only the time of the event about to be inserted is known. */
export function emptyGroup(newest: number): Group {
  return { events: [], closedWindows: [], newest, [derived]: new GroupIndex() };
}

/** Whether the group has the event, matched by the same rule. */
export function has(group: Group, event: WindowEvent): boolean {
  return isThere(group, event, indexIn(group.events, event));
}

/** @param at where it belongs. A repeated event has the same time, unless it is moved */
function isThere(group: Group, event: WindowEvent, at: number): boolean {
  const { key, rule, isMoved } = event;
  const { events } = group;
  const index = derivedOf(group);
  if (isMoved && index.keys?.[rule] === undefined) noteKeys(index, rule, events);
  const keys = index.keys?.[rule];
  if (keys !== undefined) return keys.has(identityOf(event));
  if (at === events.length) return false;
  const found = events[at]!;
  return found.key === key && found.rule === rule;
}

/** Inserts an event in order.
 * @param isLatest whether it is later than all existing events
 * @returns its index; -1 if it is there already */
export function insert(group: Group, event: WindowEvent, isLatest = false): number {
  const { events } = group;
  const at = isLatest ? events.length : indexIn(events, event);
  if (isThere(group, event, at)) return -1;
  const index = derivedOf(group);
  enterEvent(index, event, events);
  putIn(events, event, at);
  if (at === 0) index.oldest = event.at;
  index.keys?.[event.rule]?.add(identityOf(event));
  if (index.totals !== undefined) enter(index.totals, event);
  if (index.counts !== undefined) inserted(index.counts, event, at);
  if (index.spares !== undefined) noteInserted(index.spares, event, events[at - 1], at === events.length - 1);
  if (index.openers?.opens[event.rule]) putInOrder(index.openers.events, event);
  // An event at the end does not replace the one that opens the next window.
  if (index.opening === undefined || at < events.length - 1) index.opening = null;
  return at;
}

/** Appends an event in place of one that says the same, is not moved in time and opens no future window: the same as
 * inserting the one and removing the other, at a fraction of the cost.
 * @param at index of the other, which is not the first
 * @returns whether it was done: not if the two differ in what is derived from them */
export function supersede(group: Group, at: number, event: WindowEvent): boolean {
  const { events } = group;
  const index = derivedOf(group);
  const other = events[at]!;
  if (other.rule !== event.rule || other.auditID.length !== event.auditID.length) return false;
  if (event.isMoved || index.keys?.[event.rule] !== undefined) return false;
  const last = events.length - 1;
  for (let i = at; i < last; i++) events[i] = events[i + 1]!;
  events[last] = event;
  if (index.counts !== undefined) {
    removed(index.counts, other, at);
    inserted(index.counts, event, last);
  }
  if (index.spares !== undefined) {
    noteInserted(index.spares, event, at === last ? other : events[last - 1], true);
    noteRemoved(index.spares, other);
  }
  if (index.openers?.opens[event.rule]) {
    takeFrom(index.openers.events, other);
    putInOrder(index.openers.events, event);
  }
  return true;
}

/** Counts an event that is inserted beside others. */
function enterEvent(index: GroupIndex, event: WindowEvent, { length }: { length: number }): void {
  const { rule, auditID } = event;
  index.values += valuesIn(event);
  if (length === 0) {
    index.idLength = auditID.length;
    index.rule = rule;
    return;
  }
  if (index.idLength === MIXED) {
    index.characters += auditID.length;
  } else if (index.idLength !== auditID.length) {
    index.characters = length * index.idLength + auditID.length;
    index.idLength = MIXED;
  }
  if (index.rule === MIXED) {
    index.rules[rule] = (index.rules[rule] ?? 0) + 1;
  } else if (index.rule !== rule) {
    index.rules = [];
    index.rules[index.rule] = length;
    index.rules[rule] = 1;
    index.rule = MIXED;
  }
}

/** Removes the first events. */
export function removeFirst(group: Group, count: number): void {
  if (count === 0) return;
  // Removing one by one would take longer than starting over.
  if (count > group.events.length / 2) {
    replace(group, group.events.slice(count));
    return;
  }
  for (let i = 0; i < count; i++) removeAt(group, 0);
}

/** Removes an event that is the first, or spare. */
export function removeAt(group: Group, at: number): void {
  const { events } = group;
  const event = removeFrom(events, at);
  const index = derivedOf(group);
  if (at === 0) index.oldest = events.length === 0 ? Number.POSITIVE_INFINITY : events[0]!.at;
  if (index.values > 0) index.values -= valuesIn(event);
  if (index.idLength === MIXED) index.characters -= event.auditID.length;
  if (index.rule === MIXED) index.rules[event.rule]!--;
  if (index.opening === event) index.opening = null;
  index.keys?.[event.rule]?.delete(identityOf(event));
  if (index.totals !== undefined) leave(index.totals, event);
  if (index.counts !== undefined) removed(index.counts, event, at);
  if (index.spares !== undefined) noteRemoved(index.spares, event);
  if (index.openers?.opens[event.rule]) takeFrom(index.openers.events, event);
}

/** Replaces all events. */
export function replace(group: Group, events: WindowEvent[]): void {
  group.events = events;
  group[derived] = undefined;
}

/** The index of an event that makes no difference to windows that end later, since a later one is as good; -1 if there is
 * none. */
export function spareIn(group: Group, { test }: WindowPlan): number {
  const { events } = group;
  switch (test.type) {
    case 'value_count': {
      const index = derivedOf(group);
      index.spares ??= spareEvents(events);
      const last = index.spares.spare.at(-1);
      return last === undefined ? -1 : indexOf(events, last);
    }
    case 'temporal':
    case 'temporal_ordered':
      // The first of a run may open a window.
      if (derivedOf(group).rule !== MIXED) return events.length < 3 ? -1 : 1;
      for (let i = 1; i < events.length - 1; i++) {
        const { rule } = events[i]!;
        if (events[i - 1]!.rule === rule && events[i + 1]!.rule === rule) return i;
      }
      return -1;
    default:
      return -1;
  }
}

/** Some of the events, in the form in which the correlation is evaluated on them. */
export function stretchOf(group: Group, start: number, end: number, { test }: WindowPlan): Stretch {
  const { events } = group;
  if (events.length <= FEW || !isCounted(test)) return { events, start, end };
  const index = derivedOf(group);
  index.counts ??= stretchCounts();
  return { events, start, end, counts: index.counts };
}

function isCounted({ type }: WindowPlan['test']): boolean {
  return type === 'value_count' || type === 'temporal' || type === 'temporal_ordered';
}

/** The time of the first event; infinite if there is none. */
export function oldestOf(group: Group): number {
  return derivedOf(group).oldest;
}

/** The event that opens the window to be judged next. */
export function openingOf(group: Group, plan: WindowPlan): WindowEvent | undefined {
  const index = derivedOf(group);
  if (index.opening === null) index.opening = openerAfter(group, judgedUntil(group), plan);
  return index.opening;
}

/** Notes the end of the last window that has been judged. */
export function addJudged(group: Group, window: ClosedWindow): void {
  group.closedWindows.push(window);
  derivedOf(group).opening = null;
}

/** The end of the last window that has been judged or emitted. */
export function judgedUntil({ closedWindows }: Group): number {
  const { length } = closedWindows;
  return length === 0 ? Number.NEGATIVE_INFINITY : closedWindows[length - 1]!.until;
}

/** The first event after a time with which a window can begin. */
function openerAfter(group: Group, time: number, { opens }: WindowPlan): WindowEvent | undefined {
  const index = derivedOf(group);
  const { events } = group;
  if (index.openers === undefined) {
    const count = openersIn(index, events, opens);
    if (count === 0) return undefined;
    if (count < events.length) index.openers = { opens, events: events.filter(({ rule }) => opens[rule]) };
  }
  const openers = index.openers?.events ?? events;
  const [first] = openers;
  if (first === undefined || first.at > time) return first;
  return openers[firstIndex(openers, ({ at }) => at > time)];
}

function openersIn(index: GroupIndex, events: readonly WindowEvent[], opens: readonly boolean[]): number {
  let count = 0;
  for (let rule = 0; rule < opens.length; rule++) if (opens[rule]) count += countOf(rule, index, events);
  return count;
}

/** How many of the events a rule has matched. */
function countOf(rule: number, index: GroupIndex, { length }: readonly WindowEvent[]): number {
  if (index.rule === MIXED) return index.rules[rule] ?? 0;
  return index.rule === rule ? length : 0;
}

/** Whether everything that a correlation requires may be among the events: while something is missing, it holds in no
 * window. */
export function mayHold(group: Group, { test, dnf, growsWithEvents }: WindowPlan): boolean {
  if (dnf.length > 0) {
    const index = derivedOf(group);
    for (const { required } of dnf) if (areThere(required, index, group.events)) return true;
    return false;
  }
  if (!growsWithEvents || !('bounds' in test)) return true;
  return isReachable(test.type === 'value_count' ? mostValuesIn(group) : group.events.length, test);
}

function areThere(required: readonly number[], index: GroupIndex, events: readonly WindowEvent[]): boolean {
  for (const rule of required) if (countOf(rule, index, events) === 0) return false;
  return true;
}

/** How many different values the events have; an upper bound while they are few. */
function mostValuesIn(group: Group): number {
  const index = derivedOf(group);
  if (group.events.length <= FEW) return index.values;
  if (index.totals === undefined) {
    index.totals = new Map();
    for (const event of group.events) enter(index.totals, event);
  }
  return index.totals.size;
}

/** How many texts are counted across all events. */
export function valuesOf(group: Group): number {
  return derivedOf(group).values;
}

/** How many characters the audit IDs of the events have in total. */
export function charactersOf(group: Group): number {
  const { idLength, characters } = derivedOf(group);
  return idLength === MIXED ? characters : idLength * group.events.length;
}

/** The index derived from the group's events. */
function derivedOf(group: Group): GroupIndex {
  let index = group[derived];
  if (index === undefined) {
    group[derived] = index = new GroupIndex();
    const { events } = group;
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      if (i === 0) index.oldest = event.at;
      enterEvent(index, event, { length: i });
      if (event.isMoved && index.keys?.[event.rule] === undefined) noteKeys(index, event.rule, events);
    }
  }
  return index;
}

function valuesIn({ value }: WindowEvent): number {
  return typeof value === 'object' ? value.length : 0;
}

/** Starts to index the keys of a rule's events. */
function noteKeys(index: GroupIndex, rule: number, events: readonly WindowEvent[]): void {
  const keys = new Set<string>();
  for (const event of events) if (event.rule === rule) keys.add(identityOf(event));
  (index.keys ??= [])[rule] = keys;
}
