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

/** One change to the bytes of a batch: `insert` replaces what lies in [start, end). */
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
  /** The media type of a single record, if it is not the first of these. */
  readonly recordMediaType?: string;

  /** Finds the records of a body, in order. What is not a record but lies between records becomes one of kind `other`, as
   * does the rest of a body that is cut.
   * @param outlines receives the outlines of records that are plain enough to have one
   * @throws Problem `body.empty`, `body.unreadable` (not one record can be delimited) or `body.too_many_records` */
  decode(bytes: Uint8Array, limits: DecodeLimits, outlines?: Outlines): LogRecord[];

  /** Reads the map of a record for evaluation. Strings that are not UTF-8 and integers beyond 2^53 may be approximated:
   * the bytes, not this value, are what is passed on. A malformed map is read as far as it goes, and the maps that stay
   * open carry CUT; the mark `too_deep` replaces what is below `maxDepth` levels.
   * @throws Problem `record.too_large` (so many values that they would take memory out of proportion to the record) */
  read(bytes: Uint8Array, record: LogRecord & { kind: 'map' }, limits: DecodeLimits): unknown;

  /** Adds the edits that give a record its tag under the key `memberName`, replacing a member of that name. Applied,
   * they leave every other byte of the record as it was.
   * @param edits of the records before, in order of offset */
  splice(bytes: Uint8Array, record: LogRecord & { kind: 'map' }, memberName: string, tag: Tag, edits: Edit[]): void;

  /** The edits outside of records that edits of records make necessary: lengths of what is around them. If it is undefined,
   * there are none.
   * @param edits of records, in order of offset */
  enclose?(bytes: Uint8Array, edits: readonly Edit[]): Edit[];

  /** A record of OTLP and what is around it, if that is the notation. */
  otlpRecord?(bytes: Uint8Array, record: LogRecord & { kind: 'map' }): OtlpRecord;

  /** Frames single records, each with the bytes of its span after its edits, as one body. */
  frame(records: readonly Uint8Array[]): Uint8Array;

  /** A body of some of the records of another, unchanged and with nothing else from it.
   * @param records of the body, in order; at least one */
  select(bytes: Uint8Array, records: readonly LogRecord[]): Selection;
}

/** A body, and where its records lie. */
export interface Selection {
  bytes: Uint8Array;
  records: LogRecord[];
}

/** Most values of one record that are read: each takes up to 200 bytes of memory, but as little as one byte of the record. A
 * Kubernetes object, of 3 MB at most, has some hundred thousand. */
export const MAX_VALUES = 1_000_000;

/** Refuses a record that would take memory out of proportion to its size.
 * @param count counts the values in these bytes, at most one per byte
 * @throws Problem `record.too_large` */
export function checkValues(bytes: Uint8Array, { start, end }: Span, count: (bytes: Uint8Array) => number): void {
  if (end - start <= MAX_VALUES || count(bytes.subarray(start, end)) <= MAX_VALUES) return;
  throw tooManyValues();
}

export function tooManyValues(): Problem {
  return new Problem('record.too_large', `more than ${MAX_VALUES} values in one record`);
}
