/**
 * The bytes of a segment of a spool: a line with the version and a mark, then entries.
 *
 * An entry is 28 bytes, a head and a rest. The 28 bytes are the mark of the segment, 8 bytes, then as unsigned 32-bit integers,
 * little-endian: the length of the head, the length of the rest, and the CRC-32 of the head, of the rest and of the 24 bytes
 * before. The head is JSON; a reader ignores members that it does not know, so an older version reads what a newer one has
 * added to. Changes that an older version cannot read get another version in the first line.
 *
 * Since the lengths have a checksum of their own, an entry that a crash cut short can be distinguished from a corrupt one.
 * Since the mark is random, nobody who writes records can forge bytes in them that would pass for an entry after corruption.
 */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { isMap } from '../../json/map.ts';

const LINE_START = 'tripline spool 1 ';
const LINE = new RegExp(`^${LINE_START}([0-9a-f]{16})\n$`);
/** Length of the first line of a segment. */
export const LINE_BYTES = 34;
const MARK_BYTES = 8;
export const HEADER_BYTES = MARK_BYTES + 5 * 4;

/** The first line of a new segment. */
export function newLine(): Buffer {
  return Buffer.from(`${LINE_START}${randomBytes(MARK_BYTES).toString('hex')}\n`);
}

/** The mark in the first line of a segment, or why there is none: a crash cut the line, or it has another version.
 * @param line as many of its bytes as exist */
export function markIn(line: Buffer): Buffer | 'cut' | 'foreign' {
  const text = line.toString('latin1');
  const match = LINE.exec(text);
  if (match) return Buffer.from(match[1]!, 'hex');
  const start = text.slice(0, LINE_START.length);
  return line.length < LINE_BYTES && LINE_START.startsWith(start) ? 'cut' : 'foreign';
}

/** How much of a file is read at once if only heads are wanted. */
const WINDOW_BYTES = 256 * 1024;

/** What precedes the bytes of a batch. */
export interface EntryHead {
  /** When it was written, in milliseconds of Unix time. */
  time: number;
  /** Digest of the batch as it was received (`digestOf`). */
  digest: string;
  fluentTag?: string;
  /** Name of the body's codec. */
  codec: string;
  /** Not counting group markers. */
  records: number;
  /** Bytes of the table of records, which lies between the head and the body. */
  tableBytes: number;
  memberName: string;
  dateKey: string;
  /** Decimal, as it exceeds the numbers of JSON. */
  receivedUnixNano: string;
  /** The tags of those records that have no place for one, by index. */
  tags?: [index: number, tag: unknown][];
}

/** An entry that has no position in a segment yet. */
export interface Entry {
  digest: string;
  /** JSON of an EntryHead. */
  head: Uint8Array;
  rest: readonly Uint8Array[];
  /** Including the header. */
  bytes: number;
}

export function makeEntry(head: EntryHead, rest: readonly Uint8Array[]): Entry {
  const headBytes = Buffer.from(JSON.stringify(head));
  const bytes = rest.reduce((sum, { length }) => sum + length, HEADER_BYTES + headBytes.length);
  return { digest: head.digest, head: headBytes, rest, bytes };
}

/** The bytes of an entry in a segment with this mark, in parts that are written one after another. */
export function encodeEntry(mark: Buffer, { head, rest, bytes }: Entry): Uint8Array[] {
  const header = Buffer.alloc(HEADER_BYTES);
  mark.copy(header);
  header.writeUInt32LE(head.length, 8);
  header.writeUInt32LE(bytes - HEADER_BYTES - head.length, 12);
  header.writeUInt32LE(crc32(head), 16);
  header.writeUInt32LE(
    rest.reduce((crc, part) => crc32(part, crc), 0),
    20,
  );
  header.writeUInt32LE(crc32(header.subarray(0, 24)), 24);
  return [header, head, ...rest];
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

/** What lies at an offset of a segment, up to `end`. */
export type Found =
  | ({ kind: 'entry' } & EntryPlace)
  /** Bytes that are no entry, or one that has changed since it was written. */
  | { kind: 'corrupt'; start: number; end: number; head?: EntryHead; reason: string }
  /** The segment ends within an entry: the one being written when the process or the machine stopped. */
  | { kind: 'torn'; start: number; end: number };

/** Reads from a file, as a FileHandle does. */
export interface Readable {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

/** The bytes of a file up to `size`; those that lie close together are read at once. */
export class Source {
  size: number;
  readonly mark: Buffer;
  readonly #file: Readable;
  #window = Buffer.alloc(0);
  #start = 0;

  /** @param mark of the segment that the file is */
  constructor(file: Readable, size: number, mark: Buffer) {
    this.#file = file;
    this.size = size;
    this.mark = mark;
  }

  /** Fewer if the file ends. */
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
    // A window of many megabytes is not kept.
    const whole = window.subarray(0, filled);
    if (length <= WINDOW_BYTES) {
      this.#window = whole;
      this.#start = start;
    }
    return whole.subarray(0, length);
  }
}

/** What lies at an offset; undefined if the segment ends there.
 * @param verify whether the rest is read as well, to compare its checksum */
export async function findAt(source: Source, start: number, verify: boolean): Promise<Found | undefined> {
  const { size } = source;
  if (start >= size) return undefined;
  const header = await source.bytes(start, HEADER_BYTES);
  if (header.length < HEADER_BYTES) return { kind: 'torn', start, end: size };
  if (!isHeader(header, source.mark)) return corruptUntilNext(source, start);
  const headLength = header.readUInt32LE(8);
  const restStart = start + HEADER_BYTES + headLength;
  const end = restStart + header.readUInt32LE(12);
  if (end > size) return { kind: 'torn', start, end: size };
  const headBytes = await source.bytes(start + HEADER_BYTES, headLength);
  if (crc32(headBytes) !== header.readUInt32LE(16)) {
    return { kind: 'corrupt', start, end, reason: 'the checksum of its head is wrong' };
  }
  const head = headFrom(headBytes);
  if (head === undefined) return { kind: 'corrupt', start, end, reason: 'its head is not of a known form' };
  const place: EntryPlace = { start, end, head, restStart, restCrc: header.readUInt32LE(20) };
  if (verify && (await readRest(source, place)) === undefined) {
    return { kind: 'corrupt', start, end, head, reason: WRONG_REST };
  }
  return { kind: 'entry', ...place };
}

export const WRONG_REST = 'the checksum of its records is wrong';

/** The rest of an entry; undefined if it has changed since it was written. */
export async function readRest(source: Source, { restStart, end, restCrc }: EntryPlace): Promise<Buffer | undefined> {
  const rest = await source.bytes(restStart, end - restStart);
  return rest.length === end - restStart && crc32(rest) === restCrc ? rest : undefined;
}

function isHeader(header: Buffer, mark: Buffer): boolean {
  return header.subarray(0, MARK_BYTES).equals(mark) && crc32(header.subarray(0, 24)) === header.readUInt32LE(24);
}

/** The lengths cannot be trusted, so the next entry is searched for. Zeros up to the end are space that a file system had
 * allocated to a file but not written to. */
async function corruptUntilNext(source: Source, start: number): Promise<Found> {
  const { mark } = source;
  let isZero = true;
  for (let at = start; at < source.size; ) {
    const window = await source.bytes(at, Math.min(WINDOW_BYTES, source.size - at));
    if (window.length === 0) break;
    for (let found = window.indexOf(mark); found !== -1; found = window.indexOf(mark, found + 1)) {
      const place = at + found;
      if (place === start) continue;
      const header = await source.bytes(place, HEADER_BYTES);
      if (header.length === HEADER_BYTES && isHeader(header, mark)) {
        return { kind: 'corrupt', start, end: place, reason: 'the checksum of its lengths is wrong' };
      }
    }
    isZero &&= window.every((byte) => byte === 0);
    // A mark may span two windows.
    at += window.length > MARK_BYTES && at + window.length < source.size ? window.length - MARK_BYTES : window.length;
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
  const { time, digest, fluentTag, codec, records, tableBytes, memberName, dateKey, receivedUnixNano, tags } = head;
  const isKnown =
    [time, records, tableBytes].every((one) => typeof one === 'number') &&
    [digest, codec, memberName, dateKey].every((one) => typeof one === 'string') &&
    typeof receivedUnixNano === 'string' &&
    /^\d{1,20}$/.test(receivedUnixNano) &&
    (fluentTag === undefined || typeof fluentTag === 'string') &&
    (tags === undefined || Array.isArray(tags));
  return isKnown ? (head as unknown as EntryHead) : undefined;
}
