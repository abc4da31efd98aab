/** Processes batches in the thread that calls. */
import { type Batch, deliverBatch, type Parts, type Pause, type ProcessedBatch, tagBatch } from '../pipeline.ts';
import type { Problem } from '../problem.ts';
import { expectDelivery } from '../sinks/index.ts';
import type { Answer, Process, Wanted } from './processor.ts';
import { replyTo } from './reply.ts';
import { deliverOnce } from './unanswered.ts';

export function processHere(parts: Parts): Process {
  const deliver = deliverOnce();

  async function answer(batch: ProcessedBatch, { reply, layout }: Wanted, gone: AbortSignal): Promise<Answer> {
    // A sender that goes from here on is not noticed by the sinks: what they have begun may have arrived.
    await deliver(batch, gone, () => deliverBatch(batch, parts));
    return { records: batch.records.length, reply: await replyTo(batch, reply, layout), defect: defectIn(batch) };
  }

  async function tag(batch: Batch, pause: Pause): Promise<ProcessedBatch> {
    expectDelivery(batch.bytes.length, parts.sinks);
    return tagBatch(batch, parts, pause);
  }

  return (batch, wanted, gone, pause) => {
    const tagged = tag(batch, pause);
    const answered = tagged.then((processed) => answer(processed, wanted, gone));
    // Whoever waits for `tagged` has the error as well, and then does not wait for the answer.
    answered.catch(() => {});
    return { tagged, answered };
  };
}

function defectIn({ detections }: ProcessedBatch): Problem | undefined {
  for (const detection of detections) {
    if (detection?.verdict === 'error' && detection.problem.code === 'record.failed') return detection.problem;
  }
  return undefined;
}
