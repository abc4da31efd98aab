/** The events of a group, with what is derived of them so that an event costs the same in a group of ten as of a thousand:
 * the keys of those that are moved in time, the counts of the window, and those that others stand for. */
import { isReachable, type Stretch } from './correlation-condition.ts';
import { noteInserted, noteRemoved, type SpareEvents, spareEvents } from './spare-events.ts';
import { enter, inserted, leave, removed, type StretchCounts, stretchCounts, type Token } from './stretch-counts.ts';
import { firstIndex, indexIn, putIn, putInOrder, removeFrom, takeFrom, type WindowEvent } from './window-event.ts';
import type { WindowPlan } from './window-plan.ts';

export interface GroupIndex {
  /** How many texts are counted of the events in all, and how many characters their audit IDs have. */
  values: number;
  characters: number;
  /** By rule, how many of the events it matched. */
  rules: number[];
  /** Of rules some of whose events are moved in time. */
  keys?: EventKeys;
  /** Made when they are needed, as the next three: of all events, how many have each value. */
  totals?: Map<Token, number>;
  counts?: StretchCounts;
  spares?: SpareEvents;
  openers?: Openers;
}

/** By rule, the keys of the events that it matched. */
type EventKeys = (Set<string> | undefined)[];

/** The events with which a window can begin, in order, where there are others beside them. */
interface Openers {
  /** By rule. */
  readonly opens: readonly boolean[];
  readonly events: WindowEvent[];
}

/** Under which a group has what is derived of its events. */
const derived = Symbol('derived');

/** What is kept of a group: plain data, and what is derived of it. */
export interface Group {
  /** In order (see event-order.ts); those of closed windows are gone. */
  events: WindowEvent[];
  /** Nothing in them is emitted again. Each is a timespan long, and they are in the order of time. */
  closedWindows: { from: number; until: number }[];
  newest: number;
  /** Not written out: made anew where it is missing. */
  [derived]?: GroupIndex;
}

/** Events that it takes no longer to look through than to look up. */
const FEW = 8;

/** A group of which nothing is known but the time of the event that is about to be put in. */
export function emptyGroup(newest: number): Group {
  return { events: [], closedWindows: [], newest };
}

/** Whether the event is there, by the same rule. */
export function has(group: Group, event: WindowEvent): boolean {
  return isThere(group, event, indexIn(group.events, event));
}

/** @param at where it belongs. An event that comes again has the same time, unless it is moved */
function isThere(group: Group, { key, rule, isMoved }: WindowEvent, at: number): boolean {
  const { events } = group;
  const index = indexOf(group);
  if (isMoved && index.keys?.[rule] === undefined) noteKeys(index, rule, events);
  const keys = index.keys?.[rule];
  if (keys !== undefined) return keys.has(key);
  if (at === events.length) return false;
  const found = events[at]!;
  return found.key === key && found.rule === rule;
}

/** Puts an event where it belongs.
 * @returns where that is; -1 if it is there already */
export function insert(group: Group, event: WindowEvent): number {
  const { events } = group;
  const { rule } = event;
  const at = indexIn(events, event);
  if (isThere(group, event, at)) return -1;
  putIn(events, event, at);
  const index = indexOf(group);
  index.values += valuesIn(event);
  index.characters += event.auditID.length;
  index.rules[rule] = (index.rules[rule] ?? 0) + 1;
  index.keys?.[rule]?.add(event.key);
  if (index.totals !== undefined) enter(index.totals, event);
  if (index.counts !== undefined) inserted(index.counts, event, at);
  if (index.spares !== undefined) noteInserted(index.spares, event);
  if (index.openers?.opens[rule]) putInOrder(index.openers.events, event);
  return at;
}

/** Removes the first events. */
export function removeFirst(group: Group, count: number): void {
  if (count === 0) return;
  // What takes longer than to begin anew.
  if (count > group.events.length / 2) {
    replace(group, group.events.slice(count));
    return;
  }
  for (let i = 0; i < count; i++) removeAt(group, 0);
}

/** Removes an event that is the first, or spare. */
export function removeAt(group: Group, at: number): void {
  const event = removeFrom(group.events, at);
  forgetEvent(indexOf(group), event, at);
}

/** Puts other events in the place of all. */
export function replace(group: Group, events: WindowEvent[]): void {
  group.events = events;
  group[derived] = undefined;
}

function forgetEvent(index: GroupIndex, event: WindowEvent, at: number): void {
  index.values -= valuesIn(event);
  index.characters -= event.auditID.length;
  index.rules[event.rule]!--;
  index.keys?.[event.rule]?.delete(event.key);
  if (index.totals !== undefined) leave(index.totals, event);
  if (index.counts !== undefined) removed(index.counts, event, at);
  if (index.spares !== undefined) noteRemoved(index.spares, event);
  if (index.openers?.opens[event.rule]) takeFrom(index.openers.events, event);
}

/** Where an event is that makes no difference to windows that end later, since a later one is as good; -1 if there is
 * none. */
export function spareIn(group: Group, { test }: WindowPlan): number {
  const { events } = group;
  switch (test.type) {
    case 'value_count': {
      const index = indexOf(group);
      index.spares ??= spareEvents(events);
      const last = index.spares.spare.at(-1);
      return last === undefined ? -1 : indexIn(events, last);
    }
    case 'temporal':
    case 'temporal_ordered':
      // The first of a run may open a window.
      for (let i = 1; i < events.length - 1; i++) {
        const { rule } = events[i]!;
        if (events[i - 1]!.rule === rule && events[i + 1]!.rule === rule) return i;
      }
      return -1;
    default:
      return -1;
  }
}

/** Some of the events, as the correlation is asked about them. */
export function stretchOf(group: Group, start: number, end: number, { test }: WindowPlan): Stretch {
  const { events } = group;
  if (events.length <= FEW || !isCounted(test)) return { events, start, end };
  const index = indexOf(group);
  index.counts ??= stretchCounts();
  return { events, start, end, counts: index.counts };
}

function isCounted({ type }: WindowPlan['test']): boolean {
  return type === 'value_count' || type === 'temporal' || type === 'temporal_ordered';
}

/** The first event after a time with which a window can begin. */
export function openerAfter(group: Group, time: number, { opens }: WindowPlan): WindowEvent | undefined {
  const index = indexOf(group);
  const { events } = group;
  if (index.openers === undefined) {
    const count = openersIn(index, opens);
    if (count === 0) return undefined;
    if (count < events.length) index.openers = { opens, events: events.filter(({ rule }) => opens[rule]) };
  }
  const openers = index.openers?.events ?? events;
  const [first] = openers;
  if (first === undefined || first.at > time) return first;
  return openers[firstIndex(openers, ({ at }) => at > time)];
}

function openersIn({ rules }: GroupIndex, opens: readonly boolean[]): number {
  let count = 0;
  for (let rule = 0; rule < opens.length; rule++) if (opens[rule]) count += rules[rule] ?? 0;
  return count;
}

/** Whether all that a correlation asks for may be among the events: while something is missing, no window holds. */
export function mayHold(group: Group, { test, dnf, growsWithEvents }: WindowPlan): boolean {
  if (dnf.length > 0) {
    const { rules } = indexOf(group);
    for (const { required } of dnf) if (areThere(required, rules)) return true;
    return false;
  }
  if (!growsWithEvents || !('bounds' in test)) return true;
  return isReachable(test.type === 'value_count' ? mostValuesIn(group) : group.events.length, test);
}

function areThere(required: readonly number[], rules: readonly number[]): boolean {
  for (const rule of required) if ((rules[rule] ?? 0) === 0) return false;
  return true;
}

/** How many different values the events have; at most so many while they are few. */
function mostValuesIn(group: Group): number {
  const index = indexOf(group);
  if (group.events.length <= FEW) return index.values;
  if (index.totals === undefined) {
    index.totals = new Map();
    for (const event of group.events) enter(index.totals, event);
  }
  return index.totals.size;
}

/** What is derived of the group's events. */
export function indexOf(group: Group): GroupIndex {
  let index = group[derived];
  if (index === undefined) {
    group[derived] = index = { values: 0, characters: 0, rules: [] };
    for (const event of group.events) {
      index.values += valuesIn(event);
      index.characters += event.auditID.length;
      index.rules[event.rule] = (index.rules[event.rule] ?? 0) + 1;
      if (event.isMoved && index.keys?.[event.rule] === undefined) noteKeys(index, event.rule, group.events);
    }
  }
  return index;
}

function valuesIn({ value }: WindowEvent): number {
  return typeof value === 'object' ? value.length : 0;
}

/** From now on, the keys of a rule's events are looked up. */
function noteKeys(index: GroupIndex, rule: number, events: readonly WindowEvent[]): void {
  const keys = new Set<string>();
  for (const event of events) if (event.rule === rule) keys.add(event.key);
  (index.keys ??= [])[rule] = keys;
}
