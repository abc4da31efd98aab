/** A batch after evaluation. */
import type { Codec } from '../codecs/codec.ts';
import type { LogRecord } from '../record.ts';
import type { Tag } from '../tag.ts';
import type { Origin } from './origin.ts';

/** The bytes as they came, and for each record in order its tag. */
export interface TaggedBatch {
  /** Fluent tag of the batch; undefined if the sender gave none. */
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
  /** Set if it was read from Kafka. */
  origin?: Origin;
  /** Digest of the batch of which these are some of the records; undefined if they are all of them. */
  partOf?: string;
}
