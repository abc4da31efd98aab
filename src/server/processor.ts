/** The contract for processing a batch, from its bytes to its answer, in this thread or in another. */
import type { Reply } from '../config/index.ts';
import type { Batch, Pause } from '../pipeline.ts';
import type { Problem } from '../problem.ts';

export const avroMediaType = 'application/vnd.apache.avro';

/** What the sender wants back. */
export interface Wanted {
  reply: Reply;
  layout: 'same' | 'avro';
}

export interface ReplyBody {
  mediaType: string;
  body: Uint8Array;
}

/** What became of a batch that every sink has safely. */
export interface Answer {
  records: number;
  /** Undefined if the sender wants none. */
  reply: ReplyBody | undefined;
  /** The problem of the first record on which Tripline failed by a defect of its own. */
  defect: Problem | undefined;
}

/** A batch under way. */
export interface Processing {
  /** Resolves when it is tagged, so that the next can begin, with the bytes of memory that it needs besides its own until
   * every sink has it.
   * @throws Problem when no record can be found in it; the reason of `gone` */
  tagged: Promise<number>;
  /** Resolves when every sink has it.
   * @throws Problem; also whatever `tagged` throws */
  answered: Promise<Answer>;
}

/** Begins to process a batch, whose bytes belong to the processor until it is answered: after a failure they are in
 * `batch.bytes` again.
 * @param gone aborts when the sender has gone: a batch that is not tagged by then is abandoned
 * @param pause for what runs on the event loop of the caller */
export type Process = (batch: Batch, wanted: Wanted, gone: AbortSignal, pause: Pause) => Processing;
