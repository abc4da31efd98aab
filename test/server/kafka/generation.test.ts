import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { positionOf } from '../../../src/codecs/framing/messages.ts';
import { jsonMessages } from '../../../src/codecs/messages.ts';
import type { Batch } from '../../../src/pipeline.ts';
import { Problem } from '../../../src/problem.ts';
import { readGeneration } from '../../../src/server/kafka/generation.ts';

const LIMITS = { maxDepth: 64, maxRecords: 1000 };

/** A consumer of one topic, whose messages are pushed by the test. */
function stage(committed: Record<number, bigint> = { 0: 0n }) {
  const stream = new Readable({ objectMode: true, read() {} });
  const consumer = Object.assign(new EventEmitter(), {
    ...{ groupId: 'group', memberId: 'member', generationId: 3, coordinatorId: 1 },
    consume: vi.fn(async (_: unknown) => stream),
    commit: vi.fn(async (_: unknown) => {}),
    listOffsets: vi.fn(async ({ timestamp }: { timestamp: bigint }) => {
      return new Map([['audit', Object.keys(committed).map(() => (timestamp === -2n ? 5n : 100n))]]);
    }),
  });
  const partitions = Object.entries(committed).map(([partition, committedOffset]) => {
    return { partitionIndex: Number(partition), committedOffset };
  });
  const admin = {
    listConsumerGroupOffsets: vi.fn(async (_: unknown) => [{ topics: [{ name: 'audit', partitions }] }]),
  };
  const draining = new AbortController();
  const batches: Batch[] = [];
  const fates: PromiseWithResolvers<void>[] = [];
  const lags: unknown[] = [];
  const deleted: string[] = [];
  const reading = (
    given: {
      isCommittedBySink?: boolean;
      maxBatchBytes?: number;
      from?: 'earliest' | 'latest';
      topics?: string[];
    } = {},
  ) => {
    const { isCommittedBySink = false, maxBatchBytes = 1000, from = 'earliest', topics = ['audit'] } = given;
    const kafka = { brokers: [], topics, group: 'group', format: 'json', from, maxBatchBytes } as any;
    const assignments = [{ topic: 'audit', partitions: Object.keys(committed).map(Number) }];
    return readGeneration(
      { consumer: consumer as any, admin: admin as any },
      { generationId: 3, memberId: 'member', assignments },
      {
        ...{ kafka, maxMessages: 100, isCommittedBySink },
        onLag: (lag) => lags.push(lag),
        onDeleted: ({ topic, partition, messages }) => deleted.push(`${messages} of ${topic} ${partition}`),
        process(batch) {
          batches.push(batch);
          const fate = Promise.withResolvers<void>();
          fates.push(fate);
          return fate.promise;
        },
      },
      draining.signal,
    );
  };
  const push = (value: string | null, offset: number, given: object = {}) => {
    const message = { topic: 'audit', partition: 0, timestamp: 1n, offset: BigInt(offset), ...given };
    stream.push({ ...message, value: value === null ? undefined : Buffer.from(value) });
  };
  return { stream, consumer, admin, draining, batches, fates, lags, deleted, reading, push };
}

const valuesIn = ({ bytes }: Batch) =>
  jsonMessages.decode(bytes, LIMITS).map(({ start, end }) => Buffer.from(bytes.subarray(start, end)).toString());
const idle = () => sleep(20);
const committedIn = ({ commit }: { commit: ReturnType<typeof vi.fn> }) =>
  commit.mock.calls.map(([{ offsets }]: any) =>
    offsets.map(({ partition, offset }: any) => [partition, Number(offset)]),
  );

let current: ReturnType<typeof stage> | undefined;
afterEach(() => current?.draining.abort());

describe('what is read of a topic', () => {
  it('lacks what was deleted before it was read, which is reported', async () => {
    current = stage({ 0: 2n, 1: 5n, 2: 9n });
    void current.reading();
    await idle();
    expect(current.deleted).toEqual(['3 of audit 0']);
    const [{ offsets }] = current.consumer.consume.mock.calls[0] as any;
    expect(offsets.map(({ offset }: any) => offset)).toEqual([5n, 5n, 9n]);
  });

  it('does not include topics of other members of the group that are distributed instead of its own', async () => {
    current = stage();
    await expect(current.reading({ topics: ['findings'] })).rejects.toThrow(
      'other members of the consumer group group read audit, but this one reads findings: set the same topics for all',
    );
    expect(current.consumer.consume).not.toHaveBeenCalled();
  });

  it('begins where the group stopped, after waiting for commits in progress', async () => {
    current = stage({ 0: 7n, 1: -1n });
    const reading = current.reading();
    await idle();
    expect(current.admin.listConsumerGroupOffsets).toHaveBeenCalledWith({
      groups: [{ groupId: 'group', topics: [{ name: 'audit', partitionIndexes: [0, 1] }] }],
      requireStable: true,
    });
    expect(current.consumer.consume.mock.calls[0]![0]).toMatchObject({
      mode: 'manual',
      offsets: [
        { topic: 'audit', partition: 0, offset: 7n },
        { topic: 'audit', partition: 1, offset: 5n },
      ],
    });
    current.draining.abort();
    await reading;
  });

  it('is a batch of the messages available, with the position of each', async () => {
    current = stage({ 0: 0n, 2: 0n });
    const reading = current.reading();
    await idle();
    current.push('{"a":1}', 4);
    current.push(null, 6, { partition: 2 });
    current.push('poison', 5);
    await idle();
    const [batch] = current.batches;
    expect(valuesIn(batch!)).toEqual(['{"a":1}', '', 'poison']);
    expect(jsonMessages.decode(batch!.bytes, LIMITS).map((record) => positionOf(batch!.bytes, record))).toEqual([
      { partition: 0, offset: 4n },
      { partition: 2, offset: 6n },
      { partition: 0, offset: 5n },
    ]);
    expect(batch).toMatchObject({
      fluentTag: 'audit',
      origin: {
        topic: 'audit',
        offsets: [
          { partition: 0, offset: 5n },
          { partition: 2, offset: 6n },
        ],
        member: { groupId: 'group', memberId: 'member', generationId: 3, coordinatorId: 1 },
      },
    });
    current.draining.abort();
    current.fates[0]!.resolve();
    await reading;
  });

  it('comes in batches of limited size and of one topic each', async () => {
    current = stage();
    const [{ topics }] = (await current.admin.listConsumerGroupOffsets({})) as [{ topics: object[] }];
    topics.push({ name: 'other', partitions: [{ partitionIndex: 0, committedOffset: 0n }] });
    current.admin.listConsumerGroupOffsets.mockResolvedValue([{ topics }] as never);
    const reading = current.reading({ maxBatchBytes: 10 });
    await idle();
    for (let n = 0; n < 4; n++) current.push('{"n":1}', n);
    current.push('{"n":"a long one"}', 4);
    current.push('{}', 5, { topic: 'other' });
    for (let n = 0; n < 6; n++) {
      await idle();
      current.fates[n]!.resolve();
    }
    expect(current.batches.map(({ fluentTag, ...batch }) => [fluentTag, valuesIn(batch as Batch)])).toEqual([
      ...Array.from({ length: 4 }, () => ['audit', ['{"n":1}']]),
      ['audit', ['{"n":"a long one"}']],
      ['other', ['{}']],
    ]);
    current.draining.abort();
    await reading;
  });
});

it('waits for the end of a transaction that may change where it begins', async () => {
  current = stage();
  const unstable = Object.assign(new Error('unstable'), { apiId: 'UNSTABLE_OFFSET_COMMIT' });
  current.admin.listConsumerGroupOffsets.mockRejectedValueOnce(unstable).mockRejectedValueOnce(unstable);
  const reading = current.reading();
  await expect.poll(() => current!.consumer.consume.mock.calls.length, { timeout: 5000 }).toBe(1);
  expect(current.admin.listConsumerGroupOffsets).toHaveBeenCalledTimes(3);
  current.draining.abort();
  await reading;
});

describe('how far it has been read', () => {
  it('is committed in order, once everything before it has been delivered', async () => {
    current = stage();
    const reading = current.reading({ maxBatchBytes: 1 });
    await idle();
    for (let n = 0; n < 3; n++) current.push('{}', n);
    await idle();
    expect(current.batches).toHaveLength(2);
    current.fates[1]!.resolve();
    await idle();
    expect(committedIn(current.consumer)).toEqual([]);
    current.fates[0]!.resolve();
    await idle();
    expect(committedIn(current.consumer)).toEqual([[[0, 1]], [[0, 2]]]);
    expect(current.batches).toHaveLength(3);
    current.draining.abort();
    current.fates[2]!.resolve();
    await reading;
    expect(committedIn(current.consumer).at(-1)).toEqual([[0, 3]]);
  });

  it('is not committed past a batch that has failed, and the generation ends with its problem', async () => {
    current = stage();
    const reading = current.reading({ maxBatchBytes: 1 });
    await idle();
    for (let n = 0; n < 5; n++) current.push('{}', n);
    await idle();
    const problem = new Problem('sink.unavailable', 'down');
    current.fates[0]!.reject(problem);
    current.fates[1]!.resolve();
    await expect(reading).rejects.toBe(problem);
    expect(committedIn(current.consumer)).toEqual([]);
    expect(current.batches).toHaveLength(2);
    expect(current.stream.destroyed).toBe(true);
  });

  it('is left to a sink that commits it', async () => {
    current = stage();
    const reading = current.reading({ isCommittedBySink: true });
    await idle();
    current.push('{}', 0);
    await idle();
    current.fates[0]!.resolve();
    await idle();
    current.draining.abort();
    await reading;
    expect(committedIn(current.consumer)).toEqual([]);
  });

  it('is not committed by a member whose partitions have gone to others', async () => {
    current = stage();
    const reading = current.reading();
    await idle();
    current.push('{}', 0);
    await idle();
    current.consumer.generationId = 4;
    current.consumer.emit('consumer:group:join', {});
    current.fates[0]!.resolve();
    await reading;
    expect(committedIn(current.consumer)).toEqual([]);
  });
});

it('reports how much there is to read, from the beginning on', async () => {
  current = stage({ 0: 7n, 1: -1n });
  const reading = current.reading();
  await expect
    .poll(() => current!.lags)
    .toEqual([
      [
        { topic: 'audit', partition: 0, messages: 93 },
        { topic: 'audit', partition: 1, messages: 95 },
      ],
    ]);
  current.draining.abort();
  await reading;
});

describe('a generation', () => {
  it('ends when the group distributes its partitions anew, after the batches under way', async () => {
    current = stage();
    const reading = current.reading();
    let hasEnded = false;
    void reading.then(() => (hasEnded = true));
    await idle();
    current.push('{}', 0);
    await idle();
    current.consumer.emit('consumer:group:join', {});
    await idle();
    expect(hasEnded).toBe(false);
    current.fates[0]!.resolve();
    await reading;
  });

  it('waits for the next if it has no partitions', async () => {
    current = stage({});
    const reading = current.reading();
    await idle();
    expect(current.consumer.consume).not.toHaveBeenCalled();
    current.consumer.emit('consumer:group:join', {});
    await reading;
  });

  it('ends with the error of its stream', async () => {
    current = stage();
    const reading = current.reading();
    await idle();
    current.stream.destroy(new Error('broken'));
    await expect(reading).rejects.toThrow('broken');
  });
});
