/** A batch after evaluation. */
import type { Codec } from '../codecs/codec.ts';
import type { LogRecord } from '../record.ts';
import type { Tag } from '../tag.ts';
import type { Origin } from './origin.ts';

/** The bytes as they came, and for each record in order its tag. */
export interface TaggedBatch {
  /** Fluent tag of the batch; undefined where the sender gave none. */
  fluentTag: string | undefined;
  codec: Codec;
  bytes: Uint8Array;
  records: readonly LogRecord[];
  /** One for each record; undefined for a group marker. */
  tags: readonly (Tag | undefined)[];
  memberName: string;
  /** Key of the time in Fluent Bit's JSON. */
  dateKey: string;
  receivedUnixNano: bigint;
  /** Set where it was read from Kafka. */
  origin?: Origin;
  /** Digest of the batch that these are some of the records of; undefined where they are all. */
  partOf?: string;
}
