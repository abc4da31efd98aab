/** The events of a group, with what is derived of them so that an event costs the same in a group of ten as of a thousand:
 * the keys that are there, the counts of the window, and those that others stand for. */
import type { CompiledCorrelation } from '../sigma/index.ts';
import { isOpenedBy, type Stretch } from './correlation-condition.ts';
import { noteInserted, noteRemoved, type SpareEvents, spareEvents } from './spare-events.ts';
import { inserted, removed, type StretchCounts, stretchCounts, type TokensOf } from './stretch-counts.ts';
import { firstIndex, indexIn, type WindowEvent } from './window-event.ts';

export interface GroupIndex {
  /** How many texts are counted of the events in all, and how many characters their audit IDs have. */
  values: number;
  characters: number;
  /** By rule, how many of the events it matched. */
  rules: number[];
  /** Made when they are needed. */
  keys?: EventKeys;
  counts?: StretchCounts;
  spares?: SpareEvents;
  openers?: Openers;
}

/** By rule, the keys of the events that it matched. */
type EventKeys = (Set<string> | undefined)[];

/** The events with which a window can begin, in order. */
interface Openers {
  readonly isOpener: (event: WindowEvent) => boolean;
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

type Test = CompiledCorrelation['correlation']['test'];

/** A group of which nothing is known but the time of the event that is about to be put in. */
export function emptyGroup(newest: number): Group {
  return { events: [], closedWindows: [], newest };
}

/** Whether the event is there, by the same rule. */
export function has(group: Group, { key, rule }: WindowEvent): boolean {
  const { events } = group;
  if (events.length <= FEW) {
    for (let i = events.length - 1; i >= 0; i--) if (events[i]!.key === key && events[i]!.rule === rule) return true;
    return false;
  }
  const index = indexOf(group);
  if (index.keys === undefined) {
    index.keys = [];
    for (const event of events) addKey(index.keys, event);
  }
  return index.keys[rule]?.has(key) === true;
}

/** Puts an event where it belongs.
 * @returns where that is */
export function insert(group: Group, event: WindowEvent): number {
  const { events } = group;
  const index = indexOf(group);
  const at = indexIn(events, event);
  if (at === events.length) events.push(event);
  else events.splice(at, 0, event);
  index.values += valuesIn(event);
  index.characters += event.auditID.length;
  index.rules[event.rule] = (index.rules[event.rule] ?? 0) + 1;
  if (index.keys !== undefined) addKey(index.keys, event);
  if (index.counts !== undefined) inserted(index.counts, event, at);
  if (index.spares !== undefined) noteInserted(index.spares, event);
  if (index.openers?.isOpener(event)) index.openers.events.splice(indexIn(index.openers.events, event), 0, event);
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
  const { events } = group;
  // The first goes without moving the others.
  const event = at === 0 ? events.shift() : events.splice(at, 1)[0];
  forgetEvent(indexOf(group), event!, at);
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
  if (index.counts !== undefined) removed(index.counts, event, at);
  if (index.spares !== undefined) noteRemoved(index.spares, event);
  if (index.openers?.isOpener(event)) index.openers.events.splice(indexIn(index.openers.events, event), 1);
}

/** Where an event is that makes no difference to windows that end later, since a later one is as good; -1 if there is
 * none. */
export function spareIn(group: Group, { type }: Test): number {
  const { events } = group;
  switch (type) {
    case 'value_count': {
      const index = indexOf(group);
      index.spares ??= spareEvents(events);
      const last = index.spares.spare.at(-1);
      return last === undefined ? -1 : indexIn(events, last);
    }
    case 'temporal':
    case 'temporal_ordered':
      // The first of a run may open a window.
      return events.findIndex(
        ({ rule }, index) => rule === events[index - 1]?.rule && rule === events[index + 1]?.rule,
      );
    default:
      return -1;
  }
}

/** Some of the events, as the correlation is asked about them. */
export function stretchOf(
  group: Group,
  start: number,
  end: number,
  { correlation: { test } }: CompiledCorrelation,
): Stretch {
  const { events } = group;
  const tokensOf = tokensOfType(test);
  if (tokensOf === undefined || events.length <= FEW) return { events, start, end };
  const index = indexOf(group);
  index.counts ??= stretchCounts(tokensOf);
  return { events, start, end, counts: index.counts };
}

function tokensOfType({ type }: Test): TokensOf | undefined {
  switch (type) {
    case 'value_count':
      return ({ value }) => value as readonly string[];
    case 'temporal':
    case 'temporal_ordered':
      return ({ rule }) => [rule];
    default:
      return undefined;
  }
}

/** The first event after a time with which a window can begin. */
export function openerAfter(group: Group, time: number, correlation: CompiledCorrelation): WindowEvent | undefined {
  const index = indexOf(group);
  if (index.openers === undefined) {
    const isOpener = (event: WindowEvent) => isOpenedBy(correlation, event);
    index.openers = { isOpener, events: group.events.filter(isOpener) };
  }
  const { events } = index.openers;
  const [first] = events;
  if (first === undefined || first.at > time) return first;
  return events[firstIndex(events, ({ at }) => at > time)];
}

/** Whether all that a correlation asks for is among the events: while something is missing, no window holds. */
export function mayHold(group: Group, { ways }: CompiledCorrelation): boolean {
  if (ways.length === 0) return true;
  const { rules } = indexOf(group);
  return ways.some(({ required }) => required.every((rule) => (rules[rule] ?? 0) > 0));
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
    }
  }
  return index;
}

function valuesIn({ value }: WindowEvent): number {
  return typeof value === 'object' ? value.length : 0;
}

function addKey(keys: EventKeys, { key, rule }: WindowEvent): void {
  (keys[rule] ??= new Set()).add(key);
}
