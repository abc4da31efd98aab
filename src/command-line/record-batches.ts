/** Records of files and of stdin as batches, for commands that evaluate them as often as they need to. */
import type { InputBatch } from '../inputs/batches.ts';
import { documentBytes, STDIN } from '../inputs/open.ts';
import { openInOrder, sourcesOf } from '../inputs/sources.ts';
import type { ProcessIo } from './process-io.ts';

/** A time that no event is ahead of, as records carry their own time. Unix nanoseconds. */
export const LAST = 2n ** 62n;

/** As the pipeline accepts it. */
interface RecordBatch extends Pick<InputBatch, 'codec' | 'bytes' | 'lineOf'> {
  fluentTag: string | undefined;
  receivedUnixNano: bigint;
}

/** The records of files in order, from the first on at each call: files are read again, records from stdin are kept in
 * memory.
 * @param paths of files and folders, addresses of objects, `-` for stdin
 * @param limits of the configuration */
export function recordsOf(
  paths: readonly string[],
  io: Pick<ProcessIo, 'stdin' | 'environment'>,
  limits: { maxDecompressedBytes: number },
): () => AsyncGenerator<RecordBatch> {
  const kept: RecordBatch[] = [];
  let isKept = false;
  return async function* read() {
    for (const path of paths) {
      if (path === STDIN && isKept) yield* kept;
      else
        for await (const batch of batchesIn(path, io, limits)) {
          if (path === STDIN) kept.push({ ...batch, bytes: batch.bytes.slice() });
          yield batch;
        }
    }
    isKept = true;
  };
}

/** The records of one path: a file, or the files or objects below it. */
export async function* batchesIn(
  path: string,
  io: Pick<ProcessIo, 'stdin' | 'environment'>,
  { maxDecompressedBytes }: { maxDecompressedBytes: number },
): AsyncGenerator<RecordBatch> {
  for (const input of openInOrder(await sourcesOf(path, io), { maxBytes: documentBytes(maxDecompressedBytes) })) {
    for await (const { codec, bytes, fluentTag, lineOf } of input.batches) {
      yield { codec, bytes, fluentTag, lineOf, receivedUnixNano: LAST };
    }
  }
}
