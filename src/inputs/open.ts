/** Opens what records are read from: a file or stdin. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { MAGIC } from '../avro/magic.ts';
import { Problem } from '../problem.ts';
import { batchesOf, type InputBatch, type InputLimits } from './batches.ts';
import { type Chunks, peek } from './chunks.ts';
import { decompressed } from './file-compression.ts';

/** Stands for stdin in place of a file name. */
export const STDIN = '-';

export interface Input {
  /** For messages. */
  name: string;
  /** Bytes of the file as stored; undefined if not known. */
  size: number | undefined;
  /** How many of them have been read. */
  bytesRead(): number;
  /** The bytes without their compression. */
  batches: AsyncIterable<InputBatch>;
}

/** The most bytes of one document; a request may have fewer, but what is read here comes from whoever runs the command. */
export function documentBytes(maxDecompressedBytes: number): number {
  return Math.max(maxDecompressedBytes, 128 * 1024 * 1024);
}

/** Opens a file, or stdin for `-`.
 * @throws Problem `body.unreadable` for a folder; the system's error if there is no such file */
export async function openInput(path: string, stdin: Chunks, limits: InputLimits): Promise<Input> {
  if (path === STDIN) return inputOf('stdin', stdin, undefined, limits);
  const stats = await stat(path);
  if (stats.isDirectory()) throw new Problem('body.unreadable', `it is a folder; name the files in it (${path}/*)`);
  return inputOf(path, createReadStream(path), stats.isFile() ? stats.size : undefined, limits);
}

/** An input from bytes that the caller has opened.
 * @param size of all of them; undefined if not known */
export function inputOf(name: string, chunks: Chunks, size: number | undefined, limits: InputLimits): Input {
  let read = 0;
  async function* counted() {
    for await (const chunk of chunks) {
      read += chunk.length;
      yield chunk;
    }
  }
  return { name, size, bytesRead: () => read, batches: batchesIn(decompressed(counted()), limits) };
}

async function* batchesIn(chunks: Chunks, limits: InputLimits): AsyncGenerator<InputBatch> {
  const { head, rest } = await peek(chunks, MAGIC.length);
  if (!head.subarray(0, MAGIC.length).equals(MAGIC)) return yield* batchesOf(rest, limits);
  // The Avro decoder loads slowly.
  const { storedBatches } = await import('./stored-records.ts');
  yield* storedBatches(rest, limits);
}
