/** A sink that writes to a folder of files: a batch is delivered when it is on disk there. */

import * as system from 'node:fs/promises';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import type { Sink, SinkDependencies } from '../sink.ts';
import type { Files } from './files.ts';
import { localSink } from './local-sink.ts';
import { type Appended, openRotatedFiles, type RotatedOptions } from './rotated-files.ts';

export interface FileSinkOptions
  extends Pick<RotatedOptions, 'path' | 'format' | 'maxFileBytes' | 'maxFileSeconds' | 'isDaily'> {
  name: string;
  /** The bytes of a batch in a file, in parts. */
  encode(batch: TaggedBatch): Appended['chunks'];
  /** Called with each file that is complete. */
  onClosed?(path: string): void;
}

/** Opens the folder. Batches that arrive at the same time are flushed by one call.
 * @throws Problem `config.invalid` if the folder cannot be used */
export async function openFileSink(
  { name, path, encode, onClosed = () => {}, ...options }: FileSinkOptions,
  { logger, onDown }: SinkDependencies,
  files: Files = system,
): Promise<Sink> {
  const onTorn = (file: string, bytes: number) =>
    logger.warn(
      { sink: name, file, bytes },
      'The end of a file was cut: it was being written when the process stopped, and its sender was not answered',
    );
  const onStuck = (file: string, error: Error) =>
    logger.error({ sink: name, file, err: error }, 'A file cannot be closed: the next start closes it');
  const rotated = await openRotatedFiles({ ...options, path, files, onClosed, onTorn, onStuck }).catch((error) => {
    throw new Problem('config.invalid', `sink ${name}: path: ${error.message}`, { cause: error });
  });
  const write = (batch: TaggedBatch) => rotated.append({ chunks: encode(batch), bytes: batch.bytes.length });
  return localSink({ name, place: path, write, close: rotated.close }, { logger, onDown });
}
