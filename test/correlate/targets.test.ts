/** Where hits count: what is remembered for events with something in common, compared with a new look-up. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { Current } from '../../src/correlate/current-event.ts';
import { KnownKeys } from '../../src/correlate/known-keys.ts';
import { planOf } from '../../src/correlate/plan.ts';
import { MOST_LISTS, type Target, Targets } from '../../src/correlate/targets.ts';
import type { Hit } from '../../src/detect.ts';
import { compileRule, type FieldLookup, parseRules, resolveCorrelations } from '../../src/sigma/index.ts';
import { keyHash } from '../../src/state/key-hash.ts';

const texts = [
  ...['a', 'b', 'uncounted'].map(
    (name) =>
      `title: R\nname: ${name}\nlogsource: { product: kubernetes }\ndetection: { s: { verb: get }, condition: s }`,
  ),
  ...[
    '{ type: event_count, rules: [a, b], group-by: [username], timespan: 1m, condition: { gte: 3 } }',
    '{ type: value_count, rules: [a], group-by: [username], timespan: 1m, condition: { field: name, gte: 2 } }',
    '{ type: value_count, rules: [b], group-by: [name], timespan: 1m, condition: { field: verb, gte: 2 } }',
    '{ type: new_terms, rules: [b], group-by: [username], timespan: 1m, condition: { field: verb } }',
  ].map((body, i) => `title: C\nname: c${i}\ncorrelation: ${body}`),
];
const parsed = texts.map((text, i) => parseRules(text, `${i}.yml`));
const compiled = parsed.flatMap(({ rules }) => rules).map((rule) => compileRule(rule));
const plan = planOf(
  resolveCorrelations(
    parsed.flatMap(({ correlations }) => correlations),
    compiled.map(({ rule }) => rule),
  ).correlations,
);
const hitsOf = (...names: string[]): Hit[] =>
  names.map((name) => ({
    rule: compiled.find(({ rule }) => rule.name === name)!,
    event: 0,
    match: {} as Hit['match'],
  }));

/** Events of one user that do the same to objects with different names. */
function eventsOf(username: string): (name: string) => Current {
  const values = { username: [username], verb: ['get'] };
  const shared: Current['shared'] = {
    found: (field) => (field === 'name' ? undefined : { values: values[field as keyof typeof values] }),
    notes: undefined,
  };
  const keys = new KnownKeys(keyHash([1, 2]));
  return (name) => {
    const lookup: FieldLookup = (field) => ({ values: { ...values, name: [name] }[field as keyof typeof values] });
    return { keys, shared, place: 'p', index: 0, lookups: { of: () => lookup } } as unknown as Current;
  };
}

const shown = ({ link, group, tuples, keys, terms }: Target) => ({
  counts: link.planned.compiled.correlation.name,
  as: link.rule,
  group: group?.parts,
  tuples,
  isKeyed: keys !== undefined,
  terms: terms?.length,
});

test('each list of hits has its own targets, whichever came before', () => {
  const targets = new Targets(plan);
  const ann = eventsOf('ann');
  const { shared } = ann('x');
  const lists = [['a'], ['b'], ['a', 'b'], [], ['uncounted'], ['b', 'a'], ['a', 'uncounted']];
  expect(targets.known(shared!, hitsOf('a'))).toBeUndefined();
  for (const [i, names] of [...lists, ...lists, ...lists.toReversed()].entries()) {
    const hits = hitsOf(...names);
    const anew = new Targets(plan).of(hits, 0, hits.length, eventsOf('ann')('other'));
    const known = targets.known(shared!, hits);
    expect(known === undefined).toBe(i < lists.length);
    expect((known ?? targets.of(hits, 0, hits.length, ann(`n${i}`))).map(shown)).toEqual(anew.map(shown));
    expect(targets.known(shared!, hits)!.map(shown)).toEqual(anew.map(shown));
  }
});

test('what depends on more than the events have in common is left open', () => {
  const found = new Targets(plan).of(hitsOf('a', 'b'), 0, 2, eventsOf('ann')('x'));
  const group = ['p', 'ann'];
  const verbs = [['get']];
  const open = { isKeyed: false, terms: undefined };
  expect(found.map(shown)).toEqual([
    { counts: 'c0', as: 0, group, tuples: [[]], ...open },
    { counts: 'c1', as: 0, group, tuples: undefined, ...open },
    { counts: 'c0', as: 1, group, tuples: [[]], ...open },
    { counts: 'c2', as: 0, group: undefined, tuples: verbs, isKeyed: true, terms: undefined },
    { counts: 'c3', as: 0, group, tuples: verbs, isKeyed: false, terms: 1 },
  ]);
});

test('the first lists are forgotten when there are too many', () => {
  const targets = new Targets(plan);
  const ann = eventsOf('ann')('x');
  const lists = Array.from({ length: MOST_LISTS + 1 }, (_, i) => hitsOf(...Array(i + 1).fill('a')));
  for (const hits of lists) targets.of(hits, 0, hits.length, ann);
  expect(lists.map((hits) => targets.known(ann.shared!, hits)?.length)).toEqual([
    ...Array(MOST_LISTS).fill(undefined),
    2 * lists.length,
  ]);
});

test('the hits are not kept, as they hold what was read of their event', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const targets = new Targets(plan);
  const ann = eventsOf('ann')('x');
  const note = () => {
    const hits = hitsOf('a', 'b');
    targets.of(hits, 0, hits.length, ann);
    expect(targets.known(ann.shared!, hits)).toHaveLength(5);
    return hits.flatMap((hit) => [new WeakRef(hit), new WeakRef(hit.match)]);
  };
  const refs = note();
  // A WeakRef is strong until the end of the turn in which it was made.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(refs.map((ref) => ref.deref())).toEqual(Array(4).fill(undefined));
});

test('targets of other rules are not known', () => {
  const ann = eventsOf('ann');
  const hits = hitsOf('a');
  new Targets(plan).of(hits, 0, 1, ann('x'));
  expect(new Targets(plan).known(ann('x').shared!, hits)).toBeUndefined();
});
