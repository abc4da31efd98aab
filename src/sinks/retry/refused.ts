/** Records that a receiver will never take. */
import { selected } from '../../batch/selected.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import type { SinkDependencies } from '../sink.ts';

/** Keeps them as a dead letter.
 * @param isRefused by the index of a record
 * @param what happened, with the receiver for its subject
 * @returns the path of the letter
 * @throws Problem `sink.refused` where there is no place for it: the batch fails */
export async function keepRefused(
  batch: TaggedBatch,
  isRefused: (index: number) => boolean,
  what: string,
  { sink, deadLetters }: { sink: string } & Pick<SinkDependencies, 'deadLetters'>,
): Promise<string> {
  if (deadLetters === undefined) {
    const remedy = 'set deadLetterPath, so that they are kept there and hold up no others';
    throw new Problem('sink.refused', `${what}; ${remedy}`);
  }
  const problem = new Problem('sink.refused', what);
  const { fluentTag, codec, bytes } = selected(batch, isRefused)!;
  const headers = { 'content-type': codec.mediaTypes[0]! };
  return deadLetters
    .keep(bytes, { problem, headers, sink, ...(fluentTag !== undefined && { fluentTag }) })
    .catch((error: Error) => {
      throw new Problem('sink.refused', `${what}; they cannot be kept: ${error.message}`);
    });
}
