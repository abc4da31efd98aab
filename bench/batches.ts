/** The bodies of a round, and the run of all of them through the product. */
import { timeOf } from './corpora/event.ts';
import { type CorpusName, corpora } from './corpora/index.ts';
import type { Tag } from './product.ts';

export const SEED = 9;
/** Records of a body, as Fluent Bit sends them; for large records, as many as make 2 MB. */
const BATCH = 500;
const BATCH_OF_LARGE = 25;
const BATCHES = 2;
/** Records of a round, except for large ones. */
export const RECORDS = BATCH * BATCHES;

/** The receive time, later than the events of any corpus. */
export const received = BigInt(timeOf(100_000_000)) * 1_000_000n;

/** The records of a round: they follow those of the previous round, and none is repeated. */
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
