/** Splices a member into a MessagePack map: the header counts one more, the pair is appended. */

import { encode } from '../../msgpack/encode.ts';
import { headerAt, pairs } from '../../msgpack/scan.ts';
import { createWriter } from '../../msgpack/write.ts';
import type { LogRecord, Span } from '../../record.ts';
import type { Edit } from '../codec.ts';

const encoded = new WeakMap<object, { name: string; pair: Uint8Array }>();

/** The edits that give a record its tag. */
export function spliceRecord(
  bytes: Uint8Array,
  { map, outline }: LogRecord & { kind: 'map' },
  name: string,
  tag: object,
): Edit[] {
  if (outline === undefined) return spliceMember(bytes, map, name, tag);
  return [...resize(bytes, map, 1), { start: map.end, end: map.end, insert: encodedPair(name, tag) }];
}

/** The edits that set a member of a map. Members that have the key already give way: the last one in place, the others
 * are taken out.
 * @param map a span that endOfValue has delimited
 * @param value is encoded once and must not change: the clear records of a batch share one tag */
export function spliceMember(bytes: Uint8Array, map: Span, name: string, value: object): Edit[] {
  const insert = encodedPair(name, value);
  const existing = pairs(bytes, map.start, map.end, name);
  const last = existing.pop();
  const edits = removePairs(bytes, map, existing);
  if (last !== undefined) return [...edits, { start: last.start, end: last.end, insert }];
  return [...resize(bytes, map, 1), { start: map.end, end: map.end, insert }];
}

/** The edits that take members out of a map.
 * @param removed pairs of this map, in order */
export function removePairs(bytes: Uint8Array, map: Span, removed: readonly Span[]): Edit[] {
  if (removed.length === 0) return [];
  const nothing = new Uint8Array();
  return [
    ...resize(bytes, map, -removed.length),
    ...removed.map(({ start, end }) => ({ start, end, insert: nothing })),
  ];
}

/** The edit of a header that is to count more or fewer members: as wide as it is, or wider if it must be. */
function resize(bytes: Uint8Array, map: Span, by: number): Edit[] {
  const header = headerAt(bytes, map.start, map.end)!;
  return [{ start: map.start, end: header.end, insert: mapHeader(header.length + by, header.end - map.start) }];
}

function encodedPair(name: string, value: object): Uint8Array {
  const cached = encoded.get(value);
  if (cached?.name === name) return cached.pair;
  const writer = createWriter();
  writer.string(name);
  writer.raw(encode(value));
  const pair = writer.finish();
  encoded.set(value, { name, pair });
  return pair;
}

function mapHeader(length: number, width: number): Uint8Array {
  if (width === 1 && length < 16) return Uint8Array.of(0x80 | length);
  if (width <= 3 && length <= 0xffff) return Uint8Array.of(0xde, length >> 8, length & 0xff);
  const header = Buffer.from([0xdf, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 1);
  return header;
}
