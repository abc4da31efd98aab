/** Reads the partitions of a member for one generation of the group, that is from one distribution of its partitions to the
 * next, or until a batch fails. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Consumer } from '@platformatic/kafka';
import type { Origin } from '../../batch/origin.ts';
import type { KafkaInput } from '../../config/kafka-input.ts';
import type { Batch } from '../../pipeline.ts';
import { NotTakingPart } from '../../sinks/kafka/connection.ts';
import type { PartitionLag } from '../../telemetry/kafka.ts';
import type { Generation, Membership } from './membership.ts';
import { batchOf, readMessages } from './messages.ts';
import { lagsOf, offsetsToReadFrom, type PartitionOffset } from './offsets.ts';

export interface GenerationParts {
  kafka: KafkaInput;
  /** Messages of one batch. */
  maxMessages: number;
  /** Whether a sink commits the offsets together with what it has written. */
  isCommittedBySink: boolean;
  /** Receives how much is still to be read, from the start on. */
  onLag(lags: readonly PartitionLag[]): void;
  /** Receives how many messages of a partition, after the committed offset, have been deleted. */
  onDeleted(deleted: PartitionLag): void;
  /** Resolves when every sink has the batch. */
  process(batch: Batch): Promise<void>;
}

const LAG_MILLISECONDS = 10_000;
/** One batch is evaluated while the one before is on its way to the sinks. */
const MOST_UNDER_WAY = 2;

/** @param draining aborts when no more batches are to be begun
 * @throws Problem of the first batch that has failed; the client's error. What was not committed is then read again */
export async function readGeneration(
  { consumer, admin }: Pick<Membership, 'consumer' | 'admin'>,
  { generationId, memberId, assignments }: Generation,
  parts: GenerationParts,
  draining: AbortSignal,
): Promise<void> {
  const { kafka, maxMessages, isCommittedBySink, onLag, onDeleted, process } = parts;
  const { groupId, coordinatorId } = consumer;
  checkTopics(assignments, kafka);
  const member = { groupId, memberId, generationId, coordinatorId: coordinatorId! };
  const origin = { session: randomUUID(), member };
  const ending = new AbortController();
  const end = () => ending.abort();
  consumer.on('consumer:group:join', end);
  const underWay = new Set<Promise<void>>();
  let failure: unknown;
  let lagTimer: NodeJS.Timeout | undefined;
  try {
    const ended = AbortSignal.any([ending.signal, draining]);
    const positions = await offsetsToReadFrom({ consumer, admin, assignments, from: kafka.from, onDeleted }, ended);
    // With fewer partitions than members, some may still be assigned later.
    if (positions.length === 0) return ended.aborted ? undefined : void (await once(ended, 'abort'));
    const { topics } = kafka;
    const from = { mode: 'manual', fallbackMode: 'earliest', offsets: positions.map((one) => ({ ...one })) } as const;
    const stream = await consumer.consume({ topics, ...from });
    // What cannot be measured now is measured next time.
    const measure = () => lagsOf(consumer, positions).then(onLag, () => {});
    void measure();
    lagTimer = setInterval(() => void measure(), LAG_MILLISECONDS).unref();
    const reader = readMessages(stream, { maxBytes: kafka.maxBatchBytes, maxMessages }, ended);
    try {
      let before = Promise.resolve();
      for (let messages = await reader.next(); messages !== undefined; messages = await reader.next()) {
        before = begin(batchOf(messages, kafka.format, origin), before, positions);
        if (underWay.size >= MOST_UNDER_WAY) await Promise.race(underWay);
      }
    } finally {
      stream.destroy();
    }
  } finally {
    clearInterval(lagTimer);
    // The next read begins where these leave off.
    await Promise.all(underWay);
    consumer.off('consumer:group:join', end);
  }
  if (failure !== undefined) throw failure;

  /** A topic counts as read only as far as all batches up to this one are done. */
  function begin(
    batch: Batch & { origin: Origin },
    before: Promise<void>,
    positions: PartitionOffset[],
  ): Promise<void> {
    const own = process(batch)
      .then(async () => {
        await before;
        if (failure !== undefined) return;
        if (!isCommittedBySink) await commit(consumer, batch.origin);
        advance(positions, batch.origin);
      })
      .catch((error) => {
        failure ??= error;
        end();
      })
      .finally(() => underWay.delete(own));
    underWay.add(own);
    return own;
  }
}

/** The leader of the group distributes the topics that it reads itself.
 * @throws NotTakingPart if these include others */
function checkTopics(assignments: Generation['assignments'], { topics, group }: KafkaInput): void {
  const others = assignments.flatMap(({ topic }) => (topics.includes(topic) ? [] : [topic]));
  if (others.length === 0) return;
  throw new NotTakingPart(
    `other members of the consumer group ${group} read ${others.join(', ')}, but this one reads ${topics.join(', ')}: ` +
      'set the same topics for all members of a group, or another group here',
  );
}

/** Partitions that have gone to another member are read again there, from the offsets committed before. */
async function commit(consumer: Consumer, { topic, offsets, member }: Origin): Promise<void> {
  if (consumer.generationId !== member.generationId) return;
  await consumer.commit({
    offsets: offsets.map(({ partition, offset }) => ({ topic, partition, offset: offset + 1n, leaderEpoch: -1 })),
  });
}

function advance(positions: PartitionOffset[], { topic, offsets }: Origin): void {
  for (const { partition, offset } of offsets) {
    positions.find((one) => one.topic === topic && one.partition === partition)!.offset = offset + 1n;
  }
}
