/** How late an event may come and still count, in microseconds. */
const MINUTE = 60 * 1_000_000;

/** How much later than an event by a timespan one may be that still counts: records wait in buffers and are retried. */
export const LATENESS = 15 * MINUTE;
/** How long the end of a window is waited for events that are under way. */
export const GRACE = MINUTE;
