/** The decompressed bytes of a stream, whose first bytes identify the compression. */
import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Problem } from '../problem.ts';
import { type Chunks, peek } from './chunks.ts';
import { uncompressFrames } from './snappy-frames.ts';

interface Compression {
  name: string;
  magic: Uint8Array;
  decompress: (chunks: Chunks) => Chunks;
}

const compressions: readonly Compression[] = [
  { name: 'gzip', magic: Uint8Array.of(0x1f, 0x8b), decompress: (chunks) => through(chunks, createGunzip()) },
  {
    name: 'zstd',
    magic: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd),
    decompress: (chunks) => through(chunks, createZstdDecompress()),
  },
  { name: 'snappy', magic: Buffer.from('\xff\x06\x00\x00sNaPpY', 'latin1'), decompress: uncompressFrames },
  { name: 'xz', magic: Buffer.from('\xfd7zXZ\x00', 'latin1'), decompress: unread('xz', 'xz -dc') },
  { name: 'bzip2', magic: Buffer.from('BZh'), decompress: unread('bzip2', 'bzip2 -dc') },
  { name: 'zip', magic: Buffer.from('PK\x03\x04', 'latin1'), decompress: unread('zip', 'unzip -p') },
];

const LONGEST_MAGIC = Math.max(...compressions.map(({ magic }) => magic.length));

/** Yields the decompressed bytes as they come, in chunks of a size of their own; bytes that are not compressed pass as they
 * are. Gzip and zstd may consist of several members in a row, as in concatenated rotated logs.
 * @throws Problem `body.corrupt` if the compressed data is broken, `request.encoding` for an unsupported compression */
export async function* decompressed(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(chunks, LONGEST_MAGIC);
  const compression = compressions.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (compression === undefined) return yield* rest;
  try {
    yield* compression.decompress(rest);
  } catch (error) {
    if (error instanceof Problem || !(error as NodeJS.ErrnoException).code?.startsWith('Z')) throw error;
    throw new Problem('body.corrupt', `${compression.name}: ${(error as Error).message}`, { cause: error });
  }
}

function through(chunks: Chunks, transform: Transform): Chunks {
  // The error reaches whoever reads the transform.
  pipeline(Readable.from(chunks, { objectMode: false }), transform, () => {});
  return transform;
}

function unread(name: string, command: string): Compression['decompress'] {
  return () => {
    throw new Problem('request.encoding', `${name} is not supported; use ${command} FILE | tripline scan`);
  };
}
