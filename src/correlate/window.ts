/** The windows that a correlation finds in the events of a group. Times are in Unix microseconds. */
import { type CompiledCorrelation, mostEventsOf } from '../sigma/index.ts';
import { emitsAtWindowClose, type Held, holdsIn, isOpenedBy } from './correlation-condition.ts';
import { type Group, has, insert, openerAfter, removeAt, removeFirst, replace, spareIn, stretchOf } from './group.ts';
import { firstIndex, indexAt, type WindowEvent } from './window-event.ts';

/** A window in which the correlation holds. */
export interface Window {
  from: number;
  to: number;
  /** The number that was compared. */
  value?: number;
  /** Of the last events in it. */
  auditIDs: string[];
}

const SECOND = 1_000_000;
/** How much later than an event by a timespan one may be that still counts: records wait in buffers and are retried. */
export const LATENESS = 15 * 60 * SECOND;
/** How long the end of a window is waited for events that are under way. */
export const GRACE = 60 * SECOND;
const MAX_AUDIT_IDS = 100;

export interface Observed {
  outcome: 'counted' | 'in closed window' | 'seen before' | 'too late';
  /** The one that the event completes. */
  window?: Window;
  /** How many events were forgotten for want of room. */
  forgotten: number;
  /** When the group's window can be judged, if that is at its end. */
  due?: number;
}

/** Adds an event to the group, and looks for the window that it completes.
 * @param clock the time of the latest event of all */
export function observe(group: Group, event: WindowEvent, correlation: CompiledCorrelation, clock: number): Observed {
  const timespan = timespanOf(correlation);
  const atEnd = emitsAtWindowClose(correlation);
  const horizon = atEnd ? clock - timespan - GRACE : group.newest - timespan - LATENESS;
  if (event.at < horizon) return { outcome: 'too late', forgotten: 0 };
  group.newest = Math.max(group.newest, event.at);
  // Nothing is kept of events in a window that has been found.
  const isClosed = isInClosed(group, event.at);
  if (isClosed && !atEnd) return { outcome: 'in closed window', forgotten: 0 };
  if (has(group, event)) return { outcome: 'seen before', forgotten: 0 };
  // What must not happen within a window can have happened in the one before.
  if (isClosed && isOpenedBy(correlation, event)) return { outcome: 'too late', forgotten: 0 };
  const index = insert(group, event);
  const outdated = forget(group, correlation);
  const { forgotten, kept } = evictOverflow(group, index - outdated, correlation);
  if (atEnd) return { outcome: 'counted', forgotten, due: dueOf(group, correlation) };
  const window = kept === undefined ? undefined : complete(group, kept, correlation);
  if (window !== undefined) close(group, { from: window.from, until: window.from + timespan });
  return { outcome: 'counted', forgotten, window };
}

function isInClosed({ closedWindows }: Group, at: number): boolean {
  // All are as long, so the last to begin is the last to end.
  const last = closedWindows[firstIndex(closedWindows, ({ from }) => from > at) - 1];
  return last !== undefined && at <= last.until;
}

/** Judges the group's oldest window if its end is past.
 * @returns `window`: that one, where the correlation holds in it; `due`: when there will be something to do for the group; undefined if it can be forgotten */
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
  const within = (first: number) =>
    group.events.slice(
      indexAt(group.events, first),
      firstIndex(group.events, ({ at }) => at > until),
    );
  const events = within(from);
  const around = (last: number) => within(last - timespan);
  const held = holdsIn({ events, start: 0, end: events.length }, correlation, around);
  group.closedWindows.push({ from, until });
  forget(group, correlation);
  return { window: held && windowOf(events, until, held), due: dueOf(group, correlation) };
}

function timespanOf({ correlation }: CompiledCorrelation): number {
  return correlation.timespan * SECOND;
}

/** When the window that the oldest event opens has ended, and all that belongs into it is there; without one, when no
 * event can come any more to which it matters what the group has seen. */
function dueOf(group: Group, correlation: CompiledCorrelation): number {
  const begin = openingOf(group, correlation)?.at ?? group.newest + timespanOf(correlation);
  return begin + timespanOf(correlation) + GRACE;
}

/** The event that opens the window to be judged next. */
function openingOf(group: Group, correlation: CompiledCorrelation): WindowEvent | undefined {
  return openerAfter(group, group.closedWindows.at(-1)?.until ?? Number.NEGATIVE_INFINITY, correlation);
}

/** The window that the event at an index completes: of those that hold it, the first in time in which the correlation
 * holds. */
function complete(group: Group, index: number, correlation: CompiledCorrelation): Window | undefined {
  const { events } = group;
  const timespan = timespanOf(correlation);
  const { at } = events[index]!;
  const begin = indexAt(events, at - timespan);
  const end = index === events.length - 1 ? events.length : firstIndex(events, (one) => one.at > at + timespan);
  // A late event is in many windows, of which none holds what all of them together do not.
  if (
    index < end - 1 &&
    growsWithEvents(correlation) &&
    !holdsIn(stretchOf(group, begin, end, correlation), correlation)
  ) {
    return undefined;
  }
  let start = begin;
  for (let last = index; last < end; last++) {
    const to = events[last]!.at;
    // Of events at the same time, all belong to the window.
    if (events[last + 1]?.at === to) continue;
    while (events[start]!.at < to - timespan) start++;
    const held = holdsIn(stretchOf(group, start, last + 1, correlation), correlation);
    if (held !== undefined) return windowOf(events.slice(start, last + 1), to, held);
  }
  return undefined;
}

/** Whether what holds in some events holds with more of them as well, where the end of a window is not waited for. */
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
  const { closedWindows, events } = group;
  closedWindows.splice(
    firstIndex(closedWindows, ({ from }) => from > window.from),
    0,
    window,
  );
  replace(
    group,
    events.filter(({ at }) => at < window.from || at > window.until),
  );
}

/** Drops what no window to come can hold.
 * @returns how many events that are */
function forget(group: Group, correlation: CompiledCorrelation): number {
  const { events, closedWindows } = group;
  const timespan = timespanOf(correlation);
  const judged = closedWindows.at(-1)?.until ?? Number.NEGATIVE_INFINITY;
  // What is judged at the end looks a timespan back from the event that opens a window, which may be one yet to come.
  const opening = Math.max(judged, group.newest - timespan - GRACE);
  const oldest = emitsAtWindowClose(correlation)
    ? Math.min(opening, openingOf(group, correlation)?.at ?? opening) - timespan
    : group.newest - timespan - LATENESS;
  while (closedWindows.length > 1 && closedWindows[0]!.until < oldest) closedWindows.shift();
  const count = events.length > 0 && events[0]!.at < oldest ? indexAt(events, oldest) : 0;
  removeFirst(group, count);
  return count;
}

/** Drops events beyond what is kept of a group: first such as another stands for, so that nobody can push out what counts
 * by doing the same thing over and over.
 * @param index of the event that was put in
 * @returns how many events are missed, and where that event is now, if it is there */
function evictOverflow(
  group: Group,
  index: number,
  { correlation: { test } }: CompiledCorrelation,
): { forgotten: number; kept: number | undefined } {
  let kept: number | undefined = index;
  let forgotten = 0;
  while (group.events.length > mostEventsOf(test)) {
    const spare = spareIn(group, test);
    if (spare === -1) forgotten++;
    const dropped = Math.max(0, spare);
    removeAt(group, dropped);
    if (kept === dropped) kept = undefined;
    else if (kept !== undefined && dropped < kept) kept--;
  }
  return { forgotten, kept };
}
