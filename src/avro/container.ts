/** A batch as an Avro object container file, one TaggedRecord for each record. */
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import avro from 'avsc';
import type { ProcessedBatch } from '../pipeline.ts';
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

const taggedRecordType = avro.Type.forSchema(avroSchema(TaggedRecord), {
  registry: { long: longType },
  wrapUnions: false,
});

/** The bytes of an object container file with the chosen records.
 * @param chosen tells by its index whether a record is wanted
 * @see https://avro.apache.org/docs/1.12.0/specification/#object-container-files */
export async function encodeContainer(batch: ProcessedBatch, chosen: (index: number) => boolean): Promise<Uint8Array> {
  const encoder = new avro.streams.BlockEncoder(taggedRecordType as unknown as avro.Schema);
  return buffer(Readable.from(taggedRecords(batch, chosen)).compose(encoder));
}

/** One after another, as the encoder asks for them: of all at once there is much in memory. */
function* taggedRecords(batch: ProcessedBatch, chosen: (index: number) => boolean) {
  for (const index of batch.records.keys()) {
    if (batch.detections[index] !== undefined && chosen(index)) yield taggedRecord(batch, index);
  }
}

function taggedRecord(
  { bytes, codec, records, eventsOf, tags, fluentTag, receivedUnixNano }: ProcessedBatch,
  index: number,
) {
  const { start, end } = records[index];
  const tag = tags[index];
  return {
    ...(avroValue(TaggedRecord, {
      mediaType: codec.mediaTypes[0],
      fluentTag,
      receivedUnixNano,
      verdict: tag?.verdict,
      ruleset: tag?.ruleset ?? '',
      problem: tag?.problem,
      events: eventsOf(index, bytes),
      findings: tag?.findings ?? [],
      undecided: tag?.undecided ?? [],
      shadow: tag?.shadow,
      silenced: tag?.silenced,
      reports: tag?.reports,
      shadowReports: tag?.shadowReports,
    }) as object),
    record: Buffer.from(bytes.subarray(start, end)),
  };
}
