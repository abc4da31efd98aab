/** Records as entries of Fluent Forward. */
import type { TaggedBatch } from '../../../batch/tagged-batch.ts';
import { entryFromJson } from './json.ts';
import { entryFromMsgpack } from './msgpack.ts';

const encoders = { json: entryFromJson, msgpack: entryFromMsgpack };

/** A record of a batch, tagged, as an entry of Fluent Forward: MessagePack `[[EventTime, metadata], map]`. From
 * MessagePack the bytes go through; from JSON the values do: integers to 64 bits, floats as floats, order of keys, and the
 * members `dateKey` and `__internal__` become time and metadata again. A record of kind `other` becomes the map
 * `{"log": <its text>}`, a group marker stays one. */
export function entryOf(batch: TaggedBatch, index: number): Uint8Array {
  const { codec, bytes, records, memberName, tags } = batch;
  return encoders[codec.notation](bytes, records[index]!, memberName, tags[index], batch);
}
