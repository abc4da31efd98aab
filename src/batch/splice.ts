/** The bytes of a batch with its tags in them: edits, and how they are applied. */
import type { Edit } from '../codecs/codec.ts';
import type { LogRecord, Span } from '../record.ts';
import type { TaggedBatch } from './tagged-batch.ts';

/** The whole body, each record with its tag, everything between the records as it was.
 * @param end bytes that follow it */
export function taggedBody(batch: TaggedBatch, end = nothing): Uint8Array {
  const { codec, bytes } = batch;
  const { length } = bytes;
  const edits: Edit[] = [];
  for (let index = 0; index < batch.records.length; index++) addEdits(batch, index, edits);
  if (end.length > 0) edits.push({ start: length, end: length, insert: end });
  return applyEdits(bytes, { start: 0, end: length }, inOrder(edits, codec.enclose?.(bytes, edits)));
}

const nothing = new Uint8Array();

/** The same, and where each record lies in it. */
export function taggedBodyAndRecords(batch: TaggedBatch): { body: Uint8Array; records: LogRecord[] } {
  const { codec, bytes } = batch;
  const edits: Edit[] = [];
  /** How many edits there are up to the end of each record. */
  const counts = batch.records.map((_, index) => {
    addEdits(batch, index, edits);
    return edits.length;
  });
  const enclosing = codec.enclose?.(bytes, edits) ?? [];
  let shift = 0;
  let next = 0;
  let nextEnclosing = 0;
  const records = batch.records.map((record, index): LogRecord => {
    for (; nextEnclosing < enclosing.length && enclosing[nextEnclosing]!.start < record.start; nextEnclosing++) {
      shift += growthBy(enclosing[nextEnclosing]!);
    }
    const start = record.start + shift;
    for (; next < counts[index]!; next++) shift += growthBy(edits[next]!);
    const end = record.end + shift;
    if (record.kind !== 'map') return { ...record, start, end };
    const { map } = record;
    // All changes are made inside the map.
    return { kind: 'map', start, end, map: { start: start + map.start - record.start, end: map.end + shift } };
  });
  return { body: applyEdits(bytes, { start: 0, end: bytes.length }, inOrder(edits, enclosing)), records };
}

/** One record with its tag, without what is around it, and where the inserted bytes lie in it. */
export function taggedRecord(batch: TaggedBatch, index: number): { bytes: Uint8Array; tag: Span } {
  const record = batch.records[index]!;
  const edits: Edit[] = [];
  addEdits(batch, index, edits);
  const tag = { start: 0, end: 0 };
  let shift = -record.start;
  for (const edit of edits) {
    // The others are lengths.
    if (edit.insert.length > tag.end - tag.start) {
      tag.start = edit.start + shift;
      tag.end = tag.start + edit.insert.length;
    }
    shift += growthBy(edit);
  }
  return { bytes: applyEdits(batch.bytes, record, edits), tag };
}

function growthBy({ start, end, insert }: Edit): number {
  return insert.length - (end - start);
}

/** Merges edits of records with those of what is around them, which lie elsewhere. */
export function inOrder(edits: readonly Edit[], enclosing: readonly Edit[] = []): readonly Edit[] {
  if (enclosing.length === 0) return edits;
  // An insertion at the end of a record comes before what is changed there.
  return [...enclosing, ...edits].sort((a, b) => a.start - b.start || a.end - b.end);
}

function addEdits({ codec, bytes, records, tags, memberName }: TaggedBatch, index: number, edits: Edit[]): void {
  const record = records[index]!;
  const tag = tags[index];
  if (record.kind === 'map' && tag !== undefined) codec.splice(bytes, record, memberName, tag, edits);
}

/** The bytes of a span after edits: what lies between them is copied as it is.
 * @param edits in order of offset, all inside the span */
export function applyEdits(bytes: Uint8Array, span: Span, edits: readonly Edit[]): Uint8Array {
  const length = lengthAfter(span, edits);
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const result = Buffer.allocUnsafe(length);
  let from = span.start;
  let to = 0;
  for (const { start, end, insert } of edits) {
    to += source.copy(result, to, from, start);
    result.set(insert, to);
    to += insert.length;
    from = end;
  }
  source.copy(result, to, from, span.end);
  return result;
}

/** How many bytes a span has after edits.
 * @param edits in order of offset, all inside the span */
export function lengthAfter(span: Span, edits: readonly Edit[]): number {
  let length = span.end - span.start;
  let previousEnd = span.start;
  for (const { start, end, insert } of edits) {
    // The result would have bytes that are never written, and these hold what was in memory before.
    if (start < previousEnd)
      throw new Error(`the edit at byte ${start} overlaps the one that ends at byte ${previousEnd}`);
    length += insert.length - (end - start);
    previousEnd = end;
  }
  return length;
}
