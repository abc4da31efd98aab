/** Appends records, or the findings in them, to Avro object container files. */
import type { FileHandle } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import { emittedOf } from '../findings/emitted.ts';
import type { Finding } from '../record.ts';
import { addressOf } from '../storage/address.ts';
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
        '`records`: each record with its events and findings, as defined by schemas/tagged-record.avsc; `findings`: each ' +
        'finding, without reports, as defined by schemas/finding.avsc.',
    }),
    codec: Type.Enum(['null', 'deflate', 'zstandard'], {
      default: 'deflate',
      description: 'How blocks are compressed: every reader supports `deflate`; `zstandard` is faster.',
    }),
    upload: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Where closed files go: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://ACCOUNT/CONTAINER/PREFIX`, below ' +
          '`date=YYYY-MM-DD/`. They are removed from `path` once they are uploaded. Default: they stay.',
      }),
    ),
  },
  { additionalProperties: false, title: 'Avro sink' },
);
export type AvroConfig = Static<typeof avroConfig> & Pick<RowsSettings, 'records'>;

/** In a spool, findings exist only within the text of its records. */
export function avroFaults({
  spool,
  upload,
  maxFileBytes,
}: Pick<AvroConfig, 'upload' | 'maxFileBytes'> & { spool?: unknown }): SinkFault[] {
  const faults: SinkFault[] = [];
  if (spool !== undefined) {
    const message = 'spool: this sink writes to the disk itself, and accepts no batches from a spool; leave it out';
    faults.push({ setting: ['spool'], message });
  }
  if (upload === undefined) return faults;
  try {
    addressOf(upload);
  } catch (error) {
    faults.push({ setting: ['upload'], message: `upload: ${(error as Error).message}` });
  }
  if (maxFileBytes > MAX_UPLOAD_BYTES) {
    const message = `maxFileBytes: an object is uploaded in one request of at most ${MAX_UPLOAD_BYTES} bytes`;
    faults.push({ setting: ['maxFileBytes'], message });
  }
  return faults;
}

/** Less than S3 accepts in a request, as a file exceeds its limit by what arrives at the same time. */
const MAX_UPLOAD_BYTES = 4 * 1024 ** 3;

/** Where the files end up, for a person to read. */
export function avroTarget({ path, upload }: Pick<AvroConfig, 'path' | 'upload'>): string {
  return upload ?? path;
}

/** Bytes of rows in a block. */
const BLOCK_BYTES = 1024 * 1024;

/** A sink that has a batch when its blocks are on disk: each batch has its own blocks, so that a file can be read up to the
 * last batch that was acknowledged.
 * @throws Problem `config.invalid` if the folder cannot be used */
export async function openAvro(config: AvroConfig, dependencies: SinkDependencies, files?: Files): Promise<Sink> {
  // Loaded on demand: few have such a sink, and the library is large.
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
  const { name, upload } = config;
  if (upload === undefined) return openFileSink({ ...config, format, encode }, dependencies, files);
  const uploader = await openUploads(name, upload, dependencies);
  const onClosed = (path: string) => uploader.add(path);
  const sink = await openFileSink({ ...config, format, encode, onClosed, isDaily: true }, dependencies, files);
  return {
    ...sink,
    async close() {
      await sink.close();
      await uploader.close();
    },
  };
}

async function openUploads(name: string, address: string, { logger, environment = {} }: SinkDependencies) {
  const [{ openUploader }, { openStorage }] = await Promise.all([
    import('./disk/uploader.ts'),
    import('../storage/index.ts'),
  ]);
  return openUploader({
    storage: await openStorage(address, environment),
    onFailed: (file, err) =>
      logger.warn({ sink: name, file, err }, 'A file was not uploaded to object storage: it stays here and is retried'),
    onRestored: (object) => logger.info({ sink: name, object }, 'Files are uploaded to object storage again'),
  });
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
