/** Compresses complete files. */
import { createReadStream, createWriteStream } from 'node:fs';
import * as files from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { OWNER_ONLY, syncFolder } from './files.ts';

export type Compression = 'gzip' | 'zstd';

const compressions: Record<Compression, { suffix: string; create: () => Transform }> = {
  gzip: { suffix: '.gz', create: () => createGzip() },
  zstd: { suffix: '.zst', create: () => createZstdCompress() },
};

export interface Compressor {
  /** Queues a file for compression. */
  add(path: string): void;
  /** Aborts what is being compressed: the file stays as it was. */
  close(): Promise<void>;
}

/** Compresses one file at a time. The compressed file gets its name once it is on disk, and then the original is removed.
 * @param onFailed called with a file that stays as it is */
export function openCompressor(compression: Compression, onFailed: (path: string, error: Error) => void): Compressor {
  const { suffix, create } = compressions[compression];
  const closing = new AbortController();
  const { signal } = closing;
  let last = Promise.resolve();

  async function compress(path: string): Promise<void> {
    const part = `${path}${suffix}.part`;
    try {
      signal.throwIfAborted();
      const written = createWriteStream(part, { mode: OWNER_ONLY.file, flush: true });
      await pipeline(createReadStream(path), create(), written, { signal });
      await files.rename(part, `${path}${suffix}`);
      await syncFolder(files, dirname(path));
      await files.rm(path);
    } catch (error) {
      await files.rm(part, { force: true }).catch(() => {});
      if (!signal.aborted) onFailed(path, error as Error);
    }
  }

  return {
    add(path) {
      last = last.then(() => compress(path));
    },
    async close() {
      closing.abort();
      await last;
    },
  };
}
