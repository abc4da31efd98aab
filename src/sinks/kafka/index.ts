/** Writes records, findings and dead letters to topics of Kafka. */
import { countRecords } from '../../batch/count.ts';
import type { TaggedBatch } from '../../batch/tagged-batch.ts';
import { Problem } from '../../problem.ts';
import { openCircuit } from '../retry/circuit.ts';
import { rateLimited } from '../retry/rate-limited.ts';
import { keepRefused } from '../retry/refused.ts';
import type { DeliveryResult, Sink, SinkDependencies } from '../sink.ts';
import { connectionTarget, isOfGroup, reasonOf } from './connection.ts';
import { bytesOf, type Message, openMessages } from './messages.ts';
import { openProducing } from './producing.ts';
import type { KafkaConfig } from './settings.ts';

export { type KafkaConfig, kafkaConfig, kafkaFaults, kafkaTarget } from './settings.ts';

/** A sink that writes one batch after another. Delivery is at least once, and exactly once with `exactlyOnce`, as far as
 * batches come from the input `kafka`: a batch whose transaction has failed is absent, and so are those of the same session
 * after it, since what they would commit comes after it. */
export async function openKafka(config: KafkaConfig, dependencies: SinkDependencies): Promise<Sink> {
  const { name, exactlyOnce, maxMessageBytes, topic, findings, deadLetterTopic } = config;
  const topics = [topic, findings?.topic, deadLetterTopic].filter((one) => one !== undefined);
  const { logger, onDown, deadLetters } = dependencies;
  const receiver = `sink ${name}: ${connectionTarget(config)}`;
  const circuit = openCircuit({ receiver, logger, onChange: (isDown) => onDown(name, isDown) });
  const messagesOf = await openMessages(config, dependencies);
  const producing = await openProducing(config, receiver, logger);
  const warnOfLetters = rateLimited(logger, 'error');
  /** The session in which a batch has failed. */
  let failedSession: string | undefined;
  let last: Promise<void> = Promise.resolve();
  let isClosing = false;

  const unavailable = (what: string) => new Problem('sink.unavailable', `${receiver} ${what}`);

  async function send(batch: TaggedBatch): Promise<DeliveryResult> {
    const pass = circuit.admit();
    if (typeof pass === 'string') throw unavailable(pass);
    try {
      const { messages, refused } = encode(batch);
      const setAside = refused.size;
      if (setAside > 0) await keep(batch, refused);
      await producing.produce(messages, batch.origin);
      pass.succeeded();
      const records = countRecords(batch.records) - setAside;
      return { kind: 'acknowledged', records, ...(setAside > 0 && { setAside }) };
    } catch (error) {
      if (error instanceof Problem) throw error;
      if (isOfGroup(error))
        throw unavailable('has given the partitions of this batch to another consumer of the group');
      const reason = reasonOf(error, topics);
      pass.failed(reason);
      throw unavailable(reason);
    } finally {
      pass.left();
    }
  }

  async function keep(batch: TaggedBatch, refused: ReadonlySet<number>): Promise<void> {
    const what = `${receiver} would refuse ${refused.size} of ${batch.records.length} records, which are larger than maxMessageBytes, ${maxMessageBytes} bytes`;
    const kept = await keepRefused(batch, (index) => refused.has(index), what, { sink: name, deadLetters });
    warnOfLetters({ sink: name, records: refused.size, kept }, `Records are kept as a dead letter: ${what}`);
  }

  /** The messages of a batch, and the records that have one which is too large. */
  function encode(batch: TaggedBatch): { messages: Message[]; refused: Set<number> } {
    const messages: Message[] = [];
    const refused = new Set<number>();
    for (const [index, { kind }] of batch.records.entries()) {
      if (kind === 'group') continue;
      const own = messagesOf(batch, index);
      if (own.some((message) => bytesOf(message) > maxMessageBytes)) refused.add(index);
      else messages.push(...own);
    }
    return { messages, refused };
  }

  return {
    name,
    ...(exactlyOnce && { commits: true }),
    refusal() {
      const reason = circuit.refusal();
      return reason && `${receiver} ${reason}`;
    },
    deliver(batch) {
      const own = last.then(async () => {
        if (isClosing) throw unavailable('gets no more records: Tripline is stopping');
        const session = exactlyOnce ? batch.origin?.session : undefined;
        if (session !== undefined && session === failedSession) throw unavailable('lacks the batch before this one');
        failedSession = session;
        const result = await send(batch);
        failedSession = undefined;
        return result;
      });
      last = own.then(
        () => {},
        () => {},
      );
      return own;
    },
    async close() {
      isClosing = true;
      await last;
      await producing.close();
    },
  };
}
