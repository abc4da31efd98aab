/** Uploads complete files to object storage, and removes them here. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as files from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Storage } from '../../storage/index.ts';

export interface Uploader {
  /** Queues a file for upload, which is retried as often as necessary. */
  add(path: string): void;
  /** Tries each remaining file once more, for some seconds. What is not uploaded stays for the next start. */
  close(): Promise<void>;
}

export interface UploaderOptions {
  storage: Pick<Storage, 'put' | 'close'>;
  /** Called with a file that could not be uploaded, and is retried. */
  onFailed(path: string, error: Error): void;
  /** Called when uploads succeed again after a failure. */
  onRestored(address: string): void;
}

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;
const CLOSE_MILLISECONDS = 15_000;
/** Characters of the digest in a key. */
const DIGEST_LENGTH = 16;

/** Uploads one file at a time. */
export function openUploader({ storage, onFailed, onRestored }: UploaderOptions): Uploader {
  let last = Promise.resolve();
  let hasFailed = false;
  const closing = new AbortController();

  async function upload(path: string): Promise<void> {
    for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, 2 * wait)) {
      try {
        const address = await storage.put(await keyOf(path), path);
        if (hasFailed) onRestored(address);
        hasFailed = false;
        // A file that is repeated, because the process ended before this, has the same key.
        await files.rm(path, { force: true });
        return;
      } catch (error) {
        hasFailed = true;
        onFailed(path, error as Error);
      }
      if (closing.signal.aborted) return;
      await pause(wait, closing.signal);
    }
  }

  return {
    add(path) {
      last = last.then(() => upload(path));
    },
    async close() {
      closing.abort();
      await Promise.race([last, pause(CLOSE_MILLISECONDS)]);
      storage.close();
    },
  };
}

/** Resolves after some time, or when the signal is aborted. */
function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    timer.unref();
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

/** `date=2026-01-02/tripline-20260102T030405678Z-<digest>.avro`: the same for the same file whenever it is uploaded, and
 * another for a file of another sidecar with the same name. */
async function keyOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(path), digest);
  const [, year, month, day] = /^tripline-(\d{4})(\d\d)(\d\d)T/.exec(basename(path))!;
  const name = basename(path).replace('.', `-${digest.digest('hex').slice(0, DIGEST_LENGTH)}.`);
  return `date=${year}-${month}-${day}/${name}`;
}
