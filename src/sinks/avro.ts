/** Appends records, or the findings in them, to Avro object container files. */
import type { FileHandle } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { emittedOf } from '../findings/emitted.ts';
import type { Finding } from '../record.ts';
import { findingChooser } from './choice/choice.ts';
import type { Files } from './disk/files.ts';
import { fileSettings } from './disk/settings.ts';
import type { RowsSettings } from './rows/settings.ts';
import type { Sink, SinkDependencies, SinkFault } from './sink.ts';

export const avroConfig = Type.Object(
  {
    type: Type.Literal('avro'),
    name: Type.String({ minLength: 1, default: 'avro', description: 'Name in logs and metrics.' }),
    ...fileSettings,
    rows: Type.Enum(['records', 'findings'], {
      default: 'records',
      description:
        '`records`: each record with its events and findings, as schemas/tagged-record.avsc says; `findings`: each finding, ' +
        'as schemas/finding.avsc says, without reports.',
    }),
    codec: Type.Enum(['null', 'deflate', 'zstandard'], {
      default: 'deflate',
      description: 'How blocks are compressed: `deflate` is what every reader knows, `zstandard` is faster.',
    }),
  },
  { additionalProperties: false, title: 'Avro sink' },
);
export type AvroConfig = Static<typeof avroConfig> & Pick<RowsSettings, 'records'>;

/** What is in a spool has no findings apart from the text of its records. */
export function avroFaults({ spool }: { spool?: unknown }): SinkFault[] {
  if (spool === undefined) return [];
  const message = 'spool: this sink writes to the disk itself, and takes no batches from a spool; leave it out';
  return [{ setting: ['spool'], message }];
}

/** Bytes of rows in a block. */
const BLOCK_BYTES = 1024 * 1024;

/** A sink that has a batch when its blocks are on disk: each batch has blocks of its own, so that a file can be read up to the
 * last batch that was acknowledged.
 * @throws Problem `config.invalid` where the folder cannot be used */
export async function openAvro(config: AvroConfig, dependencies: SinkDependencies, files?: Files): Promise<Sink> {
  // Few have such a sink, and the library is much to load.
  const [{ openFileSink }, { containerWriter }, { wholeBytes }, { findingRows, recordRows }] = await Promise.all([
    import('./disk/file-sink.ts'),
    import('../avro/container.ts'),
    import('../avro/read-container.ts'),
    import('../avro/row.ts'),
  ]);
  const isChosen = findingChooser(config.records ?? {});
  const kind = config.rows === 'findings' ? findingRows : recordRows;
  const { head, blocks } = containerWriter(kind, config.codec);
  const format = {
    extension: 'avro',
    head,
    wholeBytes: (file: FileHandle, size: number) => wholeBytes(chunksOf(file, size)),
  };

  function* rowsOf(batch: TaggedBatch): Generator<Uint8Array> {
    const eventsOf = (index: number) => dependencies.eventsOf(batch, index);
    for (const index of batch.records.keys()) yield* kind.of(batch, index, eventsOf, chosenOf(batch, index));
  }

  function chosenOf(batch: TaggedBatch, index: number): ((finding: Finding) => boolean) | undefined {
    if (config.rows !== 'findings' || config.records === undefined) return undefined;
    const all = emittedOf(batch, index, () => []).filter((one) => isChosen(one, dependencies.contextOf(one)));
    const chosen = new Set<unknown>(all.map(({ finding }) => finding));
    return (finding) => chosen.has(finding);
  }
  const encode = (batch: TaggedBatch) => blocks(rowsOf(batch), BLOCK_BYTES);
  return openFileSink({ ...config, format, encode }, dependencies, files);
}

const CHUNK_BYTES = 64 * 1024;

async function* chunksOf(file: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
