/** The bodies of a round, and the way of all of them through the product. */
import { timeOf } from './corpora/event.ts';
import { type CorpusName, corpora } from './corpora/index.ts';
import type { Tag } from './product.ts';

export const SEED = 9;
/** Records of a body, as Fluent Bit sends them; of large ones, so many as make 2 MB. */
const BATCH = 500;
const BATCH_OF_LARGE = 25;
const BATCHES = 2;
/** Records of a round, but for large ones. */
export const RECORDS = BATCH * BATCHES;

/** The time on the clock: no corpus goes on for as long. */
export const received = BigInt(timeOf(100_000_000)) * 1_000_000n;

/** The records of a round: those of one round come after those of the one before, and none comes twice. */
export function batchesOf(corpus: CorpusName, round: number): string[][] {
  const size = corpus === 'large' ? BATCH_OF_LARGE : BATCH;
  return Array.from({ length: BATCHES }, (_, at) => corpora[corpus](size, SEED, (round * BATCHES + at) * size));
}

export function tagAll(
  tag: Tag,
  bodies: readonly Uint8Array[],
  mediaType: string,
  encoding?: string,
): () => Promise<void> {
  return async () => {
    for (const body of bodies) await tag(body, mediaType, encoding);
  };
}
