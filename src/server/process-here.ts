/** Processes batches in the calling thread. */
import { countRecords } from '../batch/count.ts';
import { type Batch, deliverBatch, type Parts, type Pause, type ProcessedBatch, tagBatch } from '../pipeline.ts';
import type { Problem } from '../problem.ts';
import { expectDelivery } from '../sinks/index.ts';
import { type Attempt, openAttempts } from './attempts.ts';
import type { Answer, Process, Wanted } from './processor.ts';
import { replyTo } from './reply.ts';

/** A request that waits for an attempt. */
interface Joined {
  attempt: Attempt;
  /** Undefined if neither a delivery nor a reply needs it. */
  processed: ProcessedBatch | undefined;
  /** Whether the attempt was begun for it. */
  isOwn: boolean;
}

/** @param keep receives each batch once it is tagged, so that it can be shown; whatever becomes of that, the batch continues */
export function processHere(parts: Parts, keep: (batch: ProcessedBatch) => void = () => {}): Process {
  const attempts = openAttempts();
  const copies = parts.sinks.reduce((sum, sink) => sum + (sink.copies ?? 1), 0);
  const { countReceipts = () => {} } = parts.observer ?? {};

  /** For the reply alone: its records have been delivered. */
  const uncounted: Parts = {
    ...parts,
    ...(parts.observer && { observer: { ...parts.observer, countReceipts: () => {} } }),
  };

  const begin = (batch: Batch, tagged: Promise<ProcessedBatch>) =>
    attempts.begin(batch, tagged, (processed) => deliverBatch(processed, parts));

  /** As if it had been tagged for this request. */
  function beginAgain(batch: Batch, processed: ProcessedBatch): Attempt {
    const records = countRecords(processed.records);
    countReceipts('received', batch.fluentTag, records);
    countReceipts('tagged', batch.fluentTag, records);
    return begin(batch, Promise.resolve(processed));
  }

  async function evaluate(batch: Batch, pause: Pause): Promise<ProcessedBatch> {
    expectDelivery(batch.bytes.length, parts.sinks);
    const processed = await tagBatch(batch, parts, pause);
    keep(processed);
    return processed;
  }

  /** Begins an attempt, or joins the one that is under way with the same batch. */
  async function join(batch: Batch, wanted: Wanted, pause: Pause): Promise<Joined> {
    const earlier = attempts.like(batch);
    if (earlier === undefined) {
      const attempt = begin(batch, evaluate(batch, pause));
      return { attempt, processed: await attempt.tagged, isOwn: true };
    }
    if (earlier.tagged === undefined) {
      const processed = wanted.reply === 'none' ? undefined : await tagBatch(batch, uncounted, pause);
      return { attempt: earlier, processed, isOwn: false };
    }
    const processed = await earlier.tagged.catch(() => undefined);
    // Abandoned, as its sender had gone before it was delivered.
    if (processed === undefined) return join(batch, wanted, pause);
    return { attempt: earlier, processed: processed.repeated(batch), isOwn: false };
  }

  async function answer(joined: Joined, batch: Batch, wanted: Wanted, gone: AbortSignal): Promise<Answer> {
    const { processed, isOwn } = joined;
    let { attempt } = joined;
    let isJoined = !isOwn;
    // From here on, sinks do not notice that a sender goes: what they have begun may have arrived.
    const leave = () => attempts.remember(attempt, batch);
    gone.addEventListener('abort', leave, { once: true });
    const records = await attempt.delivered.catch((error) => {
      if (isOwn || processed === undefined) throw error;
      const other = attempts.like(batch);
      isJoined = other !== undefined;
      attempt = other ?? beginAgain(batch, processed);
      return attempt.delivered;
    });
    gone.removeEventListener('abort', leave);
    if (isJoined) countReceipts('joined', batch.fluentTag, records);
    if (!gone.aborted) attempts.forget(attempt);
    if (processed === undefined) return { records, reply: undefined, defect: undefined };
    return { records, reply: await replyTo(processed, wanted.reply, wanted.layout), defect: defectIn(processed) };
  }

  return (batch, wanted, gone, pause) => {
    const joining = join(batch, wanted, pause);
    // What was tagged for another request is counted there.
    const tagged = joining.then(({ processed, isOwn }) =>
      isOwn && processed !== undefined ? heldBytes(processed, copies) : 0,
    );
    const answered = joining.then(async (joined) => answer(joined, batch, wanted, gone));
    // A caller that waits for `tagged` gets the error as well, and then does not wait for the answer.
    answered.catch(() => {});
    return { tagged, answered };
  };
}

/** A sink encodes the records again, and an encoded tag is about half as long as it is large in memory.
 * @param copies that all sinks make together */
function heldBytes({ bytes, heapBytes }: ProcessedBatch, copies: number): number {
  return Math.ceil(heapBytes + copies * (bytes.length + heapBytes / 2));
}

function defectIn({ detections }: ProcessedBatch): Problem | undefined {
  for (const detection of detections) {
    if (detection?.verdict === 'error' && detection.problem.code === 'record.failed') return detection.problem;
  }
  return undefined;
}
