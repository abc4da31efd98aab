/** Whether a correlation holds in a stretch of events: counts, numbers, combinations. */
import type { Correlation } from '../sigma/index.ts';
import { countsOf, type StretchCounts } from './stretch-counts.ts';
import type { WindowEvent } from './window-event.ts';
import type { WindowPlan } from './window-plan.ts';

type Test = Correlation['test'];
type Bound = Extract<Test, { bounds: unknown }>['bounds'][number];

/** Events in time order, from `start` to before `end`. */
export interface Stretch {
  events: readonly WindowEvent[];
  start: number;
  end: number;
  /** Of the values or the rules of the events; left out for few events, as counting them anew takes no longer. */
  counts?: StretchCounts;
}

/** That it holds, and the number that was compared. */
export interface Held {
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

/** Whether the condition on the number can be met by at most `most`.
 * @param most of what is counted, if more of it undoes nothing */
export function isReachable(most: number, { bounds }: Extract<Test, { bounds: unknown }>): boolean {
  for (const { operator, value } of bounds) if (!operators[operator](most, value)) return false;
  return true;
}

/** Whether the correlation holds in the events, which are not empty and lie within its timespan.
 * @param around the events that lie within a timespan of all those of the stretch up to a time */
export function holdsIn(
  stretch: Stretch,
  { test, dnf }: WindowPlan,
  around: (last: number) => Iterable<WindowEvent> = () => [],
): Held | undefined {
  if ('bounds' in test) {
    const value = measure(stretch, test);
    return isReachable(value, test) ? { value } : undefined;
  }
  const { counts } = stretch;
  const present = counts && countsOf(counts, stretch.events, stretch.start, stretch.end);
  const holds = dnf.some(({ required, forbidden }) => {
    if (present !== undefined && !required.every((rule) => present.has(rule))) return false;
    const last = lastOf(stretch, required, test.type === 'temporal_ordered');
    if (last === undefined) return false;
    if (forbidden.length === 0) return true;
    for (const { rule } of around(last)) if (forbidden.includes(rule)) return false;
    return true;
  });
  return holds ? {} : undefined;
}

function measure({ events, start, end, counts }: Stretch, test: Extract<Test, { bounds: unknown }>): number {
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
    if (counts !== undefined) return countsOf(counts, events, start, end).size;
    const different = new Set<string>();
    for (let i = start; i < end; i++) for (const text of events[i]!.value as readonly string[]) different.add(text);
    return different.size;
  }

  function numbers(): number[] {
    return events.slice(start, end).map(({ value }) => value as number);
  }

  // Anew each time: adding and subtracting values leaves rounding errors.
  function sum(): number {
    let total = 0;
    for (let i = start; i < end; i++) total += events[i]!.value as number;
    return total;
  }
}

/** By linear interpolation between the two nearest values. */
function percentileOf(values: number[], percentile: number): number {
  values.sort((a, b) => a - b);
  const place = ((values.length - 1) * percentile) / 100;
  const below = values[Math.floor(place)]!;
  const above = values[Math.ceil(place)]!;
  // Without the product if there is nothing to interpolate: the difference of two large numbers may be infinite.
  return place === Math.floor(place) ? below : below + (above - below) * (place - Math.floor(place));
}

/** The time of the last event of the rules, if each has one and, if asked, one after another. Events of the same time may
 * be in any order. */
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
