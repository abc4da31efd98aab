/** Appends records to files of JSON lines. */
import type { FileHandle } from 'node:fs/promises';
import Type, { type Static } from 'typebox';
import type { TaggedBatch } from '../batch/tagged-batch.ts';
import type { Files } from './disk/files.ts';
import type { FileFormat } from './disk/rotated-files.ts';
import { fileSettings } from './disk/settings.ts';
import { jsonLines } from './encode/json.ts';
import { openLines } from './rows/rows.ts';
import { jsonRowsSetting, type RowsSettings } from './rows/settings.ts';
import type { Sink, SinkDependencies } from './sink.ts';

export const ndjsonConfig = Type.Object(
  {
    type: Type.Literal('ndjson'),
    name: Type.String({ minLength: 1, default: 'ndjson', description: 'Name in logs and metrics.' }),
    ...fileSettings,
    rows: jsonRowsSetting,
    compression: Type.Optional(
      Type.Enum(['gzip', 'zstd'], {
        description: 'How files are compressed once they are closed. Default: not at all.',
      }),
    ),
  },
  { additionalProperties: false, title: 'NDJSON sink' },
);
export type NdjsonConfig = Static<typeof ndjsonConfig> & RowsSettings;

/** A sink that has a batch when its lines are on disk.
 * @throws Problem `config.invalid` if the folder cannot be used */
export async function openNdjson(config: NdjsonConfig, dependencies: SinkDependencies, files?: Files): Promise<Sink> {
  // Loaded on demand: few have such a sink, and it needs a part of Node that others do not.
  const [{ openFileSink }, { openCompressor }] = await Promise.all([
    import('./disk/file-sink.ts'),
    import('./disk/compress.ts'),
  ]);
  const { name, compression } = config;
  const { logger } = dependencies;
  const compressor =
    compression &&
    openCompressor(compression, (file, error) =>
      logger.warn({ sink: name, file, err: error }, 'A file could not be compressed; the next start tries again'),
    );
  const linesOf = await openLines(config, dependencies);
  const encode = (batch: TaggedBatch) => jsonLines(batch, linesOf);
  const onClosed = (path: string) => compressor?.add(path);
  const sink = await openFileSink({ ...config, format, encode, onClosed }, dependencies, files);
  return {
    ...sink,
    async close() {
      await sink.close();
      await compressor?.close();
    },
  };
}

const format: FileFormat = { extension: 'ndjson', head: new Uint8Array(), wholeBytes: endOfLastLine };

const LINE_FEED = 0x0a;
const WINDOW_BYTES = 64 * 1024;

async function endOfLastLine(file: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; end -= WINDOW_BYTES) {
    const start = Math.max(0, end - WINDOW_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const lineFeed = buffer.subarray(0, bytesRead).lastIndexOf(LINE_FEED);
    if (lineFeed !== -1) return start + lineFeed + 1;
  }
  return 0;
}
