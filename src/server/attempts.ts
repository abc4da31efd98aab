/** Batches under way, and those whose sender has gone without its answer. A sender repeats such a batch byte for byte, as it
 * cannot know what became of it: the repetition joins the first attempt, and is neither evaluated nor delivered again. */

import { countRecords } from '../batch/count.ts';
import { digestOf } from '../batch/digest.ts';
import type { Batch, ProcessedBatch } from '../pipeline.ts';

/** How many batches that were delivered without an answer are remembered; a thousand chunks of Fluent Bit are some 2 GB
 * under way. */
const MOST_REMEMBERED = 1_000;

export interface Attempt {
  /** The batch with its tags; undefined once it is delivered, since only that is then remembered. */
  tagged: Promise<ProcessedBatch> | undefined;
  /** Resolves when every sink has it, with the number of its records. */
  readonly delivered: Promise<number>;
}

export interface Attempts {
  /** The attempt at a batch that is the same, byte for byte, if one is under way or was delivered without an answer. */
  like(batch: Batch): Attempt | undefined;
  begin(batch: Batch, tagged: Promise<ProcessedBatch>, deliver: (tagged: ProcessedBatch) => Promise<void>): Attempt;
  /** Notes that the sender of this batch has gone, and may send it again. The bytes must still be there. */
  remember(attempt: Attempt, batch: Batch): void;
  /** Notes that a sender has its answer: what comes now is another batch, even if it is equal. */
  forget(attempt: Attempt): void;
}

interface Entry {
  batch: Pick<Batch, 'fluentTag' | 'codec' | 'bytes'>;
  length: number;
  /** Set once the bytes can no longer be relied on. */
  digest: string | undefined;
}

export function openAttempts(): Attempts {
  const entries = new Map<Attempt, Entry>();
  const remembered = new Set<Attempt>();

  function forget(attempt: Attempt): void {
    entries.delete(attempt);
    remembered.delete(attempt);
  }

  return {
    like(batch) {
      for (const [attempt, { batch: other, length, digest }] of entries) {
        const mayBeSame =
          length === batch.bytes.length && other.fluentTag === batch.fluentTag && other.codec === batch.codec;
        if (mayBeSame && (digest ?? digestOf(other)) === digestOf(batch)) return attempt;
      }
      return undefined;
    },
    begin(batch, tagged, deliver) {
      const delivered = tagged.then(async (processed) => {
        await deliver(processed);
        attempt.tagged = undefined;
        return countRecords(processed.records);
      });
      const attempt: Attempt = { tagged, delivered };
      const { fluentTag, codec, bytes } = batch;
      entries.set(attempt, { batch: { fluentTag, codec, bytes }, length: bytes.length, digest: undefined });
      delivered.catch(() => forget(attempt));
      return attempt;
    },
    remember(attempt, batch) {
      const entry = entries.get(attempt);
      if (entry === undefined) return;
      entry.digest ??= digestOf(batch);
      entry.batch = { ...entry.batch, bytes: new Uint8Array() };
      remembered.delete(attempt);
      remembered.add(attempt);
      for (const oldest of remembered) if (remembered.size > MOST_REMEMBERED) forget(oldest);
    },
    forget,
  };
}
