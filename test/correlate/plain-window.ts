/** The windows of a group in their plain meaning: every answer is computed anew from the events that are kept. Keeps nothing
 * else, and so is slow but easy to read. The product has to find the same. */
import { GRACE, LATENESS } from '../../src/correlate/lateness.ts';
import { isAfter, type WindowEvent } from '../../src/correlate/window-event.ts';
import { type CompiledCorrelation, type Correlation, mostEventsOf } from '../../src/sigma/index.ts';

/** What is kept of a group. */
export interface Group {
  /** In order of time; events of windows that are over are removed. */
  events: WindowEvent[];
  /** The windows that are over: nothing in them is emitted again. They do not overlap, and end within the last timespan. */
  closedWindows: { from: number; until: number }[];
  newest: number;
}

/** A window in which the correlation holds. */
interface Window {
  from: number;
  to: number;
  /** The number that was compared. */
  value?: number;
  /** Of the last events in the window. */
  auditIDs: string[];
}

const SECOND = 1_000_000;
const MAX_AUDIT_IDS = 100;

interface Observed {
  outcome: 'counted' | 'in closed window' | 'seen before' | 'too late';
  /** The one that the event completes. */
  window?: Window;
  /** How many events were evicted for lack of space. */
  forgotten: number;
  /** When the group's window can be evaluated, if that happens at its end. */
  due?: number;
}

/** A group of which nothing is known but the time of the event that is about to be added. */
export function emptyGroup(newest: number): Group {
  return { events: [], closedWindows: [], newest };
}

/** Adds an event to the group, and looks for the window that it completes.
 * @param clock the time of the latest event of all */
export function observe(group: Group, seen: WindowEvent, correlation: CompiledCorrelation, clock: number): Observed {
  const timespan = timespanOf(correlation);
  const atEnd = emitsAtWindowClose(correlation);
  const horizon = atEnd ? clock - timespan - GRACE : group.newest - timespan - LATENESS;
  if (seen.at < horizon) return { outcome: 'too late', forgotten: 0 };
  const isOver = group.closedWindows.some(({ from, until }) => seen.at >= from && seen.at <= until);
  if (isOver && !atEnd) return { outcome: 'in closed window', forgotten: 0 };
  group.newest = Math.max(group.newest, seen.at);
  if (group.events.some(({ key, rule }) => key === seen.key && rule === seen.rule)) {
    return { outcome: 'seen before', forgotten: 0 };
  }
  // What must not happen within a window can have happened in the one before.
  if (isOver && isOpenedBy(correlation, seen)) {
    const before = group.events.filter((one) => isAfter(seen, one));
    const behind = group.events.slice(before.length);
    const isRepeat = group.events.length >= KEPT_ANYWAY && saysNothingNew(seen, before, behind, correlation);
    return { outcome: isRepeat ? 'seen before' : 'too late', forgotten: 0 };
  }
  const place = insert(group.events, seen);
  const outdated = forget(group, correlation);
  const repeated = repeatedBy(group, place - outdated, correlation, clock);
  if (repeated !== -1) group.events.splice(repeated, 1);
  const put = group.events.indexOf(seen);
  const { forgotten, kept } =
    put === -1 ? { forgotten: 0, kept: undefined } : evictOverflow(group.events, put, correlation);
  if (atEnd) return { outcome: 'counted', forgotten, due: dueOf(group, correlation) };
  const window = kept === undefined ? undefined : complete(group, kept, correlation);
  if (window !== undefined) close(group, { from: window.from, until: window.from + timespan });
  return { outcome: 'counted', forgotten, window };
}

/** Evaluates the group's oldest window if its end is past.
 * @returns `window`: that one, if the correlation holds in it; `due`: when there will be something to do for the group;
 * undefined if it can be forgotten */
export function judge(
  group: Group,
  correlation: CompiledCorrelation,
  clock: number,
): { window?: Window; due: number | undefined } {
  const due = dueOf(group, correlation);
  if (clock <= due) return { due };
  const timespan = timespanOf(correlation);
  const opening = openingOf(group, correlation);
  if (opening === undefined) return { due: undefined };
  const from = opening.at;
  const until = from + timespan;
  const events = group.events.filter(({ at }) => at >= from && at <= until);
  const around = (last: number) => group.events.filter(({ at }) => at >= last - timespan && at <= until);
  const held = holdsIn({ events, start: 0, end: events.length }, correlation, around);
  group.closedWindows.push({ from, until });
  forget(group, correlation);
  return { window: held && windowOf(events, until, held), due: dueOf(group, correlation) };
}

function timespanOf({ correlation }: CompiledCorrelation): number {
  return correlation.timespan * SECOND;
}

/** When the window that the oldest event opens has ended and everything that belongs in it has arrived; if there is no such
 * window, when no event can arrive any more for which the group's history matters. */
function dueOf(group: Group, correlation: CompiledCorrelation): number {
  const begin = openingOf(group, correlation)?.at ?? group.newest + timespanOf(correlation);
  return begin + timespanOf(correlation) + GRACE;
}

/** The event that opens the window to be evaluated next. */
function openingOf({ events, closedWindows }: Group, correlation: CompiledCorrelation): WindowEvent | undefined {
  const judged = closedWindows.at(-1)?.until ?? Number.NEGATIVE_INFINITY;
  return events.find((seen) => seen.at > judged && isOpenedBy(correlation, seen));
}

/** The window that the event at a position completes: of the windows that contain it, the first in time in which the
 * correlation holds. */
function complete({ events }: Group, place: number, correlation: CompiledCorrelation): Window | undefined {
  const timespan = timespanOf(correlation);
  const { at } = events[place]!;
  const begin = events.findIndex((seen) => seen.at >= at - timespan);
  const next = events.findIndex((seen) => seen.at > at + timespan);
  const end = next === -1 ? events.length : next;
  // A late event is in many windows, none of which contains anything that all of them together do not.
  if (place < end - 1 && growsWithEvents(correlation) && !holdsIn({ events, start: begin, end }, correlation)) {
    return undefined;
  }
  let start = begin;
  for (let last = place; last < end; last++) {
    const to = events[last]!.at;
    // Of events at the same time, all belong to the window.
    if (events[last + 1]?.at === to) continue;
    while (events[start]!.at < to - timespan) start++;
    const held = holdsIn({ events, start, end: last + 1 }, correlation);
    if (held !== undefined) return windowOf(events.slice(start, last + 1), to, held);
  }
  return undefined;
}

/** Whether what holds for some events also holds with more of them, if the end of a window is not waited for. */
function growsWithEvents({ correlation: { test } }: CompiledCorrelation): boolean {
  switch (test.type) {
    case 'event_count':
    case 'value_count':
    case 'temporal':
    case 'temporal_ordered':
      return true;
    default:
      return false;
  }
}

function windowOf(events: readonly WindowEvent[], to: number, held: Held): Window {
  const auditIDs = [...new Set(events.slice(-MAX_AUDIT_IDS).map(({ auditID }) => auditID))];
  return { from: events[0]!.at, to, ...held, auditIDs };
}

function close(group: Group, window: { from: number; until: number }): void {
  group.closedWindows.push(window);
  group.closedWindows.sort((a, b) => a.from - b.from);
  group.events = group.events.filter(({ at }) => at < window.from || at > window.until);
}

/** Drops the events that no future window can contain.
 * @returns the number of such events */
function forget(group: Group, correlation: CompiledCorrelation): number {
  const timespan = timespanOf(correlation);
  const judged = group.closedWindows.at(-1)?.until ?? Number.NEGATIVE_INFINITY;
  // Evaluation at the end looks one timespan back from the event that opens a window, which may be one yet to come.
  const opening = Math.max(judged, group.newest - timespan - GRACE);
  const oldest = emitsAtWindowClose(correlation)
    ? Math.min(opening, openingOf(group, correlation)?.at ?? opening) - timespan
    : group.newest - timespan - LATENESS;
  group.closedWindows = group.closedWindows.filter(
    ({ until }, index) => until >= oldest || index === group.closedWindows.length - 1,
  );
  const kept = group.events.findIndex(({ at }) => at >= oldest);
  return group.events.splice(0, kept === -1 ? group.events.length : kept).length;
}

/** Number of events that are kept whatever they contribute. */
const KEPT_ANYWAY = 100;
/** Number of events before and after one that are searched for the same values. */
const NEAR = 16;

/** Whether an event adds nothing new: it is between two with the same values, at most a sixteenth of the timespan apart.
 * @param before events before it
 * @param behind events after it */
function saysNothingNew(
  event: WindowEvent,
  before: readonly WindowEvent[],
  behind: readonly WindowEvent[],
  correlation: CompiledCorrelation,
): boolean {
  const { near, said } = sayingOf(correlation);
  const first = before.slice(-near).findLast((one) => said(one) === said(event));
  const last = behind.slice(0, near).find((one) => said(one) === said(event));
  return first !== undefined && last !== undefined && last.at - first.at <= timespanOf(correlation) / 16;
}

/** The values that events contribute, and how many are searched for them; none if each event counts by itself. */
function sayingOf({ correlation: { test } }: CompiledCorrelation): {
  near: number;
  said: (event: WindowEvent) => unknown;
} {
  switch (test.type) {
    case 'value_count':
      return {
        near: NEAR,
        said: ({ value }) => ((value as string[]).length === 1 ? (value as string[])[0] : Symbol()),
      };
    case 'temporal':
      return { near: NEAR, said: ({ rule }) => rule };
    case 'temporal_ordered':
      return { near: 1, said: ({ rule }) => rule };
    default:
      return { near: 0, said: () => Symbol() };
  }
}

/** The position of an event that adds nothing new since one was added: that one or, if it is the last, the previous one with
 * the same values. -1 if there is none. */
function repeatedBy(group: Group, place: number, correlation: CompiledCorrelation, clock: number): number {
  const { events, newest } = group;
  if (events.length <= KEPT_ANYWAY) return -1;
  const { near, said } = sayingOf(correlation);
  const isLast = place === events.length - 1;
  const isBefore = (i: number) => i < place && i >= place - near && said(events[i]!) === said(events[place]!);
  const at = isLast ? events.findLastIndex((_, i) => isBefore(i)) : place;
  if (at === -1) return -1;
  const behind = isLast ? events.slice(place) : events.slice(at + 1);
  if (!saysNothingNew(events[at]!, events.slice(0, at), behind, correlation)) return -1;
  if (events[at]!.isMoved) return -1;
  // A window may still begin with it.
  if (emitsAtWindowClose(correlation) && isOpenedBy(correlation, events[at]!)) {
    const opening = openingOf(group, correlation);
    const isSettled = opening !== undefined && opening.at + GRACE < clock;
    if (!isSettled || opening.at >= events[at]!.at || newest > opening.at + timespanOf(correlation)) return -1;
  }
  return at;
}

/** Drops events beyond what is kept of a group: first those that another event can replace, so that nobody can evict what
 * counts by repeating the same action.
 * @param place of the event that was added
 * @returns how many events are missed, and the new position of that event, if it is still present */
function evictOverflow(
  events: WindowEvent[],
  place: number,
  { correlation: { test } }: CompiledCorrelation,
): { forgotten: number; kept: number | undefined } {
  let kept: number | undefined = place;
  let forgotten = 0;
  while (events.length > mostEventsOf(test)) {
    const spare = spareIn(events, test);
    if (spare === -1) forgotten++;
    const dropped = Math.max(0, spare);
    events.splice(dropped, 1);
    if (kept === dropped) kept = undefined;
    else if (kept !== undefined && dropped < kept) kept--;
  }
  return { forgotten, kept };
}

/** An event that makes no difference to windows that end later, because a later one is as good; -1 if there is none. */
function spareIn(events: readonly WindowEvent[], { type }: CompiledCorrelation['correlation']['test']): number {
  switch (type) {
    case 'value_count': {
      const seen = new Set<string>();
      return events.findLastIndex(({ value }) => {
        const before = seen.size;
        for (const each of value as readonly string[]) seen.add(each);
        return seen.size === before;
      });
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

/** Inserts an event at its position.
 * @returns that position */
function insert(events: WindowEvent[], seen: WindowEvent): number {
  let place = events.length;
  while (place > 0 && isAfter(events[place - 1]!, seen)) place--;
  events.splice(place, 0, seen);
  return place;
}

type Test = Correlation['test'];
type Bound = Extract<Test, { bounds: unknown }>['bounds'][number];

/** Events in order of time, from `start` to before `end`. */
interface Stretch {
  events: readonly WindowEvent[];
  start: number;
  end: number;
}

/** The fact that it holds, and the number that was compared. */
interface Held {
  value?: number;
}

const operators: Record<Bound['operator'], (value: number, bound: number) => boolean> = {
  gt: (value, bound) => value > bound,
  gte: (value, bound) => value >= bound,
  lt: (value, bound) => value < bound,
  lte: (value, bound) => value <= bound,
  eq: (value, bound) => value === bound,
  neq: (value, bound) => value !== bound,
};

/** Whether more events could undo what holds, so that it is evaluated only at the end of a window. */
function emitsAtWindowClose({ correlation: { test }, dnf }: CompiledCorrelation): boolean {
  return 'bounds' in test
    ? test.bounds.some(({ operator }) => operator !== 'gt' && operator !== 'gte')
    : dnf.some(({ forbidden }) => forbidden.length > 0);
}

/** Whether a window can begin with the event: not if it is only one that must not happen. */
function isOpenedBy({ dnf }: CompiledCorrelation, { rule }: Pick<WindowEvent, 'rule'>): boolean {
  return dnf.length === 0 || dnf.some(({ required }) => required.includes(rule));
}

/** Whether the correlation holds for the events, which are not empty and lie within its timespan.
 * @param around the events that lie within a timespan with all those of the range up to a time */
function holdsIn(
  stretch: Stretch,
  { correlation: { test }, dnf }: CompiledCorrelation,
  around: (last: number) => Iterable<WindowEvent> = () => [],
): Held | undefined {
  if ('bounds' in test) {
    const value = measure(stretch, test);
    return test.bounds.every(({ operator, value: bound }) => operators[operator](value, bound)) ? { value } : undefined;
  }
  const holds = dnf.some(({ required, forbidden }) => {
    const last = lastOf(stretch, required, test.type === 'temporal_ordered');
    if (last === undefined) return false;
    if (forbidden.length === 0) return true;
    for (const { rule } of around(last)) if (forbidden.includes(rule)) return false;
    return true;
  });
  return holds ? {} : undefined;
}

function measure({ events, start, end }: Stretch, test: Extract<Test, { bounds: unknown }>): number {
  switch (test.type) {
    case 'event_count':
      return end - start;
    case 'value_count':
      return differentTexts();
    case 'value_sum':
      return sum();
    case 'value_avg':
      return sum() / (end - start);
    case 'value_median':
      return percentileOf(numbers(), 50);
    case 'value_percentile':
      return percentileOf(numbers(), test.percentile);
  }

  function differentTexts(): number {
    const different = new Set<string>();
    for (let i = start; i < end; i++) for (const text of events[i]!.value as readonly string[]) different.add(text);
    return different.size;
  }

  function numbers(): number[] {
    return events.slice(start, end).map(({ value }) => value as number);
  }

  function sum(): number {
    return numbers().reduce((total, value) => total + value, 0);
  }
}

/** By linear interpolation between the two nearest values. */
function percentileOf(values: number[], percentile: number): number {
  values.sort((a, b) => a - b);
  const place = ((values.length - 1) * percentile) / 100;
  const below = values[Math.floor(place)]!;
  const above = values[Math.ceil(place)]!;
  // Without the product if it is zero: the difference of two large numbers may be infinite.
  return place === Math.floor(place) ? below : below + (above - below) * (place - Math.floor(place));
}

/** The time of the last event of the rules, if there is one of each; and, if required, one after another. Events at the same
 * time may be in any order. */
function lastOf({ events, start, end }: Stretch, rules: readonly number[], isOrdered: boolean): number | undefined {
  let last = Number.NEGATIVE_INFINITY;
  const missing = new Set(rules);
  for (let i = start; i < end; i++) {
    const { rule, at } = events[i]!;
    if (!rules.includes(rule)) continue;
    missing.delete(rule);
    last = at;
  }
  if (missing.size > 0) return undefined;
  return isOrdered && !areInOrder({ events, start, end }, rules) ? undefined : last;
}

function areInOrder({ events, start, end }: Stretch, rules: readonly number[]): boolean {
  let from = Number.NEGATIVE_INFINITY;
  for (const wanted of rules) {
    let found: number | undefined;
    for (let i = start; i < end && found === undefined; i++) {
      const { rule, at } = events[i]!;
      if (rule === wanted && at >= from) found = at;
    }
    if (found === undefined) return false;
    from = found;
  }
  return true;
}
