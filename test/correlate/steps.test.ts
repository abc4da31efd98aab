/** The cost of an event does not grow with the group that it joins. */
import { expect, test } from 'vitest';
import { emptyGroup } from '../../src/correlate/group.ts';
import { observe } from '../../src/correlate/window.ts';
import { windowPlanOf } from '../../src/correlate/window-plan.ts';
import { type CompiledCorrelation, parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import { stepsOf } from '../steps.ts';

const SECOND = 1_000_000;
const rules = ['a', 'b'].map((name) => ({ name, path: `${name}.yml` }));

function correlationOf(body: string): CompiledCorrelation {
  const { correlations } = parseRules(
    `title: C\nname: it\ncorrelation: { timespan: 1h, rules: [a, b], ${body} }`,
    'c.yml',
  );
  return resolveCorrelations(correlations, rules).correlations[0]!;
}

type Values = (i: number) => number;
const different: Values = (i) => i;
/** The last values in a full group are the first ones again. */
const around: Values = (i) => i % 990;

test.each<[string, string, [few: number, many: number], Values]>([
  ['event_count', 'type: event_count, condition: { gte: 9999 }', [100, 9000], different],
  ['event_count, full', 'type: event_count, condition: { gte: 5, lt: 9999 }', [100, 12_000], different],
  ['value_count', 'type: value_count, condition: { field: f, gte: 999 }', [100, 900], different],
  ['value_count, full of different ones', 'type: value_count, condition: { field: f, gte: 999 }', [100, 1_500], around],
  ['temporal', 'type: temporal', [100, 900], different],
])('%s', async (_, body, [few, many], numberOf) => {
  const plan = windowPlanOf(correlationOf(body));
  const stepsIn = async (size: number) => {
    const group = emptyGroup(0);
    const see = (i: number) => {
      // Every tenth comes a little late.
      const at = (i - (i % 10 === 0 ? 5 : 0)) * (SECOND / 100);
      observe(group, { key: `k${i}`, rule: 0, at, auditID: `k${i}`, value: [`${numberOf(i)}`] }, plan, at);
    };
    for (let i = 0; i < size; i++) see(i);
    return stepsOf(() => {
      for (let i = size; i < size + 50; i++) see(i);
    });
  };
  await stepsIn(few);
  const [one, other] = [await stepsIn(few), await stepsIn(many)];
  // Groups are 9 to 120 times as large: a look-up takes some steps more there, and a full group has something to drop, which
  // is 4 times the steps in all.
  expect(other / one).toBeLessThan(6);
});
