/** The records of an Avro object container file, one by one as their blocks arrive.
 * @see https://avro.apache.org/docs/1.12.0/specification/#object-container-files */
import { inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { Problem } from '../problem.ts';
import { Cursor, corrupt } from './cursor.ts';
import { MAGIC, SYNC_BYTES } from './magic.ts';
import { openSource, type Source, tooLarge } from './source.ts';
import { fieldsReader } from './written-schema.ts';

/** What is read from a TaggedRecord. */
export interface StoredRecord {
  /** The record as it came, untagged. */
  record: Uint8Array;
  mediaType: string;
  fluentTag: string | null;
  verdict: string;
}

type Inflate = (block: Uint8Array, maxOutputLength: number) => Uint8Array;

const codecs: Record<string, Inflate> = {
  null: (block) => block,
  deflate: (block, maxOutputLength) => inflateRawSync(block, { maxOutputLength }),
  zstandard: (block, maxOutputLength) => zstdDecompressSync(block, { maxOutputLength }),
};

/** Yields the records of each block. Needs memory for one block at a time.
 * @param maxBytes of a block, compressed or not
 * @throws Problem `body.corrupt` after what could be read before it; `body.too_large`; `body.unreadable` for a container of
 * anything but tagged records; `request.encoding` */
export async function* readContainer(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<StoredRecord[]> {
  const source = openSource(chunks, maxBytes);
  const { metadata, sync } = await readHead(source);
  const codec = metadata.get('avro.codec')?.toString() ?? 'null';
  const inflate = Object.hasOwn(codecs, codec) ? codecs[codec] : undefined;
  if (inflate === undefined) {
    const known = Object.keys(codecs).join(', ');
    throw new Problem('request.encoding', `the container is compressed with ${codec}; supported are ${known}`);
  }
  const decode = decoderOf(metadata.get('avro.schema')?.toString() ?? '');

  while (!(await source.isAtEnd())) {
    const count = await source.long();
    const block = await source.take(await source.long());
    yield decode(inflated(block, inflate, maxBytes), count);
    await readSync(source, sync);
  }
}

/** Bytes of a container up to the end of its last block that is whole; 0 if there is none. */
export async function wholeBytes(chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const source = openSource(chunks, Number.POSITIVE_INFINITY);
  let whole = 0;
  try {
    const { sync } = await readHead(source);
    while (!(await source.isAtEnd())) {
      await source.long();
      await source.take(await source.long());
      await readSync(source, sync);
      whole = source.offset();
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
  return whole;
}

async function readHead(source: Source): Promise<{ metadata: Map<string, Buffer>; sync: Buffer }> {
  if (!(await source.take(MAGIC.length)).equals(MAGIC)) throw corrupt('it does not begin like a container');
  return { metadata: await readMetadata(source), sync: await source.take(SYNC_BYTES) };
}

async function readSync(source: Source, sync: Buffer): Promise<void> {
  if (!(await source.take(sync.length)).equals(sync)) throw corrupt('a block does not end with the sync marker');
}

/** Decodes as many records as a block is said to have.
 * @param schema of the writer, in JSON */
function decoderOf(schema: string): (block: Uint8Array, count: number) => StoredRecord[] {
  let read: (cursor: Cursor) => Record<'record' | 'mediaType' | 'fluentTag' | 'verdict', Uint8Array | null>;
  try {
    read = fieldsReader(schema, ['record', 'mediaType', 'fluentTag', 'verdict']);
  } catch (error) {
    throw new Problem('body.unreadable', `it is not a container of tagged records: ${(error as Error).message}`);
  }
  return (block, count) => {
    const cursor = new Cursor(block);
    if (count > block.length) throw corrupt(`a block of ${block.length} bytes claims to have ${count} records`);
    const records: StoredRecord[] = [];
    for (let index = 0; index < count; index++) {
      const { record, mediaType, fluentTag, verdict } = read(cursor);
      records.push({
        record: record ?? nothing,
        mediaType: textOf(mediaType) ?? '',
        fluentTag: textOf(fluentTag),
        verdict: textOf(verdict) ?? '',
      });
    }
    return records;
  };
}

const nothing = new Uint8Array();

function textOf(bytes: Uint8Array | null): string | null {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

function inflated(block: Uint8Array, inflate: Inflate, maxBytes: number): Uint8Array {
  try {
    return inflate(block, maxBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw corrupt((error as Error).message);
  }
}

async function readMetadata(source: Source): Promise<Map<string, Buffer>> {
  const metadata = new Map<string, Buffer>();
  for (let count = await source.long(); count !== 0; count = await source.long()) {
    // A negative count is followed by the size of the entries.
    if (count < 0) await source.long();
    for (let entry = 0; entry < Math.abs(count); entry++) {
      const key = await source.take(await source.long());
      metadata.set(key.toString(), await source.take(await source.long()));
    }
  }
  return metadata;
}
