/** The contract of a place that tagged batches go to. */
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import type { DeadLetters } from '../dead-letters/index.ts';
import type { ContextOf } from '../findings/context.ts';
import type { AuditEvent } from '../record.ts';
import type { ListenForSilences } from '../silence/index.ts';

export interface Sink {
  /** As in configuration, logs and metrics; unique among the sinks of a process. */
  readonly name: string;
  /** How many times a batch is in memory, encoded, while it is delivered; 1 where it is left out. */
  readonly copies?: number;
  /** Whether it commits what the batch was read from: it has its turn when all others have the batch. */
  readonly commits?: boolean;
  /** Why a batch would be refused if it came now, for the operator, where that is known: it is asked before a batch is
   * evaluated, so that this is not done for nothing. A sink without it is always asked to deliver.
   * @param bytes of the batch as received */
  refusal?(bytes: number): string | undefined;
  /** Resolves when the other side has the whole batch safely.
   * @throws Problem `sink.unavailable` when it may not have, with a reason for the operator: the sender will retry;
   * `sink.refused` when the other side is there and does not take a record of this batch */
  deliver(batch: TaggedBatch): Promise<DeliveryResult>;
  /** Waits for deliveries under way, then lets go of connections. */
  close(): Promise<void>;
}

export type DeliveryResult =
  /** `setAside` are others of the batch, which the other side refuses for good and dead letters have. */
  | { kind: 'acknowledged'; records: number; setAside?: number }
  /** Taken, but on purpose not sent on; `reason` goes to the log. */
  | { kind: 'withheld'; records: number; reason: string }
  /** On disk, from where it is sent; what becomes of it then goes to `onSettled`. */
  | { kind: 'spooled'; records: number }
  /** On disk or sent already: its sender has repeated it. */
  | { kind: 'repeated'; records: number }
  /** Nobody waits for it: what becomes of it goes to `onSettled`. */
  | { kind: 'begun'; records: number };

/** What has become of records in the end: failed where no one tries again, set aside where they lie in a file; restored are
 * those that were in a spool when it was opened; not chosen are those that the sink is not to have. */
export type Settled =
  | 'acknowledged'
  | 'withheld'
  | 'spooled'
  | 'restored'
  | 'repeated'
  | 'set_aside'
  | 'failed'
  | 'not_chosen';

/** What a delivery says of records: how many it was with each outcome. */
export function countsOf(result: DeliveryResult): [Settled, records: number][] {
  if (result.kind === 'begun') return [];
  const { kind, records } = result;
  const counts: [Settled, number][] = [[kind, records]];
  if (kind === 'acknowledged' && result.setAside) counts.push(['set_aside', result.setAside]);
  return counts;
}

/** How full a spool is. */
export interface SpoolLevel {
  /** On disk, with what was set aside and what was sent and is not removed yet. */
  bytes: number;
  setAsideBytes: number;
  /** Batches that are yet to be sent. */
  entries: number;
  /** How long the first of them has been there. */
  oldestSeconds: number;
  /** Why nothing is taken, and since when: it is full, or the disk cannot be written. */
  trouble?: { kind: 'full' | 'failing'; since: Date };
}

/** What a sink gets from its surroundings. */
export interface SinkDependencies {
  logger: Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;
  /** The audit events in a record of a batch, as they are read from its bytes again: those of a sink may differ from those that
   * were evaluated, and a batch does not keep events. */
  eventsOf(batch: TaggedBatch, index: number): readonly AuditEvent[];
  /** What is known of a finding beside its tag. */
  contextOf: ContextOf;
  /** By which clients find their storage and their credentials; none where it is left out. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** For sinks that say which sources fall silent; undefined where they are not looked for. */
  listenForSilences?: ListenForSilences | undefined;
  /** Where records are kept that a receiver refuses for good; undefined where the settings name no place for them. */
  deadLetters?: DeadLetters | undefined;
  /** Called when the sink tries again to reach its target. */
  onRetry(sink: string): void;
  /** Called when the receiver counts as down, so that nothing is sent for a while, and when it is back. */
  onDown(sink: string, isDown: boolean): void;
  /** Called with what has become of records after their delivery was answered. */
  onSettled(sink: string, result: Settled, fluentTag: string | undefined, records: number): void;
  /** Called when the spool of the sink has changed. */
  onSpool(sink: string, level: SpoolLevel): void;
}

/** What is wrong with a sink's settings. */
export interface SinkFault {
  /** The steps to the setting, from the sink. */
  setting: readonly (string | number)[];
  /** What is wrong, and what to write. */
  message: string;
}
