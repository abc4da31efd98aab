/** What has become of the records of batches that are not done, so that those that a receiver has are not sent to it again
 * when the sender repeats a batch. */
import { digestOf } from '../../batch/digest.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';

export type Fate = 'arrived' | 'set aside';

/** Of one batch. */
export interface Progress {
  isSettled(index: number): boolean;
  settle(index: number, fate: Fate): void;
  count(fate: Fate): number;
}

export interface Progresses {
  /** That of a batch: as it was left, if it has been here before. */
  of(batch: TaggedBatch): Progress;
  /** It is left before it is done. */
  keep(batch: TaggedBatch, progress: Progress): void;
  /** It is done. */
  end(batch: TaggedBatch): void;
}

/** Bytes of what is remembered: one for each record of a batch, and some for the batch. The longest ago are forgotten. */
const MAX_BYTES = 8 * 1024 * 1024;
const BATCH_BYTES = 200;

export function openProgress(maxBytes = MAX_BYTES): Progresses {
  const kept = new Map<string, Progress & { size: number }>();
  let bytes = 0;

  function forget(digest: string): void {
    bytes -= kept.get(digest)?.size ?? 0;
    kept.delete(digest);
  }

  return {
    of(batch) {
      // Nearly always nothing is remembered, and the digest need not be made.
      const before = kept.size === 0 ? undefined : kept.get(digestOf(batch));
      return before ?? progressOf(batch.records.length);
    },
    keep(batch, progress) {
      if (progress.count('arrived') + progress.count('set aside') === 0) return;
      const digest = digestOf(batch);
      forget(digest);
      const size = batch.records.length + BATCH_BYTES;
      kept.set(digest, { ...progress, size });
      bytes += size;
      for (const [oldest] of kept) if (bytes > maxBytes) forget(oldest);
    },
    end(batch) {
      if (kept.size > 0) forget(digestOf(batch));
    },
  };
}

const codes: Record<Fate, number> = { arrived: 1, 'set aside': 2 };

function progressOf(records: number): Progress {
  const fates = new Uint8Array(records);
  const counts: Record<Fate, number> = { arrived: 0, 'set aside': 0 };
  return {
    isSettled: (index) => fates[index] !== 0,
    settle(index, fate) {
      if (fates[index] !== 0) return;
      fates[index] = codes[fate];
      counts[fate]++;
    },
    count: (fate) => counts[fate],
  };
}
