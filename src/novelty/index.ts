/** How new findings are: how often a rule matched the same identity on the same kind of object before. subject.ts defines
 * what counts as the same.
 *
 * It is counted once, when a record is tagged, and remembered by the id of the finding: a retry, a replay and a batch from a
 * spool have the same id. Both memories are in the store of the correlations, which is bounded and survives a restart. An
 * evicted subject leaves the time of its last match: a subject that is not remembered has not been seen since then, but may
 * have been before. */
import type { Detection } from '../detect.ts';
import type { Novelty } from '../findings/context.ts';
import type { Finding, Report } from '../record.ts';
import { type KeyHash, keyHash } from '../state/key-hash.ts';
import { MAX_AHEAD, type Space, type Store } from '../state/store.ts';
import { unixNanoFromRfc3339 } from '../time.ts';
import { addTo, countUntil, type Stretches } from './stretches.ts';
import { type Subject, subjectOf, subjectOfReport } from './subject.ts';

export interface NoveltyMemory {
  /** Counts the findings of a record; those counted before, by id, are left as they are.
   * @param receivedUnixNano when the record arrived: no event is much later */
  count(detection: Detection, receivedUnixNano: bigint): void;
  /** The novelty of a finding or report by its id; undefined if it is not remembered, or it is not known who did it. */
  of(id: string): Novelty | undefined;
  /** To be called when the store has evicted values.
   * @param place of the values
   * @param latest when the last of them was committed
   * @returns whether they belonged to this memory */
  evicted(space: string, place: string, latest: number): boolean;
}

/** What is remembered about a cluster: the time since which no match has been forgotten. */
interface Horizon {
  from: number;
}

/** Times in Unix microseconds. */
type Remembered = [times: number, since: number | null];

const SECOND = 1_000_000;
const subjects: Space = { name: 'novelty/subjects', lifetime: null };
const horizons: Space = { name: 'novelty/horizons', lifetime: null };
/** Longer than a sender retries, and than a spool waits to be sent. */
const findings: Space = { name: 'novelty/findings', lifetime: 30 * 86_400 * SECOND };

/** Size of values in memory, in bytes. */
const STRETCH_BYTES = 56;
const FINDING_BYTES = 80;
const HORIZON_BYTES = 40;

/** Opens it on a store, which may be filled from its file until the first call of `count` or `of`. */
export function openNovelty(store: Store): NoveltyMemory {
  let hash: KeyHash | undefined;
  const hashOf: KeyHash = (values, more) => (hash ??= keyHash(store.secret))(values, more);

  function remember({ id, rule, time }: Finding | Report, subject: Subject | undefined, received: number): void {
    if (subject === undefined || store.load(findings, id) !== undefined) return;
    const { cluster, identity, object } = subject;
    const place = hashOf(cluster);
    const owner = hashOf(cluster, subject.owner);
    const key = hashOf([place, rule, ...object], identity);
    const stretches = (store.load(subjects, key) ?? []) as Stretches;
    const logged = time === undefined ? undefined : microsOf(time);
    const at = logged === undefined ? (stretches.at(-1)?.[1] ?? received) : Math.min(logged, received + MAX_AHEAD);

    const { times, first } = countUntil(stretches, at);
    const horizon = horizonOf(place, at);
    const since = first ?? (horizon < at ? horizon : null);
    const known: Remembered = [times, since];
    store.commit({ space: findings, key: id, value: known, entries: 1, bytes: FINDING_BYTES, place, owner, at });
    addTo(stretches, at);
    const bytes = STRETCH_BYTES * stretches.length;
    store.commit({ space: subjects, key, value: stretches, entries: 1, bytes, place, owner, at });
  }

  /** The time since which no match of a cluster has been forgotten: at first, that of its first match. */
  function horizonOf(place: string, at: number): number {
    const horizon = store.load(horizons, place) as Horizon | undefined;
    if (horizon !== undefined) return horizon.from;
    const value: Horizon = { from: at };
    store.commit({ space: horizons, key: place, value, entries: 1, bytes: HORIZON_BYTES, place: '', at });
    return at;
  }

  return {
    count(detection, receivedUnixNano) {
      if (!('findings' in detection)) return;
      const { events, event, findings, shadow, reports, shadowReports } = detection;
      if (findings.length + shadow.length + reports.length + shadowReports.length === 0) return;
      const received = Number(receivedUnixNano / 1000n);
      for (const list of [findings, shadow]) {
        for (const finding of list) remember(finding, subjectOf(events[finding.event]!), received);
      }
      for (const list of [reports, shadowReports]) {
        for (const report of list) remember(report, subjectOfReport(report, event), received);
      }
    },
    of(id) {
      const known = store.load(findings, id) as Remembered | undefined;
      if (known === undefined) return undefined;
      const [times, since] = known;
      return { times, since: since === null ? null : new Date(Math.floor(since / 1000)).toISOString() };
    },
    evicted(space, place, latest) {
      if (space === subjects.name) {
        const horizon = store.load(horizons, place) as Horizon | undefined;
        // In place: another commit is in progress, and this needs no more space.
        if (horizon !== undefined) horizon.from = Math.max(horizon.from, latest);
      }
      return space.startsWith('novelty/');
    },
  };
}

function microsOf(time: string): number | undefined {
  const unixNano = unixNanoFromRfc3339(time);
  return unixNano === undefined ? undefined : Number(unixNano / 1000n);
}
