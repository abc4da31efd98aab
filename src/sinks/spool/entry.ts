/**
 * A tagged batch as an entry of a spool, and back.
 *
 * It holds the body as it was received, each record with its tag, and a table of where its records lie: neither what
 * the sink would send nor what the rules need. So an entry outlives changes to the sink's settings (a prefix, a limit that
 * was too high for the receiver), to the rules, and to what another version makes of either; and it can be read like any
 * other body of records.
 */

import { digestOf } from '../../batch/digest.ts';
import { taggedBodyAndRecords } from '../../batch/splice.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { codecNamed } from '../../codecs/index.ts';
import { Problem } from '../../problem.ts';
import type { LogRecord } from '../../record.ts';
import { type Entry, type EntryHead, makeEntry } from './format.ts';

/** Numbers in the table for each record: start and end, then start and end of the map. */
const ROW = 4;
/** Instead of the start of a map. */
const GROUP = 0xffffffff;
const OTHER = 0xfffffffe;

/** A batch as an entry.
 * @param time in milliseconds of Unix time */
export function entryFrom(batch: TaggedBatch, time: number): Entry & { records: number } {
  const { fluentTag, codec, tags, memberName, dateKey, receivedUnixNano } = batch;
  const { body, records } = taggedBodyAndRecords(batch);
  const table = new Uint32Array(records.length * ROW);
  const placeless: [number, unknown][] = [];
  let count = 0;
  records.forEach((record, index) => {
    const { start, end } = record;
    const map = record.kind === 'map' ? record.map : { start: record.kind === 'group' ? GROUP : OTHER, end: 0 };
    table.set([start, end, map.start, map.end], index * ROW);
    if (record.kind === 'other' && tags[index] !== undefined) placeless.push([index, tags[index]]);
    if (record.kind !== 'group') count++;
  });
  const head: EntryHead = {
    time,
    digest: digestOf(batch),
    ...(fluentTag !== undefined && { fluentTag }),
    codec: codec.name,
    records: count,
    tableBytes: table.byteLength,
    memberName,
    dateKey,
    receivedUnixNano: String(receivedUnixNano),
    ...(placeless.length > 0 && { tags: placeless }),
  };
  return { records: count, ...makeEntry(head, [new Uint8Array(table.buffer), body]) };
}

/** The body of an entry, each record with its tag.
 * @param rest what follows the head */
export function bodyOf({ tableBytes }: EntryHead, rest: Uint8Array): Uint8Array {
  return rest.subarray(tableBytes);
}

/** The batch of an entry. Its tags are in its bytes, except those of records that have no place for one.
 * @param rest what follows the head
 * @throws Error if the entry is not one that this version has written */
export function batchFrom(head: EntryHead, rest: Uint8Array): TaggedBatch {
  const { fluentTag, memberName, dateKey, receivedUnixNano } = head;
  const codec = codecNamed(head.codec);
  if (codec === undefined)
    throw new Error(`its records are in the layout ${head.codec}, which this version cannot read`);
  const bytes = bodyOf(head, rest);
  const records = recordsFrom(Buffer.from(rest.buffer, rest.byteOffset, head.tableBytes), bytes.length);
  const tags: TaggedBatch['tags'][number][] = records.map(() => undefined);
  for (const [index, tag] of head.tags ?? []) tags[index] = tag as TaggedBatch['tags'][number];
  const received = BigInt(receivedUnixNano);
  return { fluentTag, codec, bytes, records, tags, memberName, dateKey, receivedUnixNano: received };
}

function recordsFrom(table: Buffer, length: number): LogRecord[] {
  const records: LogRecord[] = [];
  let before = 0;
  for (let at = 0; at < table.length; at += ROW * 4) {
    const number = (index: number) => table.readUInt32LE(at + 4 * index);
    const [start, end, mapStart, mapEnd] = [number(0), number(1), number(2), number(3)];
    if (start < before || end < start || end > length) throw new Error('its table of records does not fit its bytes');
    before = end;
    if (mapStart === GROUP) records.push({ kind: 'group', start, end });
    else if (mapStart === OTHER) records.push({ kind: 'other', start, end, problem: unreadable });
    else records.push({ kind: 'map', start, end, map: { start: mapStart, end: mapEnd } });
  }
  return records;
}

/** The record's tag contains the exact problem. */
const unreadable = new Problem('record.malformed', 'as its tag says');
