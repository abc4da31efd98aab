/** Records that a receiver will never accept. */
import { selected } from '../../batch/selected.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import type { SinkDependencies } from '../sink.ts';

/** Keeps them as a dead letter.
 * @param isRefused called with the index of a record
 * @param what happened, with the receiver as its subject
 * @returns the path of the letter
 * @throws Problem `sink.refused` if there is no place for it: the batch fails */
export async function keepRefused(
  batch: TaggedBatch,
  isRefused: (index: number) => boolean,
  what: string,
  { sink, deadLetters }: { sink: string } & Pick<SinkDependencies, 'deadLetters'>,
): Promise<string> {
  if (deadLetters === undefined) {
    const remedy = 'set deadLetterPath, so that they are kept there and do not hold up others';
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
