/** Terms that have not been seen for a timespan. For each, the time when it was last seen is remembered. */
import type { Store } from '../state/store.ts';
import { truncate } from '../truncate.ts';
import { auditIDOf, type Current, ownerOf } from './current-event.ts';
import { type Emitted, groupShown, termsOf } from './emitted.ts';
import type { GroupOf } from './known-keys.ts';
import { LATENESS } from './lateness.ts';
import type { CorrelationLosses } from './losses.ts';
import { lookupFor, type Observation } from './observation.ts';
import { SECOND } from './plan.ts';
import type { Target } from './targets.ts';
import { oneOrAll, type Tuple, tuplesOf } from './values.ts';

/** What a number takes in memory, in bytes. */
const NUMBER_BYTES = 16;

/** Where terms are remembered, and what counts those that are not. */
interface Memory {
  store: Store;
  losses: CorrelationLosses;
}

/** Notes that the terms were seen.
 * @returns what is emitted for those that are new */
export function ingestTerms(
  memory: Memory,
  target: Target,
  group: GroupOf,
  observation: Observation,
  current: Current,
): Emitted | undefined {
  const news = newTerms(memory, target, group, observation, current);
  if (news === undefined) return undefined;
  const { correlation } = target.link.planned.compiled;
  const { at, auditID = auditIDOf(current) } = observation;
  const terms: Record<string, unknown> = { ...groupShown(correlation, group.parts) };
  for (const [i, name] of termsOf(correlation).entries()) {
    terms[name] = truncate(oneOrAll(news.map((tuple) => tuple[i])));
  }
  return { group: terms, window: { from: at, to: at, auditIDs: [auditID] } };
}

/** The tuples that were not seen for a timespan, once the correlation has learnt what is usual in a cluster; undefined if
 * there are none. */
function newTerms(
  { store, losses }: Memory,
  { link, tuples: known, terms }: Target,
  group: GroupOf,
  observation: Observation,
  current: Current,
): readonly Tuple[] | undefined {
  const { planned, slot } = link;
  const tuples = known ?? tuplesOf(lookupFor(observation, current), link.valueFields);
  if (tuples.length === 0) return undefined;
  const { at } = observation;
  const { space, since, number, compiled } = planned;
  const { correlation } = compiled;
  const { place, cluster, clock, keys } = current;
  const { name, timespan, test } = correlation;
  // It is no longer known whether they were new then.
  if (at < clock - space.lifetime!) {
    losses.late(name);
    return undefined;
  }
  const ofSince = (cluster.since[number] ??= {});
  const begun = store.load(since, place, undefined, ofSince) as number | undefined;
  // The first to arrive need not be the earliest; what is older than any delay is from another log.
  const begin = begun === undefined ? at : at >= clock - LATENESS ? Math.min(begun, at) : begun;
  if (begin !== begun) {
    store.commit({ space: since, key: place, value: begin, entries: 1, bytes: NUMBER_BYTES, place: '', at });
  }
  const { learning } = test as Extract<typeof test, { type: 'new_terms' }>;
  const isLearnt = at >= begin + learning * SECOND;
  let news: Tuple[] | undefined;
  for (let i = 0; i < tuples.length; i++) {
    const tuple = tuples[i]!;
    const term = terms === undefined ? keys.termIn(group, tuple) : terms[i]!;
    const { key } = term;
    const handle = term.handles[slot];
    const last = store.load(space, key, place, handle) as number | undefined;
    if (last !== undefined && handle === undefined) keys.remember(term, slot);
    const owner = last === undefined ? ownerOf(current) : undefined;
    const value = last === undefined ? at : Math.max(last, at);
    store.commit({ space, key, value, entries: 1, bytes: NUMBER_BYTES, place, owner, at, handle });
    if (isLearnt && (last === undefined || at - last > timespan * SECOND)) (news ??= []).push(tuple);
  }
  return news;
}
