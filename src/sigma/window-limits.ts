/** The bounds of a correlation's window. */
import type { CorrelationTest } from './ast.ts';

/** The most events of one group that are kept at a time, and so the highest number that can be asked for. */
export function mostEventsOf({ type }: CorrelationTest): number {
  return type === 'event_count' ? 10_000 : 1_000;
}

/** How many events of a window, the last ones, are shown by their audit IDs. */
export const MOST_SHOWN_EVENTS = 100;
