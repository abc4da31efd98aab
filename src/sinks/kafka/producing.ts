/** Writes messages so that a broker has each once and, if configured, all of a batch or nothing of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message as ConsumedMessage, Consumer, Producer } from '@platformatic/kafka';
import type { Origin } from '../../batch/origin.ts';
import type { SinkDependencies } from '../sink.ts';
import { clientOptions } from './connection.ts';
import { bytesOf, type Message } from './messages.ts';
import type { KafkaConfig } from './settings.ts';

export interface Producing {
  /** Resolves when all messages are safe. After a failure nothing is known about them. One call at a time.
   * @param origin is committed together with them if there are transactions
   * @throws the client's error */
  produce(messages: readonly Message[], origin: Origin | undefined): Promise<void>;
  close(): Promise<void>;
}

/** How long a transaction of a process that has ended may keep readers waiting. */
const TRANSACTION_MILLISECONDS = 15_000;
const RETRIES = 8;
const LONGEST_RETRY_MILLISECONDS = 1000;
/** Retry delay while the previous transaction is being completed, which takes some milliseconds. */
const NEXT_TRANSACTION_MILLISECONDS = 5;

/** @param receiver as the log names it */
export async function openProducing(
  config: KafkaConfig,
  receiver: string,
  logger: SinkDependencies['logger'],
): Promise<Producing> {
  const kafka = await import('@platformatic/kafka');
  const { exactlyOnce, compression, maxRequestBytes, timeoutSeconds } = config;
  let producer: Producer | undefined;

  /** A producer that has failed may have messages whose sequence is lost: a new one begins its own sequence. */
  function discard(): void {
    const failed = producer;
    producer = undefined;
    failed?.close(true).catch(() => {});
  }

  function open(): Producer {
    return new kafka.Producer({
      ...clientOptions(config, receiver, logger),
      idempotent: true,
      compression,
      // Each process has its own id: one that has lost its partitions is shut out by the id of the group's consumer.
      ...(exactlyOnce && { transactionalId: `tripline-${crypto.randomUUID()}` }),
      timeout: TRANSACTION_MILLISECONDS,
      retries: RETRIES,
      retryDelay: (_, __, attempt, ___, error) =>
        kafka.findErrorBy(error, 'apiId', 'CONCURRENT_TRANSACTIONS') === null
          ? Math.min(LONGEST_RETRY_MILLISECONDS, 50 * 2 ** attempt)
          : NEXT_TRANSACTION_MILLISECONDS * attempt,
    });
  }

  async function write(messages: readonly Message[], origin: Origin | undefined): Promise<void> {
    producer ??= open();
    if (exactlyOnce) return writeWhole(await producer.beginTransaction(), messages, origin);
    for (const part of partsOf(messages, maxRequestBytes)) await producer.send({ messages: part });
  }

  async function writeWhole(
    transaction: NonNullable<Producer['transaction']>,
    messages: readonly Message[],
    origin: Origin | undefined,
  ) {
    try {
      for (const part of partsOf(messages, maxRequestBytes)) await transaction.send({ messages: part });
      if (origin !== undefined) await commitOffsets(transaction, origin);
      await transaction.commit();
    } catch (error) {
      // Otherwise the broker aborts it after its timeout, and readers wait until then.
      await transaction.abort().catch(() => {});
      throw error;
    }
  }

  return {
    async produce(messages, origin) {
      try {
        await within(timeoutSeconds, write(messages, origin));
      } catch (error) {
        discard();
        throw error;
      }
    },
    async close() {
      discard();
    },
  };
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  const timeout = new AbortController();
  const late = sleep(seconds * 1000, undefined, { signal: timeout.signal }).then(() => {
    throw new Error(`no acknowledgement within ${seconds} s`);
  });
  work.catch(() => {});
  late.catch(() => {});
  return Promise.race([work, late]).finally(() => timeout.abort());
}

/** One request at a time, as the client does not distinguish concurrent ones. */
async function commitOffsets(
  transaction: NonNullable<Producer['transaction']>,
  { topic, offsets, member }: Origin,
): Promise<void> {
  const { groupId } = member;
  // The client reads only these members.
  await transaction.addConsumer({ groupId } as Consumer);
  for (const { partition, offset } of offsets) {
    await transaction.addOffset({
      topic,
      partition,
      offset,
      metadata: { consumer: member },
    } as unknown as ConsumedMessage);
  }
}

/** Messages that are written together. */
export function* partsOf(messages: readonly Message[], maxBytes: number): Generator<Message[]> {
  let part: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const own = bytesOf(message);
    if (part.length > 0 && bytes + own > maxBytes) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(message);
    bytes += own;
  }
  if (part.length > 0) yield part;
}
