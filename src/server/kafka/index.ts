/** The input that reads topics of Kafka as a member of a consumer group: one batch after another, each committed when every
 * sink has it. While there is no space, or a sink accepts nothing, it reads no further, and the broker keeps what comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../../config/index.ts';
import type { KafkaInput } from '../../config/kafka-input.ts';
import { free } from '../../free.ts';
import type { Batch } from '../../pipeline.ts';
import { Problem } from '../../problem.ts';
import { connectionTarget, isOfClient, NotTakingPart, reasonOf } from '../../sinks/kafka/connection.ts';
import { backoff } from '../../sinks/retry/backoff.ts';
import { startMessage } from '../../telemetry/index.ts';
import { observeKafkaLag, type PartitionLag } from '../../telemetry/kafka.ts';
import type { Shared } from '../http.ts';
import { problemOf } from '../refusal.ts';
import { type GenerationParts, readGeneration } from './generation.ts';
import { asMember, PartitionsChanged } from './membership.ts';

export interface KafkaReaderParts extends Pick<Shared, 'take' | 'budget' | 'inFlight' | 'remind'> {
  kafka: KafkaInput;
  limits: Config['limits'];
  /** Whether a sink commits the offsets together with what it has written. */
  isCommittedBySink: boolean;
  logger: Logger;
}

export interface KafkaReader {
  /** Begins no more batches; resolves when those under way are done and the group is left. */
  drain(): Promise<void>;
}

/** How long until joining a group whose members read other topics is tried again: each time, the partitions of all members
 * are distributed anew. */
const MISPLACED_MILLISECONDS = 60_000;

/** Reads until it is drained: what fails is retried. */
export function openKafkaReader(parts: KafkaReaderParts): KafkaReader {
  const { kafka, limits, isCommittedBySink, logger, take, budget, inFlight, remind } = parts;
  const receiver = `kafka: ${connectionTarget(kafka)}`;
  const leaving = new AbortController();
  const draining = leaving.signal;
  const pause = (milliseconds: number) => sleep(milliseconds, undefined, { signal: draining }).catch(() => {});
  const rest = (failures: number) => pause(backoff(failures));

  async function process(batch: Batch): Promise<void> {
    const counted = inFlight.begin();
    const share = budget.open();
    const { topic, member } = batch.origin!;
    const span = startMessage('kafka', {
      'messaging.destination.name': topic,
      'messaging.consumer.group.name': member.groupId,
    });
    let isFault = false;
    try {
      // It is a broker that waits, and it keeps the messages; a batch that has begun is finished.
      const never = new AbortController().signal;
      await share.claim(batch.bytes.length, never);
      const { defect } = await span.run(() => take(batch, { reply: 'none', layout: 'same' }, share, never, 'endless'));
      if (defect === undefined) return;
      const { code, title, message, remedy, cause } = defect;
      remind('defect', () => logger.error({ problem: code, err: cause, remedy }, `${title}: ${message}`));
    } catch (error) {
      const problem = problemOf(error);
      isFault = true;
      span.fail(problem.code);
      throw problem;
    } finally {
      span.end(isFault);
      free(batch.bytes as Uint8Array<ArrayBuffer>);
      share.release();
      counted();
    }
  }

  async function run(): Promise<void> {
    let lags: readonly PartitionLag[] = [];
    observeKafkaLag(() => lags);
    const reading: GenerationParts = {
      ...{ kafka, maxMessages: limits.maxRecords, isCommittedBySink, process },
      onLag(now) {
        lags = now;
      },
      onDeleted({ topic, partition, messages }) {
        const what = `${messages} messages of partition ${partition} of ${topic} were deleted before they were read`;
        logger.error(
          { receiver, topic, partition, messages },
          `${receiver} no longer has everything that the group ${kafka.group} has yet to read: ${what}; raise the retention of the topic`,
        );
      },
    };
    let isMisplaced = false;
    for (let failures = 0; !draining.aborted; await (isMisplaced ? pause(MISPLACED_MILLISECONDS) : rest(++failures))) {
      isMisplaced = false;
      try {
        await asMember(kafka, { receiver, logger }, async (membership) => {
          logger.info({ group: kafka.group, topics: kafka.topics }, `${receiver} is read`);
          failures = 0;
          for (let failed = 0; !draining.aborted; ) {
            try {
              await readGeneration(membership, await membership.generation(draining), reading, draining);
              failed = 0;
              lags = [];
            } catch (error) {
              // A failure of processing: the membership continues, and so do its heartbeats.
              if (!(error instanceof Problem)) throw error;
              logFailure(error);
              await rest(++failed);
            }
          }
        });
      } catch (error) {
        if (draining.aborted) return;
        lags = [];
        if (error instanceof PartitionsChanged) {
          logger.info({ receiver }, `${receiver} has other partitions, which are redistributed: ${error.message}`);
          continue;
        }
        // Errors of the client contain the options that it was opened with.
        isMisplaced = error instanceof NotTakingPart;
        const defect = isOfClient(error) ? undefined : { err: error };
        logger.error({ receiver, ...defect }, `${receiver} ${reasonOf(error, kafka.topics)}`);
      }
    }
  }

  function logFailure({ code, title, message, remedy }: Problem): void {
    const what = `${title}: ${message}. The batch is read again`;
    remind(`kafka ${code}`, (suppressed) => logger.warn({ problem: code, remedy, suppressed }, what));
  }

  const ended = run();
  return {
    async drain() {
      leaving.abort();
      await ended;
    },
  };
}
