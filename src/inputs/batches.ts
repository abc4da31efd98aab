/** A stream of bytes as batches for the pipeline: lines a few at a time, any other layout as a whole. */
import type { Codec } from '../codecs/codec.ts';
import { json } from '../codecs/json.ts';
import { ndjson } from '../codecs/ndjson.ts';
import { Problem } from '../problem.ts';
import type { Chunks } from './chunks.ts';
import { layoutOf } from './guess-codec.ts';
import { type LineOf, type LinesBatch, lineReader } from './lines.ts';
import { withoutPadding } from './padding.ts';

const NUL = 0x00;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const FIRST_LOOK_BYTES = 64 * 1024;

export interface InputBatch {
  codec: Codec;
  bytes: Uint8Array;
  /** Undefined if the layout keeps none. */
  fluentTag?: string;
  /** Where in the file the record is that begins at an offset of the batch; undefined if the layout has no lines. Called
   * for one record after another. */
  lineOf(index: number, start: number): LineOf | undefined;
  /** Whether it is everything, as its layout cannot be read piece by piece. */
  isWhole?: true;
}

export interface InputLimits {
  /** Bytes of one line, or of a file that is not lines. */
  maxBytes: number;
}

/** Yields the contents of a stream in order. For lines that are JSON, and for any other layout, the bytes are those of the
 * stream; each line of text becomes the JSON of a record, without NUL bytes. Needs memory for one batch at a time.
 * @throws Problem `body.corrupt` after what could be read before it, `body.too_large` for a line, or a file that is not lines,
 * beyond the limit */
export async function* batchesOf(chunks: Chunks, { maxBytes }: InputLimits): AsyncGenerator<InputBatch> {
  const held: Uint8Array[] = [];
  let size = 0;
  let look = FIRST_LOOK_BYTES;
  let codec: Codec | undefined;
  const reader = lineReader(maxBytes);
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
    for await (const chunk of withoutPadding(chunks)) {
      if (codec === undefined) {
        hold(chunk);
        if (size > maxBytes) throw tooLarge(codec, maxBytes);
        if (size < look) continue;
        // Each look covers twice as much as the one before, so that all of them cost no more than two of the last.
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
    // What came before the compressed data broke off can still be read.
    if (!(error instanceof Problem && error.code === 'body.corrupt')) throw error;
    brokenOff = error;
  }
  const bytes = take();
  codec ??= layoutOf(bytes, true) ?? ndjson;
  if (codec === ndjson) {
    for (const batch of reader.read(bytes)) yield placed(batch);
    for (const batch of reader.rest()) yield placed(batch);
  } else if (bytes.length > 0) {
    yield {
      codec,
      bytes: codec === json ? spaced(bytes) : bytes,
      lineOf: codec === json ? lineIn(bytes) : () => undefined,
      isWhole: true,
    };
  }
  if (brokenOff !== undefined) throw brokenOff;

  function* lines(chunk: Uint8Array): Generator<InputBatch> {
    const end = Math.max(chunk.lastIndexOf(LINE_FEED), chunk.lastIndexOf(NUL)) + 1;
    if (end === 0) return hold(chunk);
    hold(chunk.subarray(0, end));
    for (const batch of reader.read(take())) yield placed(batch);
    if (end < chunk.length) hold(chunk.subarray(end));
  }
}

function placed({ codec, bytes, lines }: LinesBatch): InputBatch {
  return { codec, bytes, lineOf: (index) => lines[index] };
}

/** Continues to count line ends from the record before. */
function lineIn(bytes: Uint8Array): InputBatch['lineOf'] {
  let number = 1;
  let counted = 0;
  return (_, start) => {
    for (let at = bytes.indexOf(LINE_FEED, counted); at !== -1 && at < start; at = bytes.indexOf(LINE_FEED, counted)) {
      number++;
      counted = at + 1;
    }
    return { number, kind: 'json' };
  };
}

/** JSON does not allow NUL, but white space. */
function spaced(bytes: Uint8Array): Uint8Array {
  return bytes.includes(NUL) ? bytes.map((byte) => (byte === NUL ? SPACE : byte)) : bytes;
}

function tooLarge(codec: Codec | undefined, maxBytes: number): Problem {
  const shape = codec === ndjson ? 'a line has' : 'it does not have one record per line, and has';
  return new Problem(
    'body.too_large',
    `${shape} more than ${maxBytes} bytes; raise limits.maxDecompressedBytes, or convert it to lines (jq -c)`,
  );
}
