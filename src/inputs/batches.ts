/** A stream of bytes as batches that the pipeline takes: lines a few at a time, any other layout as a whole. */
import type { Codec } from '../codecs/codec.ts';
import { ndjson } from '../codecs/ndjson.ts';
import { Problem } from '../problem.ts';
import type { Chunks } from './decompress.ts';
import { layoutOf } from './layout.ts';

const LINE_FEED = 0x0a;
/** Bytes of a batch of lines; a longer line is a batch of its own. */
const BATCH_BYTES = 1024 * 1024;
const FIRST_LOOK_BYTES = 64 * 1024;

export interface InputBatch {
  codec: Codec;
  bytes: Uint8Array;
}

export interface InputLimits {
  /** Bytes of one line, or of a file that is not lines. */
  maxBytes: number;
}

/** Yields the bytes of a stream in order, none left out, so that the batches put together are the stream again. Needs
 * memory for one batch at a time.
 * @throws Problem `body.corrupt` behind what could be read before it, `body.too_large` for a line, or a file that is not lines, beyond the limit */
export async function* batchesOf(chunks: Chunks, { maxBytes }: InputLimits): AsyncGenerator<InputBatch> {
  const held: Uint8Array[] = [];
  let size = 0;
  let look = FIRST_LOOK_BYTES;
  let codec: Codec | undefined;
  const take = (): Uint8Array => {
    const bytes = held.length === 1 ? held[0] : Buffer.concat(held);
    held.length = 0;
    size = 0;
    return bytes;
  };
  const hold = (chunk: Uint8Array) => {
    held.push(chunk);
    size += chunk.length;
  };

  let brokenOff: Problem | undefined;
  try {
    for await (const chunk of chunks) {
      if (codec === undefined) {
        hold(chunk);
        if (size > maxBytes) throw tooLarge(codec, maxBytes);
        if (size < look) continue;
        // Each look is at twice as much as the one before, so that all of them cost no more than two of the last.
        look = 2 * size;
        const head = take();
        codec = layoutOf(head, false);
        if (codec !== ndjson) hold(head);
        else yield* lines(head);
      } else if (codec === ndjson) yield* lines(chunk);
      else hold(chunk);
      if (size > maxBytes) throw tooLarge(codec, maxBytes);
    }
  } catch (error) {
    // What came before a compression broke off can be read all the same.
    if (!(error instanceof Problem && error.code === 'body.corrupt')) throw error;
    brokenOff = error;
  }
  if (size > 0) {
    const bytes = take();
    yield { codec: codec ?? layoutOf(bytes, true) ?? ndjson, bytes };
  }
  if (brokenOff !== undefined) throw brokenOff;

  function* lines(chunk: Uint8Array): Generator<InputBatch> {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end === 0 || size + end < BATCH_BYTES) return hold(chunk);
    hold(chunk.subarray(0, end));
    yield { codec: ndjson, bytes: take() };
    if (end < chunk.length) hold(chunk.subarray(end));
  }
}

function tooLarge(codec: Codec | undefined, maxBytes: number): Problem {
  const shape = codec === ndjson ? 'a line has' : 'it is not one record a line, which is read bit by bit, and has';
  return new Problem('body.too_large', `${shape} more than ${maxBytes} bytes; raise limits.maxDecompressedBytes`);
}
