/** What correlations keep in memory under a flood: how much it is, and what stays. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { correlator } from '../../src/correlate/index.ts';
import { evaluateRecord, Ruleset } from '../../src/detect.ts';
import { normalize } from '../../src/normalizers/index.ts';
import { compileRule, parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import { type MemoryStore, memoryStore } from '../../src/state/memory.ts';
import { podEvent } from '../server/app.ts';

setFlagsFromString('--expose-gc');
const collectOnce = runInNewContext('gc') as () => void;
/** Objects that wait for a finalizer are freed only the second time. */
function collectGarbage(): void {
  collectOnce();
  collectOnce();
}

const head = 'title: Got\nname: got\nlogsource: { product: kubernetes }\ndetection: { s: { verb: get }, condition: s }';
const burst = '{ type: event_count, rules: [got], group-by: [username], timespan: 1h, condition: { gte: 10 } }';
const terms =
  '{ type: new_terms, rules: [got], group-by: [username], timespan: 1h, condition: { field: userAgent } }\ntripline: { learning: 0s }';
const values =
  '{ type: value_count, rules: [got], group-by: [username], timespan: 1h, condition: { field: requestURI, gte: 900 } }';
const few = '{ type: event_count, rules: [got], group-by: [username], timespan: 1h, condition: { lt: 3 } }';

function rulesetOf(...bodies: string[]): Ruleset {
  const texts = [head, ...bodies.map((body, i) => `title: C\nname: c${i}\ncorrelation: ${body}`)];
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

function sidecar(ruleset: Ruleset, store: MemoryStore) {
  const correlate = correlator(store);
  let count = 0;
  return (user: string, more: Record<string, unknown> = {}): string[] => {
    const time = new Date(start + 10 * count++).toISOString();
    // Like a parsed record, it shares no text with others.
    const event = JSON.parse(
      JSON.stringify({
        ...podEvent({ auditID: `00000000-0000-4000-8000-${String(count).padStart(12, '0')}` }),
        ...{ verb: 'get', user: { username: user }, requestReceivedTimestamp: time, stageTimestamp: time },
        ...more,
      }),
    );
    const { raised } = correlate(evaluateRecord(normalize(event), ruleset), ruleset, received);
    return raised.map(({ finding }) => finding.rule);
  };
}

describe.each<[string, string, (i: number) => Parameters<ReturnType<typeof sidecar>>]>([
  ['terms', terms, (i) => [`user-${i % 100}`, { userAgent: `agent/${i}` }]],
  ['groups of one event', burst, (i) => [`user-${i}`]],
  ['groups of many events', burst.replace('10', '9000'), (i) => [`user-${i % 10}`]],
  ['groups of many values', values, (i) => [`user-${i % 40}`, { requestURI: `/${i}` }]],
  ['groups that wait for the end of a window', few, (i) => [`user-${i}`]],
])('%s', (_, body, of) => {
  test('take about as much memory as is estimated', () => {
    const store = memoryStore({ maxBytes: 2 ** 40 });
    const see = sidecar(rulesetOf(body), store);
    for (let i = 0; i < 500; i++) see(...of(i));
    collectGarbage();
    const [heap, bytes] = [process.memoryUsage().heapUsed, store.bytes()];
    for (let i = 500; i < 10_000; i++) see(...of(i));
    collectGarbage();
    const share = (process.memoryUsage().heapUsed - heap) / (store.bytes() - bytes);
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(2);
  });
});

describe('a flood of invented users', () => {
  const MAX_BYTES = 4_000_000;
  const flood = (flooded: (i: number) => Parameters<ReturnType<typeof sidecar>>) => {
    const evicted = new Map<string, number>();
    const store = memoryStore({
      maxBytes: MAX_BYTES,
      onEvict: (space, n) => void evicted.set(space.split('@')[0]!, (evicted.get(space.split('@')[0]!) ?? 0) + n),
    });
    const see = sidecar(rulesetOf(burst, terms, values), store);
    const ofMallory: string[] = [];
    let most = 0;
    for (let i = 0; i < 10_000; i++) {
      see(...flooded(i));
      most = Math.max(most, store.bytes());
      if (i % 1_000 < 2 && ofMallory.length < 100) ofMallory.push(...see('mallory'));
    }
    return { ofMallory, evicted, most };
  };

  test.each<[string, (i: number) => Parameters<ReturnType<typeof sidecar>>]>([
    ['with one request each', (i) => [`made-up-${i}`]],
    ['of another cluster', (i) => [`made-up-${i}`, { cluster_name: 'other' }]],
    ['of a hundred clusters', (i) => [`made-up-${i}`, { cluster_name: `other-${i % 100}` }]],
    ['that are one user with many agents', (i) => ['eve', { userAgent: `made-up/${i}` }]],
  ])('%s: the burst of a real one is found, and memory stays within the bound', (_, flooded) => {
    const { ofMallory, evicted, most } = flood(flooded);
    expect(most).toBeLessThanOrEqual(MAX_BYTES);
    // Its first agent, and the burst.
    expect(ofMallory).toEqual(['c1', 'c0']);
    expect([...evicted.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(1_000);
  });
});
