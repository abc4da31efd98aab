/** The outcome of records in batches that are not done, so that records which a receiver already has are not sent again
 * when the sender repeats a batch. */
import { digestOf } from '../../batch/digest.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';

export type Fate = 'arrived' | 'set aside';

/** Progress of one batch. */
export interface Progress {
  isSettled(index: number): boolean;
  settle(index: number, fate: Fate): void;
  count(fate: Fate): number;
}

export interface Progresses {
  /** The progress of a batch: as it was kept, if the batch was seen before. */
  of(batch: TaggedBatch): Progress;
  /** Keeps the progress of a batch that is not done. */
  keep(batch: TaggedBatch, progress: Progress): void;
  /** Forgets a batch that is done. */
  end(batch: TaggedBatch): void;
}

/** Bytes that are remembered: one for each record of a batch, and some for the batch. The oldest are forgotten. */
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
      // Nearly always nothing is remembered, and no digest is needed.
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
