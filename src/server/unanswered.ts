/** Batches whose sender has gone while they were delivered. It sends each again, byte for byte, as it cannot know: what
 * has arrived by then is not delivered a second time. */
import { createHash } from 'node:crypto';
import type { ProcessedBatch } from '../pipeline.ts';

/** How many are remembered; of a thousand chunks of Fluent Bit some 2 GB are under way. */
const MOST_REMEMBERED = 1_000;

/** Delivers a batch, or waits for the delivery of the same that was begun for a request without an answer.
 * @param gone aborts when the sender has gone before it had its answer
 * @throws whatever the delivery throws */
export type DeliverOnce = (batch: ProcessedBatch, gone: AbortSignal, deliver: () => Promise<void>) => Promise<void>;

export function deliverOnce(): DeliverOnce {
  const unanswered = new Map<string, Promise<void>>();

  function remember(key: string, delivery: Promise<void>): void {
    unanswered.delete(key);
    unanswered.set(key, delivery);
    for (const [oldest] of unanswered) if (unanswered.size > MOST_REMEMBERED) unanswered.delete(oldest);
  }

  return async (batch, gone, deliver) => {
    const key = unanswered.size > 0 ? digest(batch) : undefined;
    const earlier = key === undefined ? undefined : unanswered.get(key);
    const delivery = earlier?.catch(deliver) ?? deliver();
    gone.addEventListener('abort', () => remember(key ?? digest(batch), delivery), { once: true });
    await delivery;
    if (key !== undefined && !gone.aborted) unanswered.delete(key);
  };
}

/** What tells a batch from all others. */
function digest({ fluentTag, bytes }: ProcessedBatch): string {
  return createHash('sha256')
    .update(`${fluentTag ?? ''}\0`)
    .update(bytes)
    .digest('base64');
}
