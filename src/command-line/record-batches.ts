/** Records of files and of stdin as batches, for commands that evaluate them as often as they need to. */
import type { InputBatch } from '../inputs/batches.ts';
import { documentBytes, openInput, STDIN } from '../inputs/open.ts';
import type { ProcessIo } from './process-io.ts';

/** Records tell their own time: no event is ahead of it. Unix nanoseconds. */
export const LAST = 2n ** 62n;

/** As the pipeline takes it. */
interface RecordBatch extends Pick<InputBatch, 'codec' | 'bytes' | 'lineOf'> {
  fluentTag: string | undefined;
  receivedUnixNano: bigint;
}

/** The records of files in order, from the first on at each call: of files they are read again, those of stdin are kept in
 * memory.
 * @param paths of files, `-` for stdin
 * @param limits of the configuration */
export function recordsOf(
  paths: readonly string[],
  { stdin }: Pick<ProcessIo, 'stdin'>,
  limits: { maxDecompressedBytes: number },
): () => AsyncGenerator<RecordBatch> {
  const kept: RecordBatch[] = [];
  let isKept = false;
  return async function* read() {
    for (const path of paths) {
      if (path === STDIN && isKept) yield* kept;
      else
        for await (const batch of batchesIn(path, stdin, limits)) {
          if (path === STDIN) kept.push({ ...batch, bytes: batch.bytes.slice() });
          yield batch;
        }
    }
    isKept = true;
  };
}

/** The records of one file. */
export async function* batchesIn(
  path: string,
  stdin: ProcessIo['stdin'],
  { maxDecompressedBytes }: { maxDecompressedBytes: number },
): AsyncGenerator<RecordBatch> {
  const input = await openInput(path, stdin, { maxBytes: documentBytes(maxDecompressedBytes) });
  for await (const { codec, bytes, fluentTag, lineOf } of input.batches) {
    yield { codec, bytes, fluentTag, lineOf, receivedUnixNano: LAST };
  }
}
