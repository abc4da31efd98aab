/** Windows whose counts are kept up to date, compared with windows that are counted afresh, whatever arrives when. */
import { expect, test } from 'vitest';
import { charactersOf, emptyGroup, type Group, oldestOf, openingOf, valuesOf } from '../../src/correlate/group.ts';
import { LATENESS } from '../../src/correlate/lateness.ts';
import { judge, observe } from '../../src/correlate/window.ts';
import type { WindowEvent } from '../../src/correlate/window-event.ts';
import { type WindowPlan, windowPlanOf } from '../../src/correlate/window-plan.ts';
import { type CompiledCorrelation, mostEventsOf, parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import fc, { runs } from '../properties.ts';
import * as plain from './plain-window.ts';

const SECOND = 1_000_000;
const rules = ['a', 'b', 'c'].map((name) => ({ name, path: `${name}.yml` }));

function correlationOf(body: string): CompiledCorrelation {
  const { correlations } = parseRules(`title: C\nname: it\ncorrelation: { timespan: 1m, ${body} }`, 'c.yml');
  const resolved = resolveCorrelations(correlations, rules);
  expect(resolved.problems).toEqual([]);
  return resolved.correlations[0]!;
}

const bodies = [
  'type: event_count, rules: [a, b, c], condition: { gte: 12 }',
  'type: event_count, rules: [a, b], condition: { lt: 9 }',
  'type: event_count, rules: [a, b], condition: { gte: 9, lte: 11 }',
  'type: value_count, rules: [a, b, c], condition: { field: f, gte: 5 }',
  'type: value_count, rules: [a, b, c], condition: { field: f, gte: 14 }',
  'type: value_count, rules: [a, b, c], condition: { field: f, lte: 6 }',
  'type: value_sum, rules: [a, b, c], condition: { field: f, gt: 60.5 }',
  'type: value_avg, rules: [a, b, c], condition: { field: f, gte: 5 }',
  'type: value_median, rules: [a, b, c], condition: { field: f, gt: 5.4 }',
  'type: value_percentile, rules: [a, b, c], condition: { field: f, percentile: 75, gt: 6.8 }',
  'type: temporal, rules: [a, b, c]',
  'type: temporal, rules: [a, b, c], condition: a and b and not c',
  'type: temporal_ordered, rules: [c, a, b]',
  'type: temporal_ordered, rules: [a, b, c], condition: a and b and not c',
];

/** Some events near each other, some far apart, some late, and some repeated. */
const arrivals = fc
  .array(
    fc.record({
      step: fc.constantFrom(0, 0, 1, 1, 2, 5, 20, 90, 1200),
      late: fc.constantFrom(0, 0, 0, 0, 3, 30, 70, 800, 1100),
      rule: fc.constantFrom(0, 0, 0, 1, 2),
      values: fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 3 }),
      again: fc.constantFrom(0, 0, 0, 1, 3, 9),
      // A window that was emitted, and may be emitted again with another end.
      moved: fc.option(fc.nat(60), { freq: 3, nil: undefined }),
    }),
    { minLength: 20, maxLength: 150, size: 'max' },
  )
  .map((drawn) => {
    let clock = 10_000;
    const events = drawn.map(({ step, late, moved, ...rest }, i) => {
      clock += step;
      const key = moved === undefined ? `k${i}` : `m${moved}`;
      return { ...rest, at: (clock - late) * SECOND, key, ...(moved !== undefined && { isMoved: true as const }) };
    });
    return events.flatMap((event, i) =>
      event.again > 0 && i >= event.again ? [event, events[i - event.again]!] : [event],
    );
  });

interface Drawn extends Pick<WindowEvent, 'at' | 'key' | 'rule' | 'isMoved'> {
  values: number[];
}

function compare(body: string, drawn: readonly Drawn[]): number {
  const correlation = correlationOf(body);
  const plan = windowPlanOf(correlation);
  const { type } = correlation.correlation.test;
  const counted = (values: number[]): Pick<WindowEvent, 'value'> => {
    if (type === 'value_count') return { value: [...new Set(values)].map(String) };
    return type.startsWith('value') ? { value: values[0]! + 0.1 } : {};
  };
  const group = emptyGroup(drawn[0]!.at);
  const expected = plain.emptyGroup(drawn[0]!.at);
  let clock = 0;
  let windows = 0;
  for (const { at, key, rule, values, isMoved } of drawn) {
    clock = Math.max(clock, at);
    for (let i = 0; i < 3; i++) {
      const judged = plain.judge(expected, correlation, clock);
      expect(judge(group, plan, clock)).toEqual(judged);
      if (judged.window !== undefined) windows++;
    }
    const moved = isMoved && { isMoved };
    const event = { key, rule: rule % correlation.rules.length, at, auditID: key, ...counted(values), ...moved };
    const observed = plain.observe(expected, event, correlation, clock);
    expect(observe(group, event, plan, clock)).toEqual(observed);
    if (observed.window !== undefined) windows++;
    const plainData = JSON.stringify(group);
    expect(plainData).toBe(JSON.stringify(expected));
    expect(derivedOf(group, plan)).toEqual(derivedOf(JSON.parse(plainData), plan));
  }
  return windows;
}

function derivedOf(group: Group, plan: WindowPlan): unknown[] {
  return [oldestOf(group), valuesOf(group), charactersOf(group), openingOf(group, plan)];
}

test.each(bodies)('%s', (body) => {
  let windows = 0;
  fc.assert(
    fc.property(arrivals, (drawn) => void (windows += compare(body, drawn))),
    { numRuns: runs(30) },
  );
  expect(windows).toBeGreaterThan(0);
});

test.each(bodies.filter((body) => /value_count|temporal/.test(body)))('%s, of more events than are kept', (body) => {
  const bodyOfMany = body.replace(/gte: \d+/, 'gte: 999');
  const most = mostEventsOf(correlationOf(bodyOfMany).correlation.test);
  const kinds = [1, 2, most - 100];
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.array(fc.nat(1_000_000), { minLength: 50, maxLength: 50 }),
      (kind, random) => {
        const drawn = Array.from({ length: most + 200 }, (_, i) => {
          const number = random[i % 50]! + i * 7919;
          const at = 10_000 * SECOND + (i % 9 === 0 ? i * 1000 - (number % LATENESS) : i * 1000);
          return {
            at,
            key: `k${i}`,
            rule: number % 7 === 0 ? 1 : 0,
            values: [i < most - 100 ? i % kind : number % kind, number % 3],
          };
        });
        compareAtTheEnd(bodyOfMany, drawn);
      },
    ),
    { numRuns: runs(3) },
  );
});

test.each(bodies.filter((body) => /value_count|temporal/.test(body)))(
  '%s, of many events that say the same',
  (body) => {
    // More values than there are here, so that no window ends the run.
    const bodyOfMany = body.replace(/gte: \d+/, 'gte: 30');
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 50, maxLength: 50 }), (random) => {
        const drawn = Array.from({ length: 600 }, (_, i) => {
          const number = random[i % 50]! + i * 7919;
          const late = number % 11 === 0 ? number % 60 : 0;
          const at = 10_000 * SECOND + (i - late) * (SECOND / 2);
          const rule = number % 41 === 0 ? 1 : 0;
          const values = number % 37 === 0 ? [1, 2] : [number % 2];
          return {
            at,
            rule,
            values,
            ...(number % 29 === 0 ? { key: `m${number % 5}`, isMoved: true as const } : { key: `k${i}` }),
          };
        });
        compare(bodyOfMany, [...drawn, drawn[300]!, drawn[500]!]);
      }),
      { numRuns: runs(3) },
    );
  },
);

/** As above, but compares the whole group only now and then, since it is large. */
function compareAtTheEnd(body: string, drawn: Parameters<typeof compare>[1]): void {
  const correlation = correlationOf(body);
  const plan = windowPlanOf(correlation);
  const isCounted = correlation.correlation.test.type === 'value_count';
  const group = emptyGroup(drawn[0]!.at);
  const expected = plain.emptyGroup(drawn[0]!.at);
  let clock = 0;
  for (const [i, { at, key, rule, values }] of drawn.entries()) {
    clock = Math.max(clock, at);
    const event = { key, rule, at, auditID: key, ...(isCounted && { value: [...new Set(values)].map(String) }) };
    const observed = plain.observe(expected, event, correlation, clock);
    expect(observe(group, event, plan, clock)).toEqual(observed);
    if (i % 50 === 0) expect(JSON.stringify(group)).toBe(JSON.stringify(expected));
  }
}
