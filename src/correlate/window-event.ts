/** An event of a group, and the order of events: by time, and those of the same time in the same order regardless of when
 * they arrive. Times are in Unix microseconds. */

/** Up to this many events are moved one by one. */
const FEW = 8;
const NEAR = 2;
/** Events at either end that are searched before the others. */
const ENDS = 8;

/** An event that one of the rules matched. */
export interface WindowEvent {
  /** Together with the time, the same wherever and whenever the event is seen again. */
  key: string;
  /** Which of the correlation's rules. */
  rule: number;
  at: number;
  auditID: string;
  /** What is compared, a number, or counted: texts that stand for tuples. */
  value?: number | readonly string[] | undefined;
  /** Its key does not indicate its time: it had none, was ahead of the clock, or is a window that was emitted. */
  isMoved?: true | undefined;
}

/** The same wherever and whenever the event is seen again, moved in time or not: an auditID as its key distinguishes an
 * event that is not moved from others of its time alone. */
export function identityOf({ key, auditID, at, isMoved }: WindowEvent): string {
  return !isMoved && key === auditID ? `${key} ${at}` : key;
}

export function isAfter(one: WindowEvent, other: WindowEvent): boolean {
  if (one.at !== other.at) return one.at > other.at;
  // Keys differ from store to store.
  if (one.auditID !== other.auditID) return one.auditID > other.auditID;
  return one.key === other.key ? one.rule > other.rule : one.key > other.key;
}

/** The index of an event in an ordered list, or where it belongs. */
export function indexIn(events: readonly WindowEvent[], event: WindowEvent): number {
  const { length } = events;
  // Most are the latest, or the one before.
  if (length === 0 || isAfter(event, events[length - 1]!)) return length;
  let low = 0;
  let high = length - 1;
  if (length > 1 && isAfter(event, events[length - 2]!)) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isAfter(event, events[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Inserts an event into an ordered list.
 * @returns its index */
export function putInOrder(events: WindowEvent[], event: WindowEvent): number {
  const index = indexIn(events, event);
  putIn(events, event, index);
  return index;
}

export function putIn(events: WindowEvent[], event: WindowEvent, index: number): void {
  if (index === events.length) events.push(event);
  else events.splice(index, 0, event);
}

/** Removes an event from an ordered list, if it is there. */
export function takeFrom(events: WindowEvent[], event: WindowEvent): void {
  const index = indexOf(events, event);
  if (events[index] === event) removeFrom(events, index);
}

/** The index of an event that is in the list. Evicted events are nearly always among the first or the last, where they
 * are found without looking at others. */
export function indexOf(events: readonly WindowEvent[], event: WindowEvent): number {
  const { length } = events;
  const ends = Math.min(ENDS, length);
  for (let i = 0; i < ends; i++) {
    if (events[i] === event) return i;
    if (events[length - 1 - i] === event) return length - 1 - i;
  }
  return indexIn(events, event);
}

/** Removes the event at an index: the events on the side with few of them move. */
export function removeFrom(events: WindowEvent[], index: number): WindowEvent {
  const event = events[index]!;
  const last = events.length - 1;
  if (index <= FEW) {
    for (let i = index; i > 0; i--) events[i] = events[i - 1]!;
    events.shift();
  } else if (index >= last - FEW) {
    for (let i = index; i < last; i++) events[i] = events[i + 1]!;
    events.pop();
  } else {
    events.splice(index, 1);
  }
  return event;
}

/** The index of the first event that is not before a time. */
export function indexAt(events: readonly WindowEvent[], at: number): number {
  let low = 0;
  let high = events.length;
  // Most often the second is looked for, as the first is to be removed.
  for (; low < high && low < NEAR; low++) if (events[low]!.at >= at) return low;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]!.at >= at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The index of the first item for which `holds` is true, as it is for all that follow. */
export function firstIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
