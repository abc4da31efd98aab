/** How far partitions have been read, and how far they go. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Consumer, GroupAssignment } from '@platformatic/kafka';
import { isUnstable } from '../../sinks/kafka/connection.ts';
import type { PartitionLag } from '../../telemetry/kafka.ts';

export interface PartitionOffset {
  topic: string;
  partition: number;
  offset: bigint;
}

export interface OffsetsAsked {
  consumer: Consumer;
  admin: Admin;
  assignments: readonly GroupAssignment[];
  from: 'earliest' | 'latest';
  /** Receives how many messages of a partition, after the committed offset, have been deleted. */
  onDeleted(deleted: PartitionLag): void;
}

/** Milliseconds between checks of whether a transaction has ended. */
const UNSTABLE_MILLISECONDS = 500;

/** Where to begin reading in partitions: after what the group has committed, else at one end of them. Waits for what a
 * transaction has yet to commit: what another consumer has just read would otherwise be read twice.
 * @param ended aborts when nobody asks any more; none are then returned
 * @throws the client's error */
export async function offsetsToReadFrom(asked: OffsetsAsked, ended: AbortSignal): Promise<PartitionOffset[]> {
  const { consumer, admin, from, onDeleted } = asked;
  const { groupId } = consumer;
  const assigned = asked.assignments.filter(({ partitions }) => partitions.length > 0);
  if (assigned.length === 0) return [];
  const topics = assigned.map(({ topic, partitions }) => ({ name: topic, partitionIndexes: partitions }));
  const list = () => admin.listConsumerGroupOffsets({ groups: [{ groupId, topics }], requireStable: true });
  let group: Awaited<ReturnType<typeof list>>[number] | undefined;
  while (group === undefined) {
    if (ended.aborted) return [];
    [group] = await list().catch(async (error) => {
      if (!isUnstable(error)) throw error;
      await sleep(UNSTABLE_MILLISECONDS);
      return [];
    });
  }
  const offsets: PartitionOffset[] = [];
  for (const { name: topic, partitions } of group.topics) {
    for (const { partitionIndex: partition, committedOffset: offset } of partitions) {
      offsets.push({ topic, partition, offset });
    }
  }
  const read = offsets.filter(({ offset }) => offset >= 0n);
  if (read.length > 0) {
    const firsts = await endsOf(consumer, read, 'earliest');
    for (const one of read) {
      const first = firsts.get(one.topic)?.[one.partition] ?? 0n;
      if (first <= one.offset) continue;
      onDeleted({ topic: one.topic, partition: one.partition, messages: Number(first - one.offset) });
      one.offset = first;
    }
  }
  const unread = offsets.filter(({ offset }) => offset < 0n);
  if (unread.length > 0) {
    const ends = await endsOf(consumer, unread, from);
    for (const one of unread) one.offset = ends.get(one.topic)![one.partition]!;
  }
  return offsets;
}

/** How many messages are still to be read in partitions.
 * @param positions the next offsets to be read */
export async function lagsOf(consumer: Consumer, positions: readonly PartitionOffset[]): Promise<PartitionLag[]> {
  if (positions.length === 0) return [];
  const ends = await endsOf(consumer, positions, 'latest');
  return positions.map(({ topic, partition, offset }) => {
    const end = ends.get(topic)?.[partition] ?? offset;
    return { topic, partition, messages: Number(end - offset) };
  });
}

/** How the protocol asks for the offset at either end of a partition. */
const timestamps = { latest: -1n, earliest: -2n };

function endsOf(consumer: Consumer, of: readonly PartitionOffset[], end: 'earliest' | 'latest') {
  const partitions: Record<string, number[]> = {};
  for (const { topic, partition } of of) (partitions[topic] ??= []).push(partition);
  return consumer.listOffsets({ topics: Object.keys(partitions), partitions, timestamp: timestamps[end] });
}
