/** The bytes of a batch with its tags in them. */
import { applyEdits, type Edit } from '../codecs/codec.ts';
import type { TaggedBatch } from './tagged-batch.ts';

/** The whole body, each record with its tag, everything between the records as it was. */
export function taggedBody(batch: TaggedBatch): Uint8Array {
  const edits: Edit[] = [];
  for (let index = 0; index < batch.records.length; index++) addEdits(batch, index, edits);
  return applyEdits(batch.bytes, { start: 0, end: batch.bytes.length }, edits);
}

/** One record, from the start to the end of its framing unit, with its tag. */
export function taggedRecord(batch: TaggedBatch, index: number): Uint8Array {
  const edits: Edit[] = [];
  addEdits(batch, index, edits);
  return applyEdits(batch.bytes, batch.records[index]!, edits);
}

function addEdits({ codec, bytes, records, tags, memberName }: TaggedBatch, index: number, edits: Edit[]): void {
  const record = records[index]!;
  const tag = tags[index];
  if (record.kind === 'map' && tag !== undefined) codec.splice(bytes, record, memberName, tag, edits);
}
