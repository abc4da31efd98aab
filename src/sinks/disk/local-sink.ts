/** A sink whose place is on this machine: failures are reported by errors of the system. */
import { countRecords } from '../../batch/count.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import { openCircuit } from '../retry/circuit.ts';
import type { Sink, SinkDependencies } from '../sink.ts';
import { isSystemError } from './files.ts';

export interface LocalPlace {
  name: string;
  /** What the sink writes to, for messages. */
  place: string;
  /** Resolves when the place has all of a batch.
   * @throws the system's error */
  write(batch: TaggedBatch): Promise<void>;
  /** What an error means for the place, as a predicate; by default that it cannot be written. */
  reasonOf?(error: NodeJS.ErrnoException): string | undefined;
  /** Waits for what is being written, and releases the place; called once. */
  close(): Promise<void>;
}

export function localSink(
  { name, place, write, reasonOf = () => undefined, close }: LocalPlace,
  { logger, onDown }: Pick<SinkDependencies, 'logger' | 'onDown'>,
): Sink {
  const receiver = `sink ${name}: ${place}`;
  const circuit = openCircuit({ receiver, logger, onChange: (isDown) => onDown(name, isDown) });
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
        await write(batch);
        pass.succeeded();
        return { kind: 'acknowledged', records };
      } catch (error) {
        if (!isSystemError(error)) {
          pass.left();
          throw error;
        }
        const reason = reasonOf(error) ?? `cannot be written: ${error.message}`;
        pass.failed(reason);
        throw unavailable(reason, error);
      }
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
