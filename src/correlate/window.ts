/** The windows that a correlation finds in the events of a group. Times are in Unix microseconds. */
import { MOST_SHOWN_EVENTS } from '../sigma/index.ts';
import { type Held, holdsIn } from './correlation-condition.ts';
import {
  addJudged,
  type ClosedWindow,
  type Group,
  has,
  insert,
  judgedUntil,
  mayHold,
  oldestOf,
  openingOf,
  removeAt,
  removeFirst,
  replace,
  spareIn,
  stretchOf,
  supersede,
} from './group.ts';
import { GRACE, LATENESS } from './lateness.ts';
import { repeatedBy, repeatedByNext, saysNothingNew } from './repeated-events.ts';
import { firstIndex, indexAt, indexIn, type WindowEvent } from './window-event.ts';
import type { WindowPlan } from './window-plan.ts';

/** A window in which the correlation holds. */
export interface Window {
  from: number;
  to: number;
  /** The number that was compared. */
  value?: number;
  /** Those of the last events in it. */
  auditIDs: string[];
}

export interface Observed {
  outcome: 'counted' | 'in closed window' | 'seen before' | 'too late';
  /** The window that the event completes. */
  window?: Window;
  /** How many events were forgotten for lack of capacity. */
  forgotten: number;
  /** When the group's window can be judged, if it is judged at its end. */
  due?: number;
}

/** Adds an event to the group, and looks for the window that it completes.
 * @param clock the time of the latest event of all */
export function observe(group: Group, event: WindowEvent, plan: WindowPlan, clock: number): Observed {
  const { emitsAtWindowClose, timespan } = plan;
  if (isTooLate(group, event.at, plan, clock)) return { outcome: 'too late', forgotten: 0 };
  // Nothing is kept of events in a window that has been emitted, not even their time.
  const isClosed = isInClosed(group, event.at);
  if (isClosed && !emitsAtWindowClose) return { outcome: 'in closed window', forgotten: 0 };
  const isLatest = event.at > group.newest;
  if (isLatest) group.newest = event.at;
  // An event that must not happen within a window may lie in the one before, and is kept.
  if (isClosed && plan.opens[event.rule] && !has(group, event)) {
    // A repeated event is missing from the group if it said nothing new.
    const isRepeat = saysNothingNew(group.events, event, indexIn(group.events, event), plan.repeats);
    return { outcome: isRepeat ? 'seen before' : 'too late', forgotten: 0 };
  }
  if (isLatest && !has(group, event)) {
    forget(group, plan);
    if (isPutInPlace(group, event, plan, clock)) {
      return { outcome: 'counted', forgotten: 0, due: emitsAtWindowClose ? dueOf(group, plan) : undefined };
    }
  }
  const index = insert(group, event, isLatest);
  if (index === -1) return { outcome: 'seen before', forgotten: 0 };
  const outdated = isLatest ? 0 : forget(group, plan);
  let kept: number | undefined = index - outdated;
  let forgotten = 0;
  const repeated = repeatedBy(group.events, kept, plan.repeats);
  if (repeated !== -1 && isDispensable(group, repeated, plan, clock)) kept = drop(group, repeated, kept);
  else if (group.events.length > plan.mostEvents) ({ kept, forgotten } = evictOverflow(group, kept, plan));
  if (emitsAtWindowClose) return { outcome: 'counted', forgotten, due: dueOf(group, plan) };
  const window = kept === undefined || !mayHold(group, plan) ? undefined : complete(group, kept, plan);
  if (window !== undefined) close(group, { from: window.from, until: window.from + timespan });
  return { outcome: 'counted', forgotten, window };
}

/** Whether the latest event replaces one that says nothing new from now on. It then completes no window: a window that
 * ends with it has nothing that the window of the event before did not have. */
function isPutInPlace(group: Group, event: WindowEvent, plan: WindowPlan, clock: number): boolean {
  const repeated = repeatedByNext(group.events, event, plan.repeats);
  return repeated !== -1 && isDispensable(group, repeated, plan, clock) && supersede(group, repeated, event);
}

/** Whether an event that says nothing new can be dropped: no future window may begin with it. While the first event of
 * the window that is judged next can still change, any event may begin the one after it. */
function isDispensable(group: Group, at: number, plan: WindowPlan, clock: number): boolean {
  const event = group.events[at]!;
  // If it is repeated, it would count at another time.
  if (event.isMoved) return false;
  if (!plan.emitsAtWindowClose || !plan.opens[event.rule]) return true;
  const begin = openingOf(group, plan)?.at ?? Number.POSITIVE_INFINITY;
  return begin + GRACE < clock && begin < event.at && group.newest <= begin + plan.timespan;
}

function isTooLate(group: Group, at: number, { emitsAtWindowClose, timespan }: WindowPlan, clock: number): boolean {
  return at < (emitsAtWindowClose ? clock - timespan - GRACE : group.newest - timespan - LATENESS);
}

/** The emitted window in which an event of that time lies, so that the event changes nothing; undefined if `observe` has
 * to decide. */
export function emittedAt(group: Group, at: number, plan: WindowPlan, clock: number): ClosedWindow | undefined {
  if (group.closedWindows.length === 0 || plan.emitsAtWindowClose || isTooLate(group, at, plan, clock))
    return undefined;
  return closedAt(group, at);
}

function isInClosed(group: Group, at: number): boolean {
  return closedAt(group, at) !== undefined;
}

function closedAt({ closedWindows }: Group, at: number): ClosedWindow | undefined {
  // All have the same length, so the last to begin is the last to end.
  let index = closedWindows.length - 1;
  if (index >= 0 && closedWindows[index]!.from > at) index = firstIndex(closedWindows, ({ from }) => from > at) - 1;
  const window = closedWindows[index];
  return window !== undefined && at <= window.until ? window : undefined;
}

/** Judges the group's oldest window if it has ended.
 * @returns `window`: that window, if the correlation holds in it; `due`: when there will be something to do for the
 * group; undefined if it can be forgotten */
export function judge(group: Group, plan: WindowPlan, clock: number): { window?: Window; due: number | undefined } {
  const due = dueOf(group, plan);
  if (clock <= due) return { due };
  const { timespan } = plan;
  const opening = openingOf(group, plan);
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
  const held = holdsIn({ events, start: 0, end: events.length }, plan, around);
  addJudged(group, { from, until });
  forget(group, plan);
  return { window: held && windowOf(events, until, held), due: dueOf(group, plan) };
}

/** When the window to be judged next has ended and everything that belongs in it has arrived; without such a window,
 * when no event can arrive any more for which it matters what the group has seen. */
function dueOf(group: Group, plan: WindowPlan): number {
  const begin = openingOf(group, plan)?.at ?? group.newest + plan.timespan;
  return begin + plan.timespan + GRACE;
}

/** The window that the event at an index completes: of those that contain it, the first in time in which the correlation
 * holds. */
function complete(group: Group, index: number, plan: WindowPlan): Window | undefined {
  const { events } = group;
  const { timespan } = plan;
  const { at } = events[index]!;
  const begin = indexAt(events, at - timespan);
  const end = index === events.length - 1 ? events.length : firstIndex(events, (one) => one.at > at + timespan);
  // A late event is in many windows; the correlation holds in none of them if it does not hold in all of them together.
  if (index < end - 1 && plan.growsWithEvents && !holdsIn(stretchOf(group, begin, end, plan), plan)) return undefined;
  let start = begin;
  for (let last = index; last < end; last++) {
    const to = events[last]!.at;
    // All events of the same time belong to the window.
    if (events[last + 1]?.at === to) continue;
    while (events[start]!.at < to - timespan) start++;
    const held = holdsIn(stretchOf(group, start, last + 1, plan), plan);
    if (held !== undefined) return windowOf(events.slice(start, last + 1), to, held);
  }
  return undefined;
}

function windowOf(events: readonly WindowEvent[], to: number, held: Held): Window {
  const auditIDs = [...new Set(events.slice(-MOST_SHOWN_EVENTS).map(({ auditID }) => auditID))];
  return { from: events[0]!.at, to, ...held, auditIDs };
}

function close(group: Group, window: ClosedWindow): void {
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

/** Drops what no future window can contain.
 * @returns how many events were dropped */
function forget(group: Group, plan: WindowPlan): number {
  const { events, closedWindows } = group;
  const oldest = oldestKept(group, plan);
  while (closedWindows.length > 1 && closedWindows[0]!.until < oldest) closedWindows.shift();
  if (oldestOf(group) >= oldest) return 0;
  const count = indexAt(events, oldest);
  removeFirst(group, count);
  return count;
}

function oldestKept(group: Group, plan: WindowPlan): number {
  const { timespan } = plan;
  if (!plan.emitsAtWindowClose) return group.newest - timespan - LATENESS;
  // Judging at the end looks a timespan back from the event that opens a window, which may be still to come.
  const opening = Math.max(judgedUntil(group), group.newest - timespan - GRACE);
  return Math.min(opening, openingOf(group, plan)?.at ?? opening) - timespan;
}

/** Drops events beyond the limit of a group: spare ones first, so that nobody can push out what counts by repeating the
 * same action.
 * @param index of the event that was inserted
 * @returns how many events were lost, and where that event is now, if it is still there */
function evictOverflow(group: Group, index: number, plan: WindowPlan): { forgotten: number; kept: number | undefined } {
  let kept: number | undefined = index;
  let forgotten = 0;
  while (group.events.length > plan.mostEvents) {
    const spare = spareIn(group, plan);
    if (spare === -1) forgotten++;
    kept = drop(group, Math.max(0, spare), kept);
  }
  return { forgotten, kept };
}

/** @param index of an event
 * @returns where that event is once the one at `dropped` has been removed; undefined if it is the same */
function drop(group: Group, dropped: number, index: number | undefined): number | undefined {
  removeAt(group, dropped);
  if (index === dropped) return undefined;
  return index !== undefined && dropped < index ? index - 1 : index;
}
