/** Notices when a source of audit records falls silent: a running API server logs all the time, if only leases and health
 * checks, so silence is either a fault on the path to Tripline, or somebody's doing. */
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import type { Platform } from '../record.ts';

/** Where audit records come from, as far as they show it. */
export interface Source {
  fluentTag: string | undefined;
  platform: Platform;
  /** Name of the cluster. */
  cluster: string | undefined;
}

/** A source that was regular and no longer sends anything. */
export interface Silence extends Source {
  /** When its last records arrived. */
  since: Date;
}

/** Called when a silence begins, and when it is over. */
export type SilenceListener = (silence: Silence, isOver: boolean) => void;

/** Registers a listener; the returned function removes it. */
export type ListenForSilences = (listener: SilenceListener) => () => void;

export interface Silences {
  /** Notes where the records of a batch came from. */
  heard(batch: Pick<TaggedBatch, 'fluentTag' | 'tags'>): void;
  /** Checks which sources have fallen silent; to be called periodically. */
  look(): void;
  /** The silent sources, the longest silent first. */
  now(): Silence[];
  listen: ListenForSilences;
}

export interface SilenceParts {
  /** How long a source may send nothing; also how long it must have sent without such a gap before silence counts. */
  afterSeconds: number;
  logger: Record<'info' | 'warn', (fields: object, message: string) => void>;
  /** Called on each check with the seconds since a regular source last sent. */
  measure(source: Source, seconds: number): void;
  /** Milliseconds of Unix time. */
  clock?: () => number;
}

/** Senders choose their tags, and whoever writes a record chooses its cluster name, so number and length are bounded. */
const MOST_SOURCES = 500;
const MOST_CHARACTERS = 128;

interface Heard extends Source {
  /** Time of its first records in Unix milliseconds; a silence before it is regular starts it anew. */
  from: number;
  last: number;
  /** Once true, stays true: each silence of an intermittent source is noticed. */
  isRegular: boolean;
  isSilent: boolean;
}

export function openSilences({ afterSeconds, logger, measure, clock = Date.now }: SilenceParts): Silences {
  const after = afterSeconds * 1000;
  const sources = new Map<string, Heard>();
  const listeners = new Set<SilenceListener>();
  let isFull = false;

  function note(source: Source, at: number): void {
    const { fluentTag = '', platform, cluster = '' } = source;
    const key = `${platform}\0${cluster}\0${fluentTag}`;
    const known = sources.get(key);
    if (known !== undefined) {
      hear(known, at);
    } else if (isName(fluentTag) && isName(cluster) && hasRoom()) {
      sources.set(key, { ...source, from: at, last: at, isRegular: false, isSilent: false });
    }
  }

  function hear(source: Heard, at: number): void {
    if (source.isSilent) {
      source.isSilent = false;
      const fields = { ...named(source), seconds: Math.round((at - source.last) / 1000) };
      logger.info(fields, `${describeSource(source)} sends audit records again`);
      tell(source, true);
    }
    source.last = at;
    source.isRegular ||= at - source.from >= after;
  }

  /** No source is evicted for a new one, else many names could hide a silence: only short-lived ones expire, in time. */
  function hasRoom(): boolean {
    if (sources.size < MOST_SOURCES) return true;
    if (!isFull)
      logger.warn({ sources: sources.size }, 'There are too many sources: new ones may fall silent unnoticed');
    isFull = true;
    return false;
  }

  function tell(source: Heard, isOver: boolean): void {
    for (const listener of listeners) listener(silenceOf(source), isOver);
  }

  return {
    heard({ fluentTag, tags }) {
      const at = clock();
      let before: Source | undefined;
      for (const tag of tags) {
        if (tag?.platform === undefined) continue;
        const { platform, cluster } = tag;
        if (before !== undefined && before.platform === platform && before.cluster === cluster) continue;
        before = { fluentTag, platform, cluster };
        note(before, at);
      }
    },
    look() {
      const at = clock();
      for (const [key, source] of sources) {
        const gap = at - source.last;
        if (!source.isRegular) {
          if (gap > after) sources.delete(key);
          continue;
        }
        measure(named(source), gap / 1000);
        if (source.isSilent || gap <= after) continue;
        source.isSilent = true;
        const { since } = silenceOf(source);
        logger.warn(
          { ...named(source), since },
          `${describeSource(source)} has fallen silent: no audit records arrive`,
        );
        tell(source, false);
      }
    },
    now: () =>
      [...sources.values()]
        .filter(({ isSilent }) => isSilent)
        .sort((a, b) => a.last - b.last)
        .map(silenceOf),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** For messages: `prod (eks), kube.audit`. */
export function describeSource({ fluentTag, platform, cluster }: Source): string {
  const place = cluster === undefined ? `A ${platform} cluster` : `${cluster} (${platform})`;
  return fluentTag === undefined ? place : `${place}, ${fluentTag},`;
}

const named = ({ fluentTag, platform, cluster }: Source): Source => ({ fluentTag, platform, cluster });
const silenceOf = (source: Heard): Silence => ({ ...named(source), since: new Date(source.last) });

function isName(text: string): boolean {
  return text.length <= MOST_CHARACTERS && !/\p{C}/u.test(text);
}

/** What to look at, in this order. */
export const REMEDY =
  'Look at the log of Fluent Bit (a refused connection, a status that is not 2xx), at whether the audit log grows, and at who ' +
  'changed the audit policy or the logging of the cluster.';
