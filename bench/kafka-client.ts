/** Reads a topic and writes it to another, one transaction per batch, with the Kafka client and nothing else. */
import { Consumer, Producer } from '@platformatic/kafka';

const [, , address] = process.argv;
const bootstrapBrokers = [address!];
const BATCH_BYTES = 900_000;

const groupId = 'client';
const consumer = new Consumer({ clientId: 'client', bootstrapBrokers, groupId, maxBytes: 4 * 1024 * 1024 });
const producer = new Producer({
  ...{ clientId: 'client', bootstrapBrokers, idempotent: true, compression: 'zstd', transactionalId: 'client' },
  retries: 20,
  retryDelay: 5,
});
const stream = await consumer.consume({
  topics: ['audit'],
  mode: 'committed',
  fallbackMode: 'earliest',
  autocommit: false,
});

type Read = { topic: string; partition: number; key: Buffer; value: Buffer };
let batch: Read[] = [];
let bytes = 0;
for await (const message of stream) {
  batch.push(message as Read);
  bytes += message.value.length;
  if (bytes < BATCH_BYTES && stream.readableLength > 0) continue;
  const transaction = await producer.beginTransaction();
  await transaction.send({ messages: batch.map(({ key, value }) => ({ topic: 'client', key, value })) });
  await transaction.addConsumer(consumer);
  const last = new Map(batch.map((one) => [one.partition, one]));
  for (const one of last.values()) await transaction.addOffset(one as never);
  await transaction.commit();
  [batch, bytes] = [[], 0];
}
