/** The contract of a place that tagged batches go to. */
import type { TaggedBatch } from '../batch/tagged-batch.ts';

export interface Sink {
  /** As in configuration, logs and metrics; unique among the sinks of a process. */
  readonly name: string;
  /** Resolves when the other side has the whole batch safely.
   * @throws Problem `sink.unavailable` when it may not have, with a reason for the operator; the sender will retry */
  deliver(batch: TaggedBatch): Promise<DeliveryResult>;
  /** Waits for deliveries under way, then lets go of connections. */
  close(): Promise<void>;
}

export type DeliveryResult =
  | { kind: 'acknowledged'; records: number }
  /** Taken, but on purpose not sent on; `reason` goes to the log. */
  | { kind: 'withheld'; records: number; reason: string };

/** What a sink gets from its surroundings. */
export interface SinkDependencies {
  logger: Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;
  /** Called when the sink tries again to reach its target. */
  onRetry(sink: string): void;
}

/** What is wrong with a sink's settings. */
export interface SinkFault {
  /** The steps to the setting, from the sink. */
  setting: readonly string[];
  /** What is wrong, and what to write. */
  message: string;
}
