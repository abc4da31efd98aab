/** Windows compared with their definition, recomputed from all events each time, whatever the order of arrival. */
import { describe, expect, test } from 'vitest';
import { emptyGroup, type Group } from '../../src/correlate/group.ts';
import { GRACE, LATENESS } from '../../src/correlate/lateness.ts';
import { judge, observe } from '../../src/correlate/window.ts';
import type { WindowEvent } from '../../src/correlate/window-event.ts';
import { type WindowPlan, windowPlanOf } from '../../src/correlate/window-plan.ts';
import { parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import fc from '../properties.ts';

const SECOND = 1_000_000;
const TIMESPAN = 60 * SECOND;
const rules = ['a', 'b', 'c'].map((name) => ({ name, path: `${name}.yml` }));

function planOf(body: string): WindowPlan {
  const { correlations, problems } = parseRules(`title: C\nname: it\ncorrelation: { timespan: 1m, ${body} }`, 'c.yml');
  expect(problems).toEqual([]);
  const resolved = resolveCorrelations(correlations, rules);
  expect(resolved.problems).toEqual([]);
  return windowPlanOf(resolved.correlations[0]!);
}

const numbersOf = (events: readonly WindowEvent[]) => events.map(({ value }) => value as number);
const percentile = (values: number[], share: number) => {
  const sorted = values.toSorted((x, y) => x - y);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low * (1 - (place % 1)) + high * (place % 1);
};
const has = (events: readonly WindowEvent[], rule: number) => events.some((seen) => seen.rule === rule);
/** Tries every choice of one event for each rule. */
const inOrder = (events: readonly WindowEvent[], wanted: number[], from = Number.NEGATIVE_INFINITY): boolean =>
  wanted.length === 0 ||
  events.some(({ rule, at }) => rule === wanted[0] && at >= from && inOrder(events, wanted.slice(1), at));

const immediate: [
  body: string,
  holds: (events: readonly WindowEvent[]) => boolean,
  valued?: (number: number) => WindowEvent['value'],
][] = [
  ['type: event_count, rules: [a, b, c], condition: { gte: 3 }', ({ length }) => length >= 3],
  ['type: event_count, rules: [a, b, c], condition: { gt: 1, gte: 2 }', ({ length }) => length >= 2],
  [
    'type: value_count, rules: [a, b, c], condition: { field: f, gte: 3 }',
    (events) => new Set(events.flatMap(({ value }) => value as string[])).size >= 3,
    (number) => (number < 3 ? [`${number}`] : [`${number}`, `${number - 3}`]),
  ],
  [
    'type: value_sum, rules: [a, b, c], condition: { field: f, gt: 9 }',
    (events) => numbersOf(events).reduce((x, y) => x + y, 0) > 9,
  ],
  [
    'type: value_avg, rules: [a, b, c], condition: { field: f, gte: 4 }',
    (events) => numbersOf(events).reduce((x, y) => x + y, 0) / events.length >= 4,
  ],
  [
    'type: value_median, rules: [a, b, c], condition: { field: f, gt: 3.4 }',
    (events) => percentile(numbersOf(events), 0.5) > 3.4,
  ],
  [
    'type: value_percentile, rules: [a, b, c], condition: { field: f, percentile: 75, gt: 3.8 }',
    (events) => percentile(numbersOf(events), 0.75) > 3.8,
  ],
  ['type: temporal, rules: [a, b, c]', (events) => [0, 1, 2].every((rule) => has(events, rule))],
  [
    'type: temporal, rules: [a, b, c], condition: { gte: 2 }',
    (events) => [0, 1, 2].filter((rule) => has(events, rule)).length >= 2,
  ],
  ['type: temporal_ordered, rules: [c, a, b]', (events) => inOrder(events, [0, 1, 2])],
  [
    'type: temporal_ordered, rules: [a, b, c], condition: a and (b or c)',
    (events) => inOrder(events, [0, 1]) || inOrder(events, [0, 2]),
  ],
];

type Lookback = (last: number, rule: number) => boolean;
const atEnd: [
  body: string,
  holds: (events: readonly WindowEvent[], isAround: Lookback) => boolean,
  opens?: number[],
][] = [
  ['type: event_count, rules: [a, b, c], condition: { lt: 3 }', ({ length }) => length < 3],
  ['type: event_count, rules: [a, b, c], condition: { eq: 2 }', ({ length }) => length === 2],
  ['type: event_count, rules: [a, b, c], condition: { neq: 2 }', ({ length }) => length !== 2],
  ['type: event_count, rules: [a, b, c], condition: { gte: 2, lte: 3 }', ({ length }) => length === 2 || length === 3],
  [
    'type: value_avg, rules: [a, b, c], condition: { field: f, lte: 3 }',
    (events) => numbersOf(events).reduce((x, y) => x + y, 0) / events.length <= 3,
  ],
  [
    'type: temporal, rules: [a, b, c], condition: a and b and not c',
    (events, isAround) => {
      const last = events.findLast(({ rule }) => rule !== 2)!;
      return has(events, 0) && has(events, 1) && !isAround(last.at, 2);
    },
    [0, 1],
  ],
  [
    'type: temporal_ordered, rules: [a, b, c], condition: a and b and not c',
    (events, isAround) => inOrder(events, [0, 1]) && !isAround(events.findLast(({ rule }) => rule !== 2)!.at, 2),
    [0, 1],
  ],
];

/** Times in whole seconds, few enough to coincide. */
const eventsWithin = (seconds: number) =>
  fc
    .array(
      fc.record({ at: fc.integer({ min: 0, max: seconds }), rule: fc.nat(2), value: fc.integer({ min: 0, max: 6 }) }),
      { minLength: 1, maxLength: 40, size: 'max' },
    )
    .map((drawn) =>
      drawn.map(
        ({ at, ...rest }, index): WindowEvent => ({ ...rest, at: at * SECOND, key: `k${index}`, auditID: `k${index}` }),
      ),
    );

const byTime = (one: WindowEvent, other: WindowEvent) => one.at - other.at;

describe('emitted at once', () => {
  test.each(immediate)('%s', (body, holds, valued = (number) => number) => {
    const plan = planOf(body);
    const arrivals = eventsWithin(250)
      .map((events) => events.map((seen) => ({ ...seen, value: valued(seen.value as number) })))
      .chain((events) => fc.shuffledSubarray([...events, ...events.slice(0, 5)], { minLength: 1 }));
    let count = 0;
    fc.assert(
      fc.property(arrivals, (order) => {
        const group = emptyGroup(order[0]!.at);
        const spans: [number, number][] = [];
        const kept = new Map<string, WindowEvent>();
        const isOver = ({ at }: WindowEvent) => spans.some(([from, until]) => at >= from && at <= until);
        for (const seen of order) {
          const expected = meaning(seen);
          if (expected !== undefined) count++;
          const { outcome, window } = observe(group, seen, plan, seen.at);
          expect(outcome).not.toBe('too late');
          expect(window && { from: window.from, to: window.to, events: window.auditIDs.toSorted() }).toEqual(expected);
        }

        /** The window that an event completes. */
        function meaning(seen: WindowEvent) {
          if (kept.has(seen.key) || isOver(seen)) return undefined;
          kept.set(seen.key, seen);
          const free = [...kept.values()].filter((one) => !isOver(one)).sort(byTime);
          for (const { at: to } of free.filter(({ at }) => at >= seen.at && at <= seen.at + TIMESPAN)) {
            const within = free.filter(({ at }) => at >= to - TIMESPAN && at <= to);
            if (!holds(within)) continue;
            const from = within[0]!.at;
            spans.push([from, from + TIMESPAN]);
            return { from, to, events: within.map(({ auditID }) => auditID).sort() };
          }
          return undefined;
        }
      }),
      { numRuns: 300 },
    );
    // The test must not pass without a window.
    expect(count).toBeGreaterThan(0);
  });
});

describe('evaluated at the end', () => {
  test.each(atEnd)('%s', (body, holds, opens = [0, 1, 2]) => {
    const plan = planOf(body);
    const arrivals = eventsWithin(600).chain((events) =>
      fc.array(fc.nat(GRACE / SECOND), { minLength: events.length, maxLength: events.length }).map((delays) =>
        events
          .map((seen, index) => ({ seen, arrives: seen.at + delays[index]! * SECOND }))
          .sort((one, other) => one.arrives - other.arrives)
          .map(({ seen }) => seen),
      ),
    );
    const results = new Set<boolean>();
    fc.assert(
      fc.property(arrivals, fc.nat(3), (order, repeats) => {
        const group = emptyGroup(order[0]!.at);
        const begins: number[] = [];
        let clock = Number.NEGATIVE_INFINITY;
        for (const [index, seen] of order.entries()) {
          clock = Math.max(clock, seen.at);
          begins.push(...judgeAll(group, clock));
          expect(observe(group, seen, plan, clock).outcome).toBe('counted');
          const again = order[index - repeats];
          if (again !== undefined) observe(group, again, plan, clock);
        }
        begins.push(...judgeAll(group, Number.MAX_SAFE_INTEGER));
        expect(begins).toEqual(meaning(order.toSorted(byTime)));
      }),
      { numRuns: 300 },
    );
    expect(results.size).toBe(2);

    function judgeAll(group: Group, clock: number): number[] {
      const begins: number[] = [];
      for (;;) {
        const judged = judge(group, plan, clock);
        if (judged.window !== undefined) begins.push(judged.window.from);
        if (judged.due === undefined || judged.due >= clock) return begins;
      }
    }

    function meaning(events: WindowEvent[]): number[] {
      const begins: number[] = [];
      let until = Number.NEGATIVE_INFINITY;
      for (const { at: from, rule } of events) {
        if (from <= until || !opens.includes(rule)) continue;
        until = from + TIMESPAN;
        const end = until;
        const within = events.filter(({ at }) => at >= from && at <= end);
        const isAround: Lookback = (last, wanted) =>
          events.some((seen) => seen.rule === wanted && seen.at >= last - TIMESPAN && seen.at <= end);
        const held = holds(within, isAround);
        results.add(held);
        if (held) begins.push(from);
      }
      return begins;
    }
  });
});

test('an event that is too late changes nothing', () => {
  const plan = planOf('type: event_count, rules: [a], condition: { gte: 2 }');
  const seen = (at: number): WindowEvent => ({ at, key: String(at), rule: 0, auditID: '' });
  const group = emptyGroup(0);
  observe(group, seen(TIMESPAN + LATENESS + 1), plan, 0);
  const before = JSON.stringify(group);
  expect(observe(group, seen(0), plan, 0)).toEqual({ outcome: 'too late', forgotten: 0 });
  expect(JSON.stringify(group)).toBe(before);
  expect(observe(group, seen(1), plan, 0)).toMatchObject({ outcome: 'counted' });
});
