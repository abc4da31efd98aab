/** Events that say nothing new: with the value of an earlier and of a later one that are close together. A window is
 * longer than that, so one that contains such an event contains one of the other two as well. */
import { type Correlation, MOST_SHOWN_EVENTS } from '../sigma/index.ts';
import type { WindowEvent } from './window-event.ts';

/** This many events of a group are kept whatever they say: as many as a window shows. */
const KEPT_ANYWAY = MOST_SHOWN_EVENTS;
/** How far apart the other two may be, as a share of the timespan: the time from which a window is shown is that
 * exact. */
const PART = 1 / 16;
/** Events before and after one that are searched for its value. */
const NEAR = 16;

/** What a correlation has to know to find such events. */
export interface Repeats {
  /** How far apart the other two may be, in microseconds. */
  readonly within: number;
  /** How many events are searched. If their order counts, none with another value may be in between. */
  readonly near: number;
  readonly isSame: (one: WindowEvent, other: WindowEvent) => boolean;
}

/** @returns undefined if each event counts by itself
 * @param timespan in microseconds */
export function repeatsOf({ type }: Correlation['test'], timespan: number): Repeats | undefined {
  const within = timespan * PART;
  switch (type) {
    case 'value_count':
      return { within, near: NEAR, isSame: haveSameValue };
    case 'temporal':
      return { within, near: NEAR, isSame: haveSameRule };
    case 'temporal_ordered':
      return { within, near: 1, isSame: haveSameRule };
    default:
      return undefined;
  }
}

/** The index of an event that will say nothing new once another has been appended; -1 if there is none. */
export function repeatedByNext(
  events: readonly WindowEvent[],
  next: WindowEvent,
  repeats: Repeats | undefined,
): number {
  const { length } = events;
  if (repeats === undefined || length < KEPT_ANYWAY) return -1;
  const last = sameBefore(events, next, length, repeats);
  if (last === -1) return -1;
  const first = sameBefore(events, next, last, repeats);
  return first !== -1 && next.at - events[first]!.at <= repeats.within ? last : -1;
}

/** The index of an event that says nothing new since another was inserted: the inserted one or, if that is the last, the
 * one before it with its value. -1 if there is none.
 * @param at index of the inserted event */
export function repeatedBy(events: readonly WindowEvent[], at: number, repeats: Repeats | undefined): number {
  if (repeats === undefined || events.length <= KEPT_ANYWAY) return -1;
  const event = events[at]!;
  if (at < events.length - 1) return isRepeated(events, event, at, at + 1, repeats) ? at : -1;
  const before = sameBefore(events, event, at, repeats);
  if (before === -1) return -1;
  return isRepeated(events, events[before]!, before, at, repeats) ? before : -1;
}

/** Whether an event that is not among the others would say nothing new.
 * @param at where it belongs */
export function saysNothingNew(
  events: readonly WindowEvent[],
  event: WindowEvent,
  at: number,
  repeats: Repeats | undefined,
): boolean {
  if (repeats === undefined || events.length < KEPT_ANYWAY) return false;
  return isRepeated(events, event, at, at, repeats);
}

/** Whether an event is between two with its value that are near each other.
 * @param before the index before which the earlier is looked for
 * @param after the index from which the later is */
function isRepeated(
  events: readonly WindowEvent[],
  event: WindowEvent,
  before: number,
  after: number,
  repeats: Repeats,
): boolean {
  const first = sameBefore(events, event, before, repeats);
  if (first === -1) return false;
  const last = sameFrom(events, event, after, repeats);
  return last !== -1 && events[last]!.at - events[first]!.at <= repeats.within;
}

function sameBefore(events: readonly WindowEvent[], event: WindowEvent, at: number, { near, isSame }: Repeats): number {
  const least = Math.max(0, at - near);
  for (let i = at - 1; i >= least; i--) if (isSame(events[i]!, event)) return i;
  return -1;
}

function sameFrom(events: readonly WindowEvent[], event: WindowEvent, at: number, { near, isSame }: Repeats): number {
  const most = Math.min(events.length, at + near);
  for (let i = at; i < most; i++) if (isSame(events[i]!, event)) return i;
  return -1;
}

function haveSameRule(one: WindowEvent, other: WindowEvent): boolean {
  return one.rule === other.rule;
}

/** If there are several values, each may be the last of its kind. */
function haveSameValue({ value: one }: WindowEvent, { value: other }: WindowEvent): boolean {
  if (one === other) return (one as readonly string[]).length === 1;
  const [a, b] = [one as readonly string[], other as readonly string[]];
  return a.length === 1 && b.length === 1 && a[0] === b[0];
}
