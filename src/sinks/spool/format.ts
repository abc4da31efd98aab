/**
 * The bytes of a segment of a spool: a line with the version, then entries.
 *
 * An entry is 24 bytes, a head and a rest. The 24 bytes are `TLSE`, then as unsigned 32-bit integers, little-endian: the
 * length of the head, the length of the rest, and the CRC-32 of the head, of the rest and of the 20 bytes before. The head is
 * JSON; a member that a reader does not know is passed over, so an older version reads what a newer one has added to. What
 * an older version cannot read gets another version in the first line.
 *
 * Since the lengths have a checksum of their own, an entry that a crash cut short is told from one that has rotted.
 */
import { crc32 } from 'node:zlib';
import { isMap } from '../../json/map.ts';

/** The first line of each segment. */
export const SEGMENT_LINE = Buffer.from('tripline spool 1\n');

const MARK = Buffer.from('TLSE');
export const HEADER_BYTES = 24;
/** What is read of a file at once where only heads are wanted. */
const WINDOW_BYTES = 256 * 1024;

/** What stands before the bytes of a batch. */
export interface EntryHead {
  /** When it was written, in milliseconds of Unix time. */
  time: number;
  /** Of the batch as it was received (`digestOf`). */
  digest: string;
  fluentTag?: string;
  /** Of the body. */
  mediaType: string;
  /** Without group markers. */
  records: number;
  /** Bytes of the table of records, which stands between the head and the body. */
  tableBytes: number;
  memberName: string;
  dateKey: string;
  /** Decimal, as it is beyond what JSON's numbers hold. */
  receivedUnixNano: string;
  /** The tags of those records that have no place for one, by index. */
  tags?: [index: number, tag: unknown][];
}

/** The bytes of an entry, in parts that are written one after another. */
export function encodeEntry(head: EntryHead, rest: readonly Uint8Array[]): Uint8Array[] {
  const headBytes = Buffer.from(JSON.stringify(head));
  const header = Buffer.alloc(HEADER_BYTES);
  MARK.copy(header);
  header.writeUInt32LE(headBytes.length, 4);
  header.writeUInt32LE(
    rest.reduce((sum, { length }) => sum + length, 0),
    8,
  );
  header.writeUInt32LE(crc32(headBytes), 12);
  header.writeUInt32LE(
    rest.reduce((crc, part) => crc32(part, crc), 0),
    16,
  );
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20);
  return [header, headBytes, ...rest];
}

/** Where an entry lies in its segment. */
export interface EntryPlace {
  start: number;
  end: number;
  head: EntryHead;
  /** Where the rest begins; it ends with the entry. */
  restStart: number;
  restCrc: number;
}

/** What lies at a place of a segment, up to `end`. */
export type Found =
  | ({ kind: 'entry' } & EntryPlace)
  /** Bytes that are no entry, or one that has changed since it was written. */
  | { kind: 'corrupt'; start: number; end: number; reason: string }
  /** The segment ends within an entry: what was written when the process or the machine stopped. */
  | { kind: 'torn'; start: number; end: number };

/** Reads from a file, as a FileHandle does. */
export interface Readable {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

/** The bytes of a file up to `size`, of which those that lie close together are read at once. */
export class Source {
  size: number;
  readonly #file: Readable;
  #window = Buffer.alloc(0);
  #start = 0;

  constructor(file: Readable, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** Fewer where the file ends. */
  async bytes(start: number, length: number): Promise<Buffer> {
    const from = start - this.#start;
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
    const wanted = Math.min(this.size - start, Math.max(length, WINDOW_BYTES));
    const window = Buffer.allocUnsafe(Math.max(0, wanted));
    let filled = 0;
    while (filled < window.length) {
      const { bytesRead } = await this.#file.read(window, filled, window.length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    // One of many megabytes is not kept.
    const whole = window.subarray(0, filled);
    if (length <= WINDOW_BYTES) {
      this.#window = whole;
      this.#start = start;
    }
    return whole.subarray(0, length);
  }
}

/** What lies at a place; undefined where the segment ends there.
 * @param verify whether the rest is read as well, to compare its checksum */
export async function findAt(source: Source, start: number, verify: boolean): Promise<Found | undefined> {
  const { size } = source;
  if (start >= size) return undefined;
  const header = await source.bytes(start, HEADER_BYTES);
  if (header.length < HEADER_BYTES) return { kind: 'torn', start, end: size };
  if (!isHeader(header)) return corruptUntilNext(source, start);
  const headLength = header.readUInt32LE(4);
  const restStart = start + HEADER_BYTES + headLength;
  const end = restStart + header.readUInt32LE(8);
  if (end > size) return { kind: 'torn', start, end: size };
  const headBytes = await source.bytes(start + HEADER_BYTES, headLength);
  if (crc32(headBytes) !== header.readUInt32LE(12)) {
    return { kind: 'corrupt', start, end, reason: 'the checksum of its head is wrong' };
  }
  const head = headFrom(headBytes);
  if (head === undefined) return { kind: 'corrupt', start, end, reason: 'its head is not one that is known' };
  const place: EntryPlace = { start, end, head, restStart, restCrc: header.readUInt32LE(16) };
  if (verify && (await readRest(source, place)) === undefined) {
    return { kind: 'corrupt', start, end, reason: WRONG_REST };
  }
  return { kind: 'entry', ...place };
}

export const WRONG_REST = 'the checksum of its records is wrong';

/** The rest of an entry; undefined where it has changed since it was written. */
export async function readRest(source: Source, { restStart, end, restCrc }: EntryPlace): Promise<Buffer | undefined> {
  const rest = await source.bytes(restStart, end - restStart);
  return rest.length === end - restStart && crc32(rest) === restCrc ? rest : undefined;
}

function isHeader(header: Buffer): boolean {
  return header.subarray(0, 4).equals(MARK) && crc32(header.subarray(0, 20)) === header.readUInt32LE(20);
}

/** The lengths are not to be trusted, so the next entry is looked for. Zeros up to the end are room that a file system had
 * given to a file, and did not write to. */
async function corruptUntilNext(source: Source, start: number): Promise<Found> {
  let isZero = true;
  for (let at = start; at < source.size; ) {
    const window = await source.bytes(at, Math.min(WINDOW_BYTES, source.size - at));
    if (window.length === 0) break;
    for (let found = window.indexOf(MARK); found !== -1; found = window.indexOf(MARK, found + 1)) {
      const place = at + found;
      if (place === start) continue;
      const header = await source.bytes(place, HEADER_BYTES);
      if (header.length === HEADER_BYTES && isHeader(header)) {
        return { kind: 'corrupt', start, end: place, reason: 'the checksum of its lengths is wrong' };
      }
    }
    isZero &&= window.every((byte) => byte === 0);
    // A mark may lie across two windows.
    at += window.length > MARK.length && at + window.length < source.size ? window.length - MARK.length : window.length;
  }
  if (isZero) return { kind: 'torn', start, end: source.size };
  return { kind: 'corrupt', start, end: source.size, reason: 'the checksum of its lengths is wrong' };
}

function headFrom(bytes: Buffer): EntryHead | undefined {
  let head: unknown;
  try {
    head = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  if (!isMap(head)) return undefined;
  const { time, digest, fluentTag, mediaType, records, tableBytes, memberName, dateKey, receivedUnixNano, tags } = head;
  const isKnown =
    [time, records, tableBytes].every((one) => typeof one === 'number') &&
    [digest, mediaType, memberName, dateKey, receivedUnixNano].every((one) => typeof one === 'string') &&
    (fluentTag === undefined || typeof fluentTag === 'string') &&
    (tags === undefined || Array.isArray(tags));
  return isKnown ? (head as unknown as EntryHead) : undefined;
}
