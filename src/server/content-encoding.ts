/** Decompresses request bodies, within limits. */
import { setImmediate } from 'node:timers/promises';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import type { Config } from '../config/index.ts';
import { freeAlone } from '../free.ts';
import { Problem } from '../problem.ts';
import type { ByteShare } from './byte-budget.ts';
import { growingBytes } from './growing-bytes.ts';

/** Decompresses a body; one that is not compressed is returned as it is.
 * @param encoding the Content-Encoding header
 * @param share is charged as the body grows
 * @param gone ends the work when the sender has gone
 * @throws Problem `request.encoding`, `body.corrupt`, `body.too_large` or `server.overloaded`; the reason of `gone` */
export type Decompress = (
  body: Uint8Array<ArrayBuffer>,
  encoding: string | undefined,
  share: Pick<ByteShare, 'take' | 'give'>,
  gone: AbortSignal,
) => Promise<Uint8Array<ArrayBuffer>>;

interface Inflation {
  body: Uint8Array<ArrayBuffer>;
  maxLength: number;
  share: Pick<ByteShare, 'take' | 'give'>;
  gone: AbortSignal;
}

/** What Fluent Bit's `compress` supports besides `identity`, by the name in Content-Encoding. */
const encodings: Record<string, (inflation: Inflation) => Promise<Uint8Array<ArrayBuffer>>> = {
  gzip: (inflation) => inflate(createGunzip({ chunkSize: PIECE_BYTES }), inflation),
  zstd: (inflation) =>
    inflate(createZstdDecompress({ chunkSize: PIECE_BYTES, params: zstdWithin(inflation) }), inflation),
  snappy: unsnap,
};

/** Bytes that are inflated at once: more follow only when there is space for these. */
const PIECE_BYTES = 256 * 1024;

/** Makes the function that decompresses bodies, one at a time: each holds memory and a thread meanwhile. */
export function decompressor({ maxDecompressedBytes, maxCompressionRatio }: Config['limits']): Decompress {
  let last: Promise<unknown> = Promise.resolve();
  return (body, encoding, share, gone) => {
    const name = encoding?.trim().toLowerCase() || 'identity';
    if (name === 'identity') return Promise.resolve(body);
    if (!Object.hasOwn(encodings, name)) throw new Problem('request.encoding', `Content-Encoding is '${name}'`);
    const maxLength = Math.ceil(Math.min(maxDecompressedBytes, body.length * maxCompressionRatio));
    const inflated = last.then(async () => {
      try {
        gone.throwIfAborted();
        return await encodings[name]!({ body, maxLength, share, gone });
      } catch (error) {
        if (error instanceof Problem) throw error;
        const detail = `${body.length} bytes of ${name}: ${(error as Error).message}`;
        throw new Problem('body.corrupt', detail, { cause: error });
      }
    });
    last = inflated.catch(() => {});
    return inflated;
  };
}

/** Leaving the stream early ends its work after the piece that is under way. */
async function inflate(
  stream: ReturnType<typeof createGunzip>,
  { body, maxLength, share, gone }: Inflation,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = growingBytes(share, maxLength);
  try {
    stream.end(body);
    for await (const piece of stream) {
      gone.throwIfAborted();
      if (bytes.length() + piece.length > maxLength) throw tooLarge(maxLength);
      bytes.append(piece);
      freeAlone(piece);
    }
    return bytes.finish();
  } catch (error) {
    bytes.drop();
    throw error;
  }
}

/** No more memory for the window of a frame than for its output. */
function zstdWithin({ maxLength }: Inflation): Record<number, number> {
  const windowLog = Math.ceil(Math.log2(Math.max(maxLength, 2)));
  return { [constants.ZSTD_d_windowLogMax]: Math.min(Math.max(windowLog, SMALLEST_WINDOW_LOG), LARGEST_WINDOW_LOG) };
}

/** What compressors use for a few bytes. */
const SMALLEST_WINDOW_LOG = 20;
/** The default limit of zstd, which a compressor exceeds only when asked to. */
const LARGEST_WINDOW_LOG = 27;

/** In this thread, for a few hundredths of a second at most: each thread of a pool would keep the memory that it has used. */
async function unsnap({ body, maxLength, share }: Inflation): Promise<Uint8Array<ArrayBuffer>> {
  const length = snappyLength(body);
  if (length > maxLength) throw tooLarge(maxLength);
  share.take(length);
  try {
    const { uncompressSync } = await import('snappy');
    // Other work may have been waiting for this thread since the previous body.
    await setImmediate();
    // Memory that is not copied cannot be transferred.
    const options = { asBuffer: true, copyOutputData: true };
    return uncompressSync(Buffer.from(body.buffer), options) as Buffer<ArrayBuffer>;
  } catch (error) {
    share.give(length);
    throw error;
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
    length += (block[index]! & 0x7f) * 2 ** (7 * index);
    if (block[index]! < 0x80) return length;
  }
  throw new Problem('body.corrupt', 'a snappy block begins with its length, which is missing');
}
