/** Writes messages to a topic as a shipper does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Producer } from '@platformatic/kafka';

/** Writes values to a topic, in parts with a pause after each.
 * @param keyOf the key of a value, by its index */
export async function produce(
  broker: string,
  topic: string,
  values: readonly (string | Buffer)[],
  { keyOf, pauseMilliseconds = 0 }: { keyOf?: (index: number) => string; pauseMilliseconds?: number } = {},
): Promise<void> {
  const producer = new Producer({
    clientId: 'shipper',
    bootstrapBrokers: [broker],
    idempotent: true,
    retries: 100,
    retryDelay: 200,
  });
  try {
    for (let first = 0; first < values.length; first += PART) {
      const messages = values.slice(first, first + PART).map((value, index) => ({
        topic,
        value: Buffer.from(value),
        ...(keyOf && { key: Buffer.from(keyOf(first + index)) }),
      }));
      await producer.send({ messages });
      await sleep(pauseMilliseconds);
    }
  } finally {
    await producer.close(true);
  }
}

const PART = 500;
