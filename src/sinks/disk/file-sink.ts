/** A sink whose place is a folder of files: a batch is delivered when it is on disk there. */

import * as system from 'node:fs/promises';
import { countRecords } from '../../batch/count.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import { openCircuit } from '../retry/circuit.ts';
import type { Sink, SinkDependencies } from '../sink.ts';
import { type Files, isSystemError } from './files.ts';
import { type Appended, openRotatedFiles, type RotatedOptions } from './rotated-files.ts';

export interface FileSinkOptions extends Pick<RotatedOptions, 'path' | 'format' | 'maxFileBytes' | 'maxFileSeconds'> {
  name: string;
  /** The bytes of a batch in a file, in parts. */
  encode(batch: TaggedBatch): Appended['chunks'];
  /** Called with each file that is complete. */
  onClosed?(path: string): void;
}

/** Opens the folder. Batches that come at the same time are made to last by one call.
 * @throws Problem `config.invalid` where the folder cannot be used */
export async function openFileSink(
  { name, path, encode, onClosed = () => {}, ...options }: FileSinkOptions,
  { logger, onDown }: SinkDependencies,
  files: Files = system,
): Promise<Sink> {
  const receiver = `sink ${name}: ${path}`;
  const circuit = openCircuit({ receiver, logger, onChange: (isDown) => onDown(name, isDown) });
  const onTorn = (file: string, bytes: number) =>
    logger.warn(
      { sink: name, file, bytes },
      'The end of a file was cut: it was being written when the process stopped, and its sender has had no answer',
    );
  const onStuck = (file: string, error: Error) =>
    logger.error({ sink: name, file, err: error }, 'A file cannot be closed: the next start closes it');
  const rotated = await openRotatedFiles({ ...options, path, files, onClosed, onTorn, onStuck }).catch((error) => {
    throw new Problem('config.invalid', `sink ${name}: path: ${error.message}`, { cause: error });
  });
  let closing: Promise<void> | undefined;

  const unavailable = (what: string, cause?: unknown) =>
    new Problem('sink.unavailable', `${receiver} ${what}`, { cause });

  return {
    name,
    refusal() {
      const reason = circuit.refusal();
      return reason && `${receiver} ${reason}`;
    },
    async deliver(batch) {
      const records = countRecords(batch.records);
      if (closing) throw unavailable('is closed');
      if (records === 0) return { kind: 'acknowledged', records };
      const pass = circuit.admit();
      if (typeof pass === 'string') throw unavailable(pass);
      try {
        await rotated.append({ chunks: encode(batch), bytes: batch.bytes.length });
        pass.succeeded();
        return { kind: 'acknowledged', records };
      } catch (error) {
        if (!isSystemError(error)) {
          pass.left();
          throw error;
        }
        const reason = `cannot be written: ${error.message}`;
        pass.failed(reason);
        throw unavailable(reason, error);
      }
    },
    close() {
      closing ??= rotated.close();
      return closing;
    },
  };
}
