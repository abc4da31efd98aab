/** Avro object container files of rows.
 * @see https://avro.apache.org/docs/1.12.0/specification/#object-container-files */
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, zstdCompress } from 'node:zlib';
import avro from 'avsc';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import type { AuditEvent } from '../record.ts';
import { MAGIC, SYNC_BYTES } from './magic.ts';
import { type Rows, recordRows } from './row.ts';

/** The codecs of blocks, by their names in a container. */
const codecs = {
  null: async (block: Uint8Array) => block,
  deflate: promisify<Uint8Array, Uint8Array>(deflateRaw),
  zstandard: promisify<Uint8Array, Uint8Array>(zstdCompress),
};
export type BlockCodec = keyof typeof codecs;

const metadataType = avro.Type.forSchema({ type: 'map', values: 'bytes' });
const longType = avro.Type.forSchema('long');

/** Writes containers of one kind of rows; all containers of one writer mark their blocks alike. */
export interface ContainerWriter {
  /** What a container begins with. */
  head: Uint8Array;
  /** The rows as blocks, which may stand in any container of this writer. */
  blocks(rows: Iterable<Uint8Array>, blockBytes: number): AsyncGenerator<Uint8Array>;
}

export function containerWriter({ schema }: Pick<Rows, 'schema'>, codec: BlockCodec): ContainerWriter {
  // Random, so that no record can hold what would count as the end of a block.
  const sync = randomBytes(SYNC_BYTES);
  const metadata = { 'avro.codec': Buffer.from(codec), 'avro.schema': Buffer.from(schema) };
  const compress = codecs[codec];

  async function block(rows: readonly Uint8Array[]): Promise<Uint8Array> {
    const data = await compress(Buffer.concat(rows));
    return Buffer.concat([longType.toBuffer(rows.length), longType.toBuffer(data.length), data, sync]);
  }

  return {
    head: Buffer.concat([MAGIC, metadataType.toBuffer(metadata), sync]),
    async *blocks(rows, blockBytes) {
      let held: Uint8Array[] = [];
      let bytes = 0;
      for (const row of rows) {
        held.push(row);
        bytes += row.length;
        if (bytes < blockBytes) continue;
        yield await block(held);
        held = [];
        bytes = 0;
      }
      if (held.length > 0) yield await block(held);
    },
  };
}

/** Bytes of rows in a block of a container that is made as a whole. */
const BLOCK_BYTES = 64 * 1024;

/** A container of its own with the chosen records of a batch.
 * @param batch whose `eventsOf` gives the events of a record by its index, for the bytes of the batch
 * @param chosen whether a record is wanted, by its index */
export async function encodeContainer(
  batch: TaggedBatch & { eventsOf(index: number, bytes: Uint8Array): readonly AuditEvent[] },
  chosen: (index: number) => boolean,
): Promise<Uint8Array> {
  const { head, blocks } = containerWriter(recordRows, 'null');
  const eventsOf = (index: number) => batch.eventsOf(index, batch.bytes);
  function* rows(): Generator<Uint8Array> {
    for (const index of batch.records.keys()) if (chosen(index)) yield* recordRows.of(batch, index, eventsOf);
  }
  const parts = [head];
  for await (const block of blocks(rows(), BLOCK_BYTES)) parts.push(block);
  return Buffer.concat(parts);
}
