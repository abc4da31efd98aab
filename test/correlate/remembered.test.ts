/** A correlator that remembers keys and where the store has their values, compared with one that is made for each record. */
import { expect, test } from 'vitest';
import { correlator } from '../../src/correlate/index.ts';
import { evaluateRecord, Ruleset } from '../../src/detect.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { compileRule, parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import { memoryStore } from '../../src/state/memory.ts';
import fc, { runs } from '../properties.ts';
import { podEvent } from '../server/app.ts';

const head = 'title: Got\nname: got\nlogsource: { product: kubernetes }\ndetection: { s: { verb: get }, condition: s }';
const other = head.replace('Got', 'Other').replace('got', 'other').replace('verb: get', 'verb: get, namespace: a');
const learning = '\ntripline: { learning: 0s }';
/** Some group by fields with equal values, and some by the same fields. */
const bodies = [
  '{ type: event_count, rules: [got], group-by: [username], timespan: 1m, condition: { gte: 3 } }',
  '{ type: event_count, rules: [got, other], group-by: [namespace], timespan: 1m, condition: { gte: 4 } }',
  '{ type: value_count, rules: [got], group-by: [username], timespan: 1m, condition: { field: namespace, gte: 2 } }',
  `{ type: new_terms, rules: [got], group-by: [username], timespan: 1m, condition: { field: namespace } }${learning}`,
  `{ type: new_terms, rules: [other], group-by: [namespace], timespan: 1m, condition: { field: username } }${learning}`,
  `{ type: new_terms, rules: [got], group-by: [username, namespace], timespan: 1m, condition: { field: userAgent } }${learning}`,
  '{ type: event_count, rules: [got], group-by: [namespace, username], timespan: 1m, condition: { lt: 3 } }',
  '{ type: temporal, rules: [got, other], timespan: 1m }',
];

function rulesetOf(chosen: readonly string[]): Ruleset {
  const texts = [head, other, ...chosen.map((body, i) => `title: C\nname: c${i}\ncorrelation: ${body}`)];
  const parsed = texts.map((text, i) => parseRules(text, `${i}.yml`));
  const rules = parsed.flatMap((file) => file.rules);
  const { correlations, problems } = resolveCorrelations(
    parsed.flatMap((file) => file.correlations),
    rules,
  );
  expect(problems).toEqual([]);
  return new Ruleset(
    rules.map((rule) => compileRule(rule)),
    correlations,
    'h',
  );
}

const start = Date.parse('2026-01-02T03:00:00Z');
const received = BigInt(start + 86_400_000) * 1_000_000n;
const rulesets = [rulesetOf(bodies), rulesetOf(bodies.toReversed())];

const name = fc.constantFrom('a', 'a', 'b', 'c');
const records = fc.array(
  fc.record({
    username: name,
    namespace: name,
    userAgent: name,
    cluster: fc.constantFrom('', '', 'a', 'b'),
    step: fc.constantFrom(0, 1, 1, 5, 30, 90, 3000),
    /** Whether the user is forged. */
    isNew: fc.constantFrom(false, false, true),
    ruleset: fc.constantFrom(0, 0, 0, 0, 0, 1),
  }),
  { minLength: 20, maxLength: 80, size: 'max' },
);

/** Events of the most common user and namespace, so that their keys are found often. */
const before = Array.from({ length: 40 }, () => ({
  ...{ username: 'a', namespace: 'a', userAgent: 'a', cluster: '', step: 1, isNew: false, ruleset: 0 },
}));

test('the findings and the content of the store are the same, even if little fits', () => {
  let found = 0;
  fc.assert(
    fc.property(records, fc.constantFrom(6_000, 20_000, 2 ** 26), (drawn, maxBytes) => {
      const [store, plain] = [0, 1].map(() => memoryStore({ maxBytes, secret: [1, 2] }));
      const correlate = correlator(store!);
      let time = start;
      for (const [i, { username, namespace, userAgent, cluster, step, isNew, ruleset: which }] of [
        ...before,
        ...drawn,
      ].entries()) {
        time += step * 1000;
        const at = new Date(time).toISOString();
        const event = podEvent({ auditID: `id-${i}` });
        const user = { username: isNew ? `${username}-${i}` : username };
        const more = { verb: 'get', user, userAgent, requestReceivedTimestamp: at, stageTimestamp: at };
        const objectRef = { ...(event.objectRef as object), namespace };
        const context = cluster === '' ? {} : { cluster: { name: cluster } };
        const evaluate = () => {
          const evaluated = evaluateRecord(normalize({ ...event, ...more, objectRef }), rulesets[which]!);
          if (evaluated.kind !== 'audit') throw new Error(evaluated.kind);
          return { ...evaluated, events: evaluated.events.map((one) => ({ ...one, ...context })) } as typeof evaluated;
        };
        const here = correlate(evaluate(), rulesets[which]!, received);
        const expected = correlator(plain!)(evaluate(), rulesets[which]!, received);
        expect(here).toEqual(expected);
        found += here.raised.length + here.reported.length;
        expect(store!.bytes()).toBe(plain!.bytes());
      }
      expect(JSON.stringify([...store!.rows()])).toBe(JSON.stringify([...plain!.rows()]));
    }),
    { numRuns: runs(40) },
  );
  expect(found).toBeGreaterThan(0);
});
