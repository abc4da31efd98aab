/** An event of a group, and the order of events: by time, and those of the same time in the same order whenever they
 * arrive. Times are in Unix microseconds. */

/** An event that one of the rules matched. */
export interface WindowEvent {
  /** The same wherever and whenever the event is seen again. */
  key: string;
  /** Which of the correlation's rules. */
  rule: number;
  at: number;
  auditID: string;
  /** What is compared of it, a number, or counted: texts that stand for tuples. */
  value?: number | readonly string[];
}

export function isAfter(one: WindowEvent, other: WindowEvent): boolean {
  if (one.at !== other.at) return one.at > other.at;
  // Keys differ from store to store.
  if (one.auditID !== other.auditID) return one.auditID > other.auditID;
  return one.key === other.key ? one.rule > other.rule : one.key > other.key;
}

/** Where an event is in a list that is in order, or where it belongs. */
export function indexIn(events: readonly WindowEvent[], event: WindowEvent): number {
  // Most are the latest.
  if (events.length === 0 || isAfter(event, events.at(-1)!)) return events.length;
  return firstIndex(events, (one) => !isAfter(event, one));
}

/** Where the first event not before a time is. */
export function indexAt(events: readonly WindowEvent[], at: number): number {
  return firstIndex(events, (event) => event.at >= at);
}

/** Where the first item is with which it holds, as it does with all that follow. */
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
