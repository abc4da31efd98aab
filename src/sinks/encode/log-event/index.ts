/** Records as entries of Fluent Forward. */
import { applyEdits } from '../../../batch/splice.ts';
import type { TaggedBatch } from '../../../batch/tagged-batch.ts';
import type { Edit } from '../../../codecs/codec.ts';
import { addEditsFromJson } from './json.ts';
import { addEditsFromMsgpack } from './msgpack.ts';

const encoders = { json: addEditsFromJson, msgpack: addEditsFromMsgpack };

/** Adds the edits that turn a tagged record into an entry of Fluent Forward: MessagePack `[[EventTime, metadata], map]`.
 * MessagePack bytes are passed through; of JSON the values are kept: integers to 64 bits, floats as floats, order of keys, and
 * the members `dateKey` and `__internal__` become time and metadata again. A record of kind `other` becomes the map
 * `{"log": <its text>}`, a group marker stays as it is.
 * @param maxDepth levels of a record; a deeper one becomes `{"log": <its JSON>}` */
export function addEntryEdits(batch: TaggedBatch, index: number, edits: Edit[], maxDepth: number): void {
  const { notation } = batch.codec;
  if (notation === 'otlp') throw new Error('records of OTLP become log events as a batch: asLogEvents');
  encoders[notation](batch, index, edits, maxDepth);
}

/** The same as bytes, for readers that accept records of any depth. */
export function entryOf(batch: TaggedBatch, index: number): Uint8Array {
  const edits: Edit[] = [];
  addEntryEdits(batch, index, edits, Number.POSITIVE_INFINITY);
  return applyEdits(batch.bytes, batch.records[index]!, edits);
}
