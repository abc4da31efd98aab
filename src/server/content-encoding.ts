/** Request bodies as they were before compression, within limits. */
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import type { Config } from '../config/index.ts';
import { Problem } from '../problem.ts';

type Decompress = (body: Uint8Array, maxOutputLength: number) => Promise<Uint8Array>;

/** What Fluent Bit's `compress` knows, by the name in Content-Encoding. */
const encodings: Record<string, Decompress> = {
  identity: async (body) => body,
  gzip: (body, maxOutputLength) => promisify(gunzip)(body, { maxOutputLength }),
  zstd: (body, maxOutputLength) => promisify(zstdDecompress)(body, { maxOutputLength }),
  snappy: async (body, maxOutputLength) => {
    if (snappyLength(body) > maxOutputLength) throw tooLarge(maxOutputLength);
    const { uncompress } = await import('snappy');
    return (await uncompress(Buffer.from(body), { asBuffer: true })) as Buffer;
  },
};

/** A body without its compression.
 * @param encoding the Content-Encoding header
 * @throws Problem `request.encoding`, `body.corrupt` or `body.too_large` */
export async function decompress(
  body: Uint8Array,
  encoding: string | undefined,
  { maxDecompressedBytes, maxCompressionRatio }: Config['limits'],
): Promise<Uint8Array> {
  const name = encoding?.trim().toLowerCase() || 'identity';
  if (!Object.hasOwn(encodings, name)) throw new Problem('request.encoding', `Content-Encoding is '${name}'`);
  const maxOutputLength = Math.ceil(Math.min(maxDecompressedBytes, body.length * maxCompressionRatio));
  try {
    return await encodings[name](body, maxOutputLength);
  } catch (error) {
    if (error instanceof Problem) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxOutputLength);
    throw new Problem('body.corrupt', `${body.length} bytes of ${name}: ${(error as Error).message}`, { cause: error });
  }
}

function tooLarge(limit: number): Problem {
  return new Problem('body.too_large', `more than ${limit} bytes after decompression`);
}

/** The length that a raw snappy block claims, which a decoder allocates before it looks further.
 * @see https://github.com/google/snappy/blob/main/format_description.txt */
function snappyLength(block: Uint8Array): number {
  let length = 0;
  for (let index = 0; index < Math.min(block.length, 5); index++) {
    length += (block[index] & 0x7f) * 2 ** (7 * index);
    if (block[index] < 0x80) return length;
  }
  throw new Problem('body.corrupt', 'a snappy block begins with its length, which is not there');
}
