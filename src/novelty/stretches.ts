/** How often something happened before a time, in bounded memory. Times may arrive in any order: those close to each other
 * are counted together, so that an old log that arrives late is counted apart from what happens now. */

/** Times that are counted together; from and to are in Unix microseconds. */
type Stretch = [from: number, to: number, times: number];

/** In order of time, without overlaps. Plain data. */
export type Stretches = Stretch[];

export const MOST_STRETCHES = 8;

/** How many are not later than a time, and the first of them; exact unless the time is within a stretch, in which case all
 * of that stretch count. */
export function countUntil(stretches: Readonly<Stretches>, at: number): { times: number; first: number | undefined } {
  let times = 0;
  for (const [from, , count] of stretches) {
    if (from > at) break;
    times += count;
  }
  return { times, first: times === 0 ? undefined : stretches[0]![0] };
}

/** Counts one more occurrence. */
export function addTo(stretches: Stretches, at: number): void {
  const index = stretches.findLastIndex(([from]) => from <= at);
  const before = stretches[index];
  if (before !== undefined && at <= before[1]) {
    before[2]++;
    return;
  }
  stretches.splice(index + 1, 0, [at, at, 1]);
  if (stretches.length > MOST_STRETCHES) joinNearest(stretches);
}

function joinNearest(stretches: Stretches): void {
  let nearest = 0;
  for (let i = 1; i < stretches.length - 1; i++) if (gapAfter(stretches, i) < gapAfter(stretches, nearest)) nearest = i;
  const [one, other] = stretches.slice(nearest, nearest + 2) as [Stretch, Stretch];
  stretches.splice(nearest, 2, [one[0], other[1], one[2] + other[2]]);
}

function gapAfter(stretches: Readonly<Stretches>, index: number): number {
  return stretches[index + 1]![0] - stretches[index]![1];
}
