/** What distinguishes a batch from all others. */
import { createHash } from 'node:crypto';
import type { TaggedBatch } from './tagged-batch.ts';

const known = new WeakMap<Uint8Array, string>();

/** SHA-256 of the Fluent tag, the layout and the bytes as they came, in base64: a sender repeats them, byte for byte, when it
 * retries. For some records of a batch, the digest of the whole is included: what is left of two batches may be the same.
 * Computed once for the bytes of a batch. */
export function digestOf({
  fluentTag,
  codec,
  bytes,
  partOf,
}: Pick<TaggedBatch, 'fluentTag' | 'codec' | 'bytes' | 'partOf'>): string {
  let digest = known.get(bytes);
  if (digest === undefined) {
    digest = createHash('sha256')
      .update(`${fluentTag ?? ''}\0${codec.name}${partOf === undefined ? '' : ` of ${partOf}`}\0`)
      .update(bytes)
      .digest('base64');
    known.set(bytes, digest);
  }
  return digest;
}
