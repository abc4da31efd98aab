/** A sink that no sender waits for: what it cannot accept is counted, logged, and not sent again. */
import { countRecords } from '../../batch/count.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import { countsOf, type Sink, type SinkDependencies } from '../sink.ts';

/** Bytes of batches that may be in delivery to one such sink: they are held although their senders have been answered. */
const MOST_BYTES = 64 * 1024 * 1024;

export function bestEffort(sink: Sink, { logger, onSettled }: SinkDependencies): Sink {
  const { name } = sink;
  const underWay = new Set<Promise<void>>();
  const warn = rateLimited(logger, 'warn');
  let bytes = 0;

  function fail(fluentTag: string | undefined, records: number, reason: string): void {
    onSettled(name, 'failed', fluentTag, records);
    warn({ sink: name, records }, `Records are lost to sink ${name}, which is not required: ${reason}`);
  }

  return {
    name,
    async deliver(batch) {
      const records = countRecords(batch.records);
      const { fluentTag } = batch;
      const { length } = batch.bytes;
      if (bytes + length > MOST_BYTES) {
        fail(fluentTag, records, `${bytes} bytes are already on their way to it`);
        return { kind: 'begun', records };
      }
      bytes += length;
      // The memory of the batch is reused once its sender is answered.
      const delivery = sink
        .deliver({ ...batch, bytes: Buffer.from(batch.bytes) })
        .then(
          (result) => {
            for (const [kind, count] of countsOf(result)) onSettled(name, kind, fluentTag, count);
          },
          (error: Error) => fail(fluentTag, records, error.message),
        )
        .finally(() => {
          bytes -= length;
          underWay.delete(delivery);
        });
      underWay.add(delivery);
      return { kind: 'begun', records };
    },
    async close() {
      await Promise.all(underWay);
      await sink.close();
    },
  };
}
