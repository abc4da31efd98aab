/** The contract of a byte layout: where each record lies, and how a tag is spliced into it. */
import type { Outlines } from '../outline/outlines.ts';
import { Problem } from '../problem.ts';
import type { LogRecord, Span } from '../record.ts';
import type { Tag } from '../tag.ts';
import type { OtlpRecord } from './opentelemetry/otlp-record.ts';

export interface DecodeLimits {
  /** Nesting levels of one record that are read. */
  maxDepth: number;
  /** Records of one batch. */
  maxRecords: number;
}

/** One change to the bytes of a batch: what lies in [start, end) gives way to `insert`. */
export interface Edit {
  start: number;
  end: number;
  insert: Uint8Array;
}

export interface Codec {
  /** As in configuration, metrics and Fluent Bit's `format`. */
  readonly name: string;
  /** What its records are: maps in JSON, Fluent's log events in MessagePack, or LogRecords of OTLP. */
  readonly notation: 'json' | 'msgpack' | 'otlp';
  /** Media types of a request with this layout, without parameters. */
  readonly mediaTypes: readonly string[];
  /** The media type of a record alone, where it is not the first of these. */
  readonly recordMediaType?: string;

  /** Finds the records of a body, in order. What is no record but sits between records becomes one of kind `other`, as
   * does the rest of a body that is cut.
   * @param outlines receives the outlines of those records that are as plain as that
   * @throws Problem `body.empty`, `body.unreadable` (not one record can be delimited) or `body.too_many_records` */
  decode(bytes: Uint8Array, limits: DecodeLimits, outlines?: Outlines): LogRecord[];

  /** Reads the map of a record for evaluation. Strings that are not UTF-8 and integers beyond 2^53 may be approximated:
   * the bytes, not this value, are what is passed on. A map that is malformed is read as far as it goes, and the maps
   * that stay open carry CUT; below `maxDepth` levels stands the mark `too_deep`.
   * @throws Problem `record.too_large` (so many values that they would take memory out of proportion to the record) */
  read(bytes: Uint8Array, record: LogRecord & { kind: 'map' }, limits: DecodeLimits): unknown;

  /** Adds the edits that give a record its tag under the key `memberName`, replacing a member of that name. Applied,
   * they leave every other byte of the record as it was.
   * @param edits of the records before, in order of offset */
  splice(bytes: Uint8Array, record: LogRecord & { kind: 'map' }, memberName: string, tag: Tag, edits: Edit[]): void;

  /** The edits outside of records that those of records make necessary: lengths of what is around them. Without it there
   * are none.
   * @param edits of records, in order of offset */
  enclose?(bytes: Uint8Array, edits: readonly Edit[]): Edit[];

  /** A record of OTLP and what is around it, where the notation is that. */
  otlpRecord?(bytes: Uint8Array, record: LogRecord & { kind: 'map' }): OtlpRecord;

  /** Frames single records, each with the bytes of its span after its edits, as one body. */
  frame(records: readonly Uint8Array[]): Uint8Array;

  /** A body of some of the records of another, as they are there and with nothing else of it.
   * @param records of the body, in order; one at least */
  select(bytes: Uint8Array, records: readonly LogRecord[]): Selection;
}

/** A body, and where its records lie. */
export interface Selection {
  bytes: Uint8Array;
  records: LogRecord[];
}

/** Values of one record that are read: each takes up to 200 bytes of memory, and as little as one of the record. An object
 * of Kubernetes, of 3 MB at most, has some hundred thousand. */
export const MAX_VALUES = 1_000_000;

/** Refuses a record that would take memory out of proportion to its size.
 * @param count counts the values in these bytes, at most one a byte
 * @throws Problem `record.too_large` */
export function checkValues(bytes: Uint8Array, { start, end }: Span, count: (bytes: Uint8Array) => number): void {
  if (end - start <= MAX_VALUES || count(bytes.subarray(start, end)) <= MAX_VALUES) return;
  throw tooManyValues();
}

export function tooManyValues(): Problem {
  return new Problem('record.too_large', `more than ${MAX_VALUES} values in one record`);
}
