/** Heads of messages: how many bytes each has, and where it stands in its topic. */
import type { LogRecord, Span } from '../../record.ts';
import type { Edit, Selection } from '../codec.ts';

/** Where a message stands in its topic. */
export interface Position {
  partition: number;
  offset: bigint;
}

/** Bytes of a head: length of the message and partition (32 bits each), offset (64 bits), all big-endian. */
export const HEAD_BYTES = 16;

/** The bytes of a batch.
 * @param messages each in the parts that it is to have */
export function messagesBody(messages: readonly (Position & { parts: readonly Uint8Array[] })[]): Buffer<ArrayBuffer> {
  const lengths = messages.map(({ parts }) => parts.reduce((sum, { length }) => sum + length, 0));
  // An ArrayBuffer of its own, so that it goes to another thread without a copy.
  const body = Buffer.from(new ArrayBuffer(lengths.reduce((sum, length) => sum + HEAD_BYTES + length, 0)));
  let at = 0;
  for (const [index, { partition, offset, parts }] of messages.entries()) {
    body.writeUInt32BE(lengths[index]!, at);
    body.writeUInt32BE(partition, at + 4);
    body.writeBigUInt64BE(offset, at + 8);
    at += HEAD_BYTES;
    for (const part of parts) {
      body.set(part, at);
      at += part.length;
    }
  }
  return body;
}

/** Where the message of a record stands. */
export function positionOf(bytes: Uint8Array, { start }: Span): Position {
  const head = headBefore(bytes, start);
  return { partition: head.getUint32(4), offset: head.getBigUint64(8) };
}

/** The head of the message that begins at an offset. */
export function headBefore(bytes: Uint8Array, start: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + start - HEAD_BYTES, HEAD_BYTES);
}

/** The lengths of messages that have changed. */
export function enclose(bytes: Uint8Array, edits: readonly Edit[]): Edit[] {
  const lengths: Edit[] = [];
  let next = 0;
  for (let at = 0; next < edits.length; ) {
    const length = headBefore(bytes, at + HEAD_BYTES).getUint32(0);
    const end = at + HEAD_BYTES + length;
    let growth = 0;
    for (; next < edits.length && edits[next]!.end <= end; next++) {
      const { start, end: to, insert } = edits[next]!;
      growth += insert.length - (to - start);
    }
    if (growth !== 0) lengths.push({ start: at, end: at + 4, insert: uint32(length + growth) });
    at = end;
  }
  return lengths;
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function frame(records: readonly Uint8Array[]): Uint8Array {
  return messagesBody(records.map((record) => ({ partition: 0, offset: 0n, parts: [record] })));
}

export function select(bytes: Uint8Array, records: readonly LogRecord[]): Selection {
  const units = records.map(({ start, end }) => bytes.subarray(start - HEAD_BYTES, end));
  let at = HEAD_BYTES;
  const moved = records.map((record): LogRecord => {
    const shift = at - record.start;
    const [start, end] = [at, record.end + shift];
    at = end + HEAD_BYTES;
    if (record.kind !== 'map') return { ...record, start, end };
    return { ...record, start, end, map: { start: record.map.start + shift, end: record.map.end + shift } };
  });
  return { bytes: Buffer.concat(units), records: moved };
}
