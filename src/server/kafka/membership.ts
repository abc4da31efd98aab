/** Membership in a consumer group. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Consumer, GroupAssignment } from '@platformatic/kafka';
import type { Logger } from 'pino';
import type { KafkaInput } from '../../config/kafka-input.ts';
import { clientOptions } from '../../sinks/kafka/connection.ts';
import { passOverAborted } from './aborted.ts';

/** Bytes that a broker sends at once, for all partitions together. */
const FETCH_BYTES = 4 * 1024 * 1024;
const FETCH_WAIT_MILLISECONDS = 1000;
/** After this long without a heartbeat, the partitions of a member go to others. */
const SESSION_MILLISECONDS = 10_000;
const HEARTBEAT_MILLISECONDS = 1000;
/** How long members may take to come back when the group distributes its partitions anew. */
const REBALANCE_MILLISECONDS = 30_000;

/** How long leaving may take: if it takes longer, the group notices at the end of the session. */
const LEAVE_MILLISECONDS = 5_000;

/** How often to check whether topics have other partitions. */
const LOOK_MILLISECONDS = 15_000;

/** The topics of a member have other partitions than when it joined; the client distributes only those that it knows. */
export class PartitionsChanged extends Error {
  override readonly name = 'PartitionsChanged';
}

/** A distribution of the group's partitions, by its number. */
export interface Generation {
  generationId: number;
  memberId: string;
  assignments: readonly GroupAssignment[];
}

export interface Membership {
  consumer: Consumer;
  admin: Admin;
  /** The current generation of the group. While the next one is being joined, the consumer has its number, but the partitions
   * of the last: what is read then could be committed alongside another member.
   * @param ended aborts the wait
   * @throws AbortError */
  generation(ended: AbortSignal): Promise<Generation>;
}

/** Joins the group, does some work as a member of it, and leaves.
 * @param receiver as the log names the cluster
 * @throws the client's error, also if the membership ends while the work is under way; whatever the work throws */
export async function asMember(
  kafka: KafkaInput,
  { receiver, logger }: { receiver: string; logger: Logger },
  work: (membership: Membership) => Promise<void>,
): Promise<void> {
  const { Admin, Consumer, FetchIsolationLevels, TimeoutError } = await import('@platformatic/kafka');
  const options = clientOptions(kafka, receiver, logger);
  const admin = new Admin(options);
  const consumer = new Consumer({
    ...options,
    groupId: kafka.group,
    sessionTimeout: SESSION_MILLISECONDS,
    heartbeatInterval: HEARTBEAT_MILLISECONDS,
    rebalanceTimeout: REBALANCE_MILLISECONDS,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    autocommit: false,
    maxBytes: FETCH_BYTES,
    maxWaitTime: FETCH_WAIT_MILLISECONDS,
  });
  passOverAborted(consumer);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  // After either event it sends no more heartbeats.
  consumer.on('error', ended.reject);
  consumer.on('consumer:heartbeat:stalled', ({ lastError }) => {
    ended.reject(lastError ?? new TimeoutError('no heartbeat was answered'));
  });
  let joined: Generation | undefined;
  consumer.on('consumer:group:join', ({ generationId, memberId, assignments }) => {
    joined = { generationId: generationId!, memberId, assignments: assignments ?? [] };
  });
  async function generation(signal: AbortSignal): Promise<Generation> {
    while (joined?.generationId !== consumer.generationId) await once(consumer, 'consumer:group:join', { signal });
    return joined;
  }
  let before: string | undefined;
  const look = async () => {
    const now = await partitionCounts(admin, kafka.topics);
    before ??= now;
    if (now !== undefined && now !== before) ended.reject(new PartitionsChanged(`${before} became ${now}`));
  };
  void look();
  const looking = setInterval(look, LOOK_MILLISECONDS).unref();
  try {
    // Tracked here, since what a stream tracks ends with the stream.
    for (const topic of kafka.topics) consumer.topics.track(topic);
    await Promise.race([consumer.joinGroup(), ended.promise]);
    await Promise.race([work({ consumer, admin, generation }), ended.promise]);
  } finally {
    clearInterval(looking);
    const left = Promise.allSettled([consumer.close(true), admin.close()]);
    await Promise.race([left, sleep(LEAVE_MILLISECONDS, undefined, { ref: false })]);
  }
}

/** How many partitions topics have, as text to compare; undefined if the cluster cannot be asked now. */
export async function partitionCounts(
  admin: Pick<Admin, 'metadata'>,
  topics: readonly string[],
): Promise<string | undefined> {
  try {
    const found = await admin.metadata({ topics: [...topics], forceUpdate: true });
    return topics.map((topic) => `${topic} ${found.topics.get(topic)?.partitionsCount}`).join(', ');
  } catch {
    return undefined;
  }
}
