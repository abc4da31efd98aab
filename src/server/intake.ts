/** Handles a batch from its bytes to its fate: in its turn, within the budget, for as long as its sender waits. */
import type { Batch, Pause } from '../pipeline.ts';
import type { ByteShare } from './byte-budget.ts';
import type { Answer, Process, Wanted } from './processor.ts';
import type { Patience, Turns } from './turns.ts';

export interface IntakeParts {
  process: Process;
  turns: Turns;
}

/** @param patience of the sender, for its turn
 * @param share holds the bytes of the batch already; when this resolves, it holds the reply alone
 * @param gone aborts with a Problem when the sender has gone without its answer
 * @returns when every sink has the batch
 * @throws Problem; the bytes are then in `batch.bytes` again */
export type TakeBatch = (
  batch: Batch,
  wanted: Wanted,
  share: ByteShare,
  gone: AbortSignal,
  patience?: Patience,
) => Promise<Answer>;

export function openIntake({ process, turns }: IntakeParts): TakeBatch {
  return async (batch, wanted, share, gone, patience) => {
    const { length } = batch.bytes;
    let held = 0;
    const begin = async (pause: Pause) => {
      await share.room(gone);
      const begun = process(batch, wanted, gone, pause);
      share.add((held = await begun.tagged));
      return begun;
    };
    const processing = await turns.take(length, gone, begin, patience);
    const tagged = performance.now();
    try {
      const answer = await processing.answered;
      turns.measureRest((performance.now() - tagged) / 1000);
      share.add((answer.reply?.body.length ?? 0) - length);
      return answer;
    } finally {
      share.give(held);
    }
  };
}
