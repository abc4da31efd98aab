/** The contract of a place that tagged batches go to. */
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import type { DeadLetters } from '../dead-letters/index.ts';
import type { ContextOf } from '../findings/context.ts';
import type { AuditEvent } from '../record.ts';
import type { ListenForSilences } from '../silence/index.ts';

export interface Sink {
  /** As in configuration, logs and metrics; unique among the sinks of a process. */
  readonly name: string;
  /** How many copies of a batch are in memory, encoded, while it is delivered; 1 by default. */
  readonly copies?: number;
  /** Whether it commits what the batch was read from: it gets the batch after all others have it. */
  readonly commits?: boolean;
  /** Why a batch would be refused if it came now, for the operator, if that is known: it is asked before a batch is evaluated,
   * to avoid evaluating it for nothing. A sink without it is always asked to deliver.
   * @param bytes of the batch as received */
  refusal?(bytes: number): string | undefined;
  /** Resolves when the other side safely has the whole batch.
   * @throws Problem `sink.unavailable` if it may not have it, with a reason for the operator: the sender will retry;
   * `sink.refused` if the other side is up but does not accept a record of this batch */
  deliver(batch: TaggedBatch): Promise<DeliveryResult>;
  /** Waits for deliveries in progress, then closes connections. */
  close(): Promise<void>;
}

export type DeliveryResult =
  /** `setAside` counts other records of the batch, which the other side refuses permanently and dead letters hold. */
  | { kind: 'acknowledged'; records: number; setAside?: number }
  /** Accepted, but deliberately not sent on; `reason` goes to the log. */
  | { kind: 'withheld'; records: number; reason: string }
  /** On disk, to be sent from there; the outcome then goes to `onSettled`. */
  | { kind: 'spooled'; records: number }
  /** Already on disk or sent: its sender has repeated it. */
  | { kind: 'repeated'; records: number }
  /** Nobody waits for it: the outcome goes to `onSettled`. */
  | { kind: 'begun'; records: number };

/** The final outcome of records: failed if no one tries again, set aside if they are in a file; restored are those that were
 * in a spool when it was opened; not chosen are those that the sink is not meant to get. */
export type Settled =
  | 'acknowledged'
  | 'withheld'
  | 'spooled'
  | 'restored'
  | 'repeated'
  | 'set_aside'
  | 'failed'
  | 'not_chosen';

/** The outcomes that a delivery reports, with the number of records for each. */
export function countsOf(result: DeliveryResult): [Settled, records: number][] {
  if (result.kind === 'begun') return [];
  const { kind, records } = result;
  const counts: [Settled, number][] = [[kind, records]];
  if (kind === 'acknowledged' && result.setAside) counts.push(['set_aside', result.setAside]);
  return counts;
}

/** How full a spool is. */
export interface SpoolLevel {
  /** On disk, including what was set aside and what was sent but not removed yet. */
  bytes: number;
  setAsideBytes: number;
  /** Batches that are yet to be sent. */
  entries: number;
  /** How long the first of them has waited. */
  oldestSeconds: number;
  /** Why nothing is accepted, and since when: it is full, or the disk cannot be written. */
  fault?: { kind: 'full' | 'failing'; since: Date };
}

/** What a sink gets from its surroundings. */
export interface SinkDependencies {
  logger: Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;
  /** The audit events in a record of a batch, read again from its bytes: those that a sink gets may differ from those that were
   * evaluated, and a batch does not keep events. */
  eventsOf(batch: TaggedBatch, index: number): readonly AuditEvent[];
  /** What is known of a finding besides its tag. */
  contextOf: ContextOf;
  /** Variables by which clients find their storage and credentials; none by default. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** For sinks that report silent sources; undefined if these are not monitored. */
  listenForSilences?: ListenForSilences | undefined;
  /** Keeps records that a receiver refuses permanently; undefined if the settings name no place for them. */
  deadLetters?: DeadLetters | undefined;
  /** Called when the sink tries to reach its target again. */
  onRetry(sink: string): void;
  /** Called when the receiver counts as down, so that nothing is sent for a while, and when it is back. */
  onDown(sink: string, isDown: boolean): void;
  /** Called with the outcome of records whose delivery was already answered. */
  onSettled(sink: string, result: Settled, fluentTag: string | undefined, records: number): void;
  /** Called when the spool of the sink has changed. */
  onSpool(sink: string, level: SpoolLevel): void;
}

/** What is wrong with a sink's settings. */
export interface SinkFault {
  /** The path to the setting, from the sink. */
  setting: readonly (string | number)[];
  /** What is wrong, and what to write. */
  message: string;
}
