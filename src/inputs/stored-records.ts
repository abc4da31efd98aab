/** The tagged records of an Avro container, as batches in the layouts in which they came. */
import { readContainer, type StoredRecord } from '../avro/read-container.ts';
import { codecFor } from '../codecs/index.ts';
import { Problem } from '../problem.ts';
import type { InputBatch, InputLimits } from './batches.ts';
import type { Chunks } from './chunks.ts';

/** Bytes of records that make a batch. */
const BATCH_BYTES = 1024 * 1024;

/** Yields the records as they came, untagged, in order. */
export async function* storedBatches(chunks: Chunks, { maxBytes }: InputLimits): AsyncGenerator<InputBatch> {
  let held: StoredRecord[] = [];
  let size = 0;
  function* take(): Generator<InputBatch> {
    if (held.length > 0) yield batchOf(held);
    held = [];
    size = 0;
  }

  let brokenOff: unknown;
  try {
    for await (const block of readContainer(chunks, maxBytes)) {
      for (const one of block) {
        const [last] = held;
        if (last !== undefined && (last.mediaType !== one.mediaType || last.fluentTag !== one.fluentTag)) yield* take();
        held.push(one);
        size += one.record.length;
        // A record that cannot be read may have no end of its own, and is then the rest of its batch.
        if (one.verdict === 'error' || size >= BATCH_BYTES) yield* take();
      }
    }
  } catch (error) {
    brokenOff = error;
  }
  yield* take();
  if (brokenOff !== undefined) throw brokenOff;
}

function batchOf(records: readonly StoredRecord[]): InputBatch {
  const { mediaType, fluentTag } = records[0]!;
  const codec = codecFor(mediaType);
  if (codec === undefined) throw new Problem('request.media_type', `records are of type ${mediaType}`);
  const bytes = codec.frame(records.map(({ record }) => record));
  return { codec, bytes, ...(fluentTag !== null && { fluentTag }), lineOf: () => undefined };
}
