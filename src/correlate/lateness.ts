/** How late an event may arrive and still count, in microseconds. */
const MINUTE = 60 * 1_000_000;

/** How much more than a timespan an event may lag behind the latest and still count: records wait in buffers and are
 * retried. */
export const LATENESS = 15 * MINUTE;
/** How long after the end of a window events that are under way are waited for. */
export const GRACE = MINUTE;
