/** Bodies as batches whose records have tags, without the steps that produce these. */
import type { TaggedBatch } from '../../src/batch/tagged-batch.ts';
import type { Codec, DecodeLimits } from '../../src/codecs/codec.ts';
import type { Tag } from '../../src/tag.ts';

/** @param tagAt the tag of the record at that index; group markers have none
 * @throws Problem if no record can be found */
export function batchOf(
  codec: Codec,
  bytes: Uint8Array,
  tagAt: (index: number) => Tag | undefined,
  limits: DecodeLimits = { maxDepth: 64, maxRecords: 100_000 },
): TaggedBatch {
  const records = codec.decode(bytes, limits);
  return {
    fluentTag: undefined,
    codec,
    bytes,
    records,
    tags: records.map(({ kind }, index) => (kind === 'group' ? undefined : tagAt(index))),
    memberName: 'tripline',
    dateKey: 'date',
    receivedUnixNano: 1_800_000_000_000_000_001n,
  };
}
