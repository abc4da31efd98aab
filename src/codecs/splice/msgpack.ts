/** Splices a member into a MessagePack map: the header counts one more, the pair is appended. */

import { encode } from '../../msgpack/encode.ts';
import { headerAt, pairs } from '../../msgpack/scan.ts';
import { createWriter } from '../../msgpack/write.ts';
import type { LogRecord, Span } from '../../record.ts';
import type { Edit } from '../codec.ts';
import { encodedOnce } from './encoded.ts';

/** Adds the edits that give a record its tag. */
export function spliceRecord(
  bytes: Uint8Array,
  { map, outline }: LogRecord & { kind: 'map' },
  name: string,
  tag: object,
  edits: Edit[],
): void {
  if (outline === undefined) spliceMember(bytes, map, name, tag, edits);
  else appendPair(bytes, map, encodedPair(name, tag), edits);
}

/** Adds the edits that set a member of a map. Existing members with the key are replaced: the last one in place, the others
 * are removed.
 * @param map a span that endOfValue has delimited
 * @param value must not change: it is encoded once */
export function spliceMember(bytes: Uint8Array, map: Span, name: string, value: object, edits: Edit[]): void {
  const insert = encodedPair(name, value);
  const existing = pairs(bytes, map.start, map.end, name);
  const last = existing.pop();
  if (last === undefined) {
    appendPair(bytes, map, insert, edits);
  } else {
    removePairs(bytes, map, existing, edits);
    edits.push({ start: last.start, end: last.end, insert });
  }
}

function appendPair(bytes: Uint8Array, map: Span, insert: Uint8Array, edits: Edit[]): void {
  edits.push(resize(bytes, map, 1), { start: map.end, end: map.end, insert });
}

/** Adds the edits that remove members from a map.
 * @param removed pairs of this map, in order */
export function removePairs(bytes: Uint8Array, map: Span, removed: readonly Span[], edits: Edit[]): void {
  if (removed.length === 0) return;
  edits.push(resize(bytes, map, -removed.length));
  for (const { start, end } of removed) edits.push({ start, end, insert: nothing });
}

const nothing = new Uint8Array();

/** The edit of a header that counts more or fewer members: as wide as before, or wider if necessary. */
function resize(bytes: Uint8Array, map: Span, by: number): Edit {
  const header = headerAt(bytes, map.start, map.end)!;
  return { start: map.start, end: header.end, insert: mapHeader(header.length + by, header.end - map.start) };
}

const encodedPair = encodedOnce((name, value) => {
  const writer = createWriter();
  writer.string(name);
  writer.raw(encode(value));
  return writer.finish();
});

/** Headers of a byte, and of three up to 255 members: those of nearly all maps. */
const fixmaps = Array.from({ length: 16 }, (_, length) => Uint8Array.of(0x80 | length));
const map16s = Array.from({ length: 256 }, (_, length) => Uint8Array.of(0xde, 0, length));

function mapHeader(length: number, width: number): Uint8Array {
  if (width === 1 && length < 16) return fixmaps[length]!;
  if (width <= 3 && length < 256) return map16s[length]!;
  if (width <= 3 && length <= 0xffff) return Uint8Array.of(0xde, length >> 8, length & 0xff);
  const header = Buffer.from([0xdf, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 1);
  return header;
}
