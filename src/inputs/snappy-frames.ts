/** Snappy's framing format, as files have it.
 * @see https://github.com/google/snappy/blob/main/framing_format.txt */
import { uncompress } from 'snappy';
import { Problem } from '../problem.ts';
import type { Chunks } from './chunks.ts';

const COMPRESSED = 0x00;
const UNCOMPRESSED = 0x01;
const FIRST_SKIPPABLE = 0x80;
const HEADER_LENGTH = 4;
const CHECKSUM_LENGTH = 4;
/** The most bytes that a frame holds, before compression. */
const MAX_FRAME = 65_536;

/** Yields the data of each frame.
 * @throws Problem `body.corrupt` */
export async function* uncompressFrames(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let pending = Buffer.alloc(0);
  for await (const chunk of chunks) {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      if (pending.length < HEADER_LENGTH) break;
      const kind = pending[0];
      const end = HEADER_LENGTH + pending.readUIntLE(1, 3);
      if (kind < FIRST_SKIPPABLE && end > HEADER_LENGTH + CHECKSUM_LENGTH + 2 * MAX_FRAME) {
        throw corrupt(`a frame claims to have ${end} bytes`);
      }
      if (pending.length < end) break;
      const body = pending.subarray(HEADER_LENGTH, end);
      pending = pending.subarray(end);
      if (kind < FIRST_SKIPPABLE) yield await dataOf(kind, body);
    }
  }
  if (pending.length > 0) throw corrupt('it ends inside a frame');
}

async function dataOf(kind: number, body: Buffer): Promise<Uint8Array> {
  if (kind !== COMPRESSED && kind !== UNCOMPRESSED) throw corrupt(`0x${kind.toString(16)} is not a type of frame`);
  if (body.length < CHECKSUM_LENGTH) throw corrupt('a frame has no checksum');
  const packed = body.subarray(CHECKSUM_LENGTH);
  const data = kind === COMPRESSED ? await uncompressBlock(packed) : packed;
  if (maskedCrc32c(data) !== body.readUInt32LE(0)) throw corrupt('the checksum of a frame is wrong');
  return data;
}

async function uncompressBlock(block: Buffer): Promise<Uint8Array> {
  // A block begins with its length, which the decoder allocates before it looks further.
  const length =
    (block[0] & 0x7f) + (block[0] < 0x80 ? 0 : (block[1] & 0x7f) * 2 ** 7 + (block[1] < 0x80 ? 0 : block[2] * 2 ** 14));
  if (!(length <= MAX_FRAME)) throw corrupt(`a block claims to have ${length} bytes`);
  try {
    return (await uncompress(block, { asBuffer: true })) as Buffer;
  } catch (error) {
    throw corrupt((error as Error).message);
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** Checksum of the framing format: CRC-32C, rotated and shifted so that data may hold checksums itself. */
export function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function corrupt(detail: string): Problem {
  return new Problem('body.corrupt', `snappy: ${detail}`);
}
