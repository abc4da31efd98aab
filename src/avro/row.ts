/** The rows of containers: tagged records, or findings. */
import avro, { type Type } from 'avsc';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { type AuditEvent, Finding } from '../record.ts';
import { TaggedRecord } from '../tag.ts';
import { avroSchema, avroValue } from './schema.ts';

/** Longs are bigints: nanoseconds since 1970 are beyond 2^53. */
const longType = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/** A kind of rows. */
export interface Rows {
  /** In JSON. */
  schema: string;
  /** The rows of a record, each as its bytes; a group marker has none.
   * @param eventsOf the events of a record of the batch, by its index
   * @param isChosen whether to include a finding of the record, if the rows are findings */
  of(
    batch: TaggedBatch,
    index: number,
    eventsOf: (index: number) => readonly AuditEvent[],
    isChosen?: (finding: Finding) => boolean,
  ): Uint8Array[];
}

/** One for each record, as schemas/tagged-record.avsc says. */
export const recordRows: Rows = rowsOf(TaggedRecord, (batch, index, eventsOf) => {
  const { bytes, codec, records, tags, fluentTag, receivedUnixNano } = batch;
  const { start, end } = records[index]!;
  const tag = tags[index];
  const value = avroValue(TaggedRecord, {
    mediaType: codec.recordMediaType ?? codec.mediaTypes[0],
    fluentTag,
    receivedUnixNano,
    verdict: tag?.verdict,
    ruleset: tag?.ruleset ?? '',
    problem: tag?.problem,
    events: eventsOf(index),
    findings: tag?.findings ?? [],
    undecided: tag?.undecided ?? [],
    shadow: tag?.shadow,
    silenced: tag?.silenced,
    reports: tag?.reports,
    shadowReports: tag?.shadowReports,
    omitted: tag?.omitted,
    redacted: tag?.redacted,
    state: tag?.state,
  });
  return [{ ...(value as object), record: Buffer.from(bytes.subarray(start, end)) }];
});

/** One for each finding, as schemas/finding.avsc says. */
export const findingRows: Rows = rowsOf(Finding, ({ tags }, index, _, isChosen = () => true) =>
  (tags[index]?.findings ?? []).filter(isChosen).map((finding) => avroValue(Finding, finding)),
);

type Values = (...args: Parameters<Rows['of']>) => unknown[];

function rowsOf(declaration: object, valuesOf: Values): Rows {
  const schema = avroSchema(declaration);
  const type: Type = avro.Type.forSchema(schema, { registry: { long: longType }, wrapUnions: false });
  return {
    schema: JSON.stringify(schema),
    of(batch, index, ...rest) {
      if (batch.records[index]!.kind === 'group') return [];
      return valuesOf(batch, index, ...rest).map((value) => type.toBuffer(value));
    },
  };
}
