/** Events that say nothing new are not kept, and nothing is missed because of it. */
import { expect, test } from 'vitest';
import { emptyGroup } from '../../src/correlate/group.ts';
import { judge, observe, type Window } from '../../src/correlate/window.ts';
import type { WindowEvent } from '../../src/correlate/window-event.ts';
import { type WindowPlan, windowPlanOf } from '../../src/correlate/window-plan.ts';
import { parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import fc, { runs } from '../properties.ts';

const SECOND = 1_000_000;
const TIMESPAN = 160 * SECOND;
const rules = ['a', 'b', 'c'].map((name) => ({ name, path: `${name}.yml` }));

function planOf(body: string): WindowPlan {
  const { correlations } = parseRules(`title: C\nname: it\ncorrelation: { timespan: 160s, ${body} }`, 'c.yml');
  return windowPlanOf(resolveCorrelations(correlations, rules).correlations[0]!);
}

interface Drawn {
  /** Seconds by which it is late. */
  late: number;
  rule: number;
  value: number;
}

/** Mostly of one value and rule, a few of others, some a little late: two a second. */
const streams = (latest: number) =>
  fc.array(
    fc.record({
      late: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(latest) }),
      rule: fc.oneof({ weight: 150, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
      value: fc.oneof({ weight: 60, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(9) }),
    }),
    { minLength: 300, maxLength: 1500, size: 'max' },
  );

function eventsOf(plan: WindowPlan, drawn: readonly Drawn[]): WindowEvent[] {
  const isCounted = plan.test.type === 'value_count';
  return drawn.map(({ late, rule, value }, i) => {
    const at = 10_000 * SECOND + i * (SECOND / 2) - late * SECOND;
    return {
      key: `k${i}`,
      rule: rule % plan.opens.length,
      at,
      auditID: `k${i}`,
      ...(isCounted && { value: [`${value}`] }),
    };
  });
}

/** The windows that are found, and the most events that were kept at a time. */
function run(plan: WindowPlan, events: readonly WindowEvent[]): { windows: Window[]; most: number } {
  const group = emptyGroup(events[0]!.at);
  const windows: Window[] = [];
  let clock = 0;
  let most = 0;
  for (const event of events) {
    clock = Math.max(clock, event.at);
    const judged = plan.emitsAtWindowClose ? judge(group, plan, clock).window : undefined;
    const { window } = observe(group, event, plan, clock);
    for (const one of [judged, window]) if (one !== undefined) windows.push(one);
    most = Math.max(most, group.events.length);
  }
  return { windows, most };
}

/** Keeps all events. */
const exact = (plan: WindowPlan): WindowPlan => ({
  ...plan,
  repeats: undefined,
  mostEvents: Number.POSITIVE_INFINITY,
});

test.each([
  'type: temporal, rules: [a, b, c]',
  'type: temporal_ordered, rules: [a, b, c]',
  'type: temporal_ordered, rules: [c, a, b]',
  'type: value_count, rules: [a, b, c], condition: { field: f, gte: 6 }',
])('%s: the first window is complete with the same event', (body) => {
  const plan = planOf(body);
  let found = 0;
  let fewer = 0;
  const hasWindow = fc.property(streams(300), (drawn) => {
    const events = eventsOf(plan, drawn);
    const { windows, most } = run(plan, events);
    const all = run(exact(plan), events);
    if (most < all.most) fewer++;
    const [first] = windows;
    const [expected] = all.windows;
    expect(first?.to).toBe(expected?.to);
    expect(first?.value).toBe(expected?.value);
    if (first === undefined || expected === undefined) return;
    found++;
    expect(first.from).toBeGreaterThanOrEqual(expected.from);
    expect(first.from).toBeLessThanOrEqual(expected.from + TIMESPAN / 16);
  });
  fc.assert(hasWindow, { numRuns: runs(60) });
  expect(found).toBeGreaterThan(5);
  expect(fewer).toBeGreaterThan(5);
});

test.each([
  'type: temporal, rules: [a, b, c], condition: a and b and not c',
  'type: temporal, rules: [a, b], condition: a and not b',
  'type: temporal_ordered, rules: [a, b, c], condition: a and b and not c',
  'type: value_count, rules: [a, b, c], condition: { field: f, lte: 4 }',
])('%s: the windows that are evaluated at their end are the same', (body) => {
  const plan = planOf(body);
  let found = 0;
  let fewer = 0;
  const hasSameWindows = fc.property(streams(50), (drawn) => {
    const events = eventsOf(plan, drawn);
    const shown = ({ from, to, value }: Window) => ({ from, to, value });
    const { windows, most } = run(plan, events);
    const all = run(exact(plan), events);
    expect(windows.map(shown)).toEqual(all.windows.map(shown));
    found += windows.length;
    if (most < all.most) fewer++;
  });
  fc.assert(hasSameWindows, { numRuns: runs(60) });
  expect(found).toBeGreaterThan(5);
  expect(fewer).toBeGreaterThan(5);
});

test.each([
  'type: temporal, rules: [a, b]',
  'type: temporal, rules: [a, b, c], condition: a and b and not c',
  'type: value_count, rules: [a, b], condition: { field: f, gte: 9 }',
])('%s: few of many equal events are kept', (body) => {
  const plan = planOf(body);
  const drawn = Array.from({ length: 10_000 }, (_, i) => ({ late: 0, rule: 0, value: i % 3 }));
  const events = eventsOf(plan, drawn);
  expect(run(exact(plan), events).most).toBeGreaterThan(600);
  // Within a quarter of an hour and a timespan, the first hundred, then two for each sixteenth of a timespan.
  expect(run(plan, events).most).toBeLessThan(520);
});
