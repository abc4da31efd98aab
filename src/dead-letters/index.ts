/** Keeps bodies and records that nobody can ever deliver: whole, with the reason and the time. What is kept can be read and
 * edited with any tool, and `tripline replay` processes it again. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem, ProblemCode } from '../problem.ts';

/** What is known about a letter. */
export interface About {
  /** Why it cannot be delivered. */
  problem: Problem;
  /** Those of the request that it came in, or that a request with it would have: Content-Type, Content-Encoding. */
  headers: Readonly<Record<string, unknown>>;
  /** Path of that request, which determines how its body is read; undefined for a body of records. */
  path?: string | undefined;
  /** Set if no header has it. */
  fluentTag?: string;
  /** Name of the sink that cannot deliver it. */
  sink?: string;
}

/** The `.json` of a letter. */
export interface LetterHead {
  /** When it was kept. RFC 3339. */
  time: string;
  code: ProblemCode;
  detail: string;
  sink?: string;
  fluentTag?: string;
  path?: string;
  headers: Readonly<Record<string, unknown>>;
}

export interface DeadLetters {
  /** Keeps a body, or a record framed as a body, and what is known of it; resolves with the path once it is on disk. A body
   * that exists already is not written again.
   * @throws Error when it cannot be written: the sender must then keep it */
  keep(body: Uint8Array, about: About): Promise<string>;
}

/** Whole bodies are only for those who may read the audit log. */
const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** Headers that may hold credentials, whichever path they were sent to and whoever requires them. */
const secretHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-api-key',
  'x-amz-firehose-access-key',
]);

/** Bytes in a folder for dead letters, for all threads of a process that have it open: see `countLetters`. */
export type LetterCount = BigInt64Array<SharedArrayBuffer>;

/** A count for one folder. */
export function countLetters(): LetterCount {
  return new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT));
}

/** Opens a folder for dead letters, each of which is `<sha256>.body`, a body as it was received or made of records, and
 * `<sha256>.json` with what is known about it (without credentials). Folders in it are ignored.
 * @param maxBytes what the folder may hold; beyond it nothing more is kept
 * @param count shared by all who have this folder open */
export async function openDeadLetters(path: string, maxBytes: number, count = countLetters()): Promise<DeadLetters> {
  await mkdir(path, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const measure = async () => void Atomics.store(count, 0, BigInt(await bytesIn(path)));
  await measure();

  const underWay = new Map<string, Promise<string>>();

  function isReserved(size: number): boolean {
    const before = Number(Atomics.add(count, 0, BigInt(size)));
    if (before + size <= maxBytes) return true;
    Atomics.sub(count, 0, BigInt(size));
    return false;
  }

  async function reserve(size: number): Promise<void> {
    if (isReserved(size)) return;
    // Letters may meanwhile have been removed, or added by somebody else.
    await measure();
    if (isReserved(size)) return;
    throw new Error(
      `${path} holds ${Atomics.load(count, 0)} bytes of maxDeadLetterBytes ${maxBytes}; free space in it`,
    );
  }

  async function write(name: string, body: Uint8Array, about: Buffer): Promise<string> {
    const kept = join(path, `${name}.body`);
    if (await exists(kept)) return kept;
    const size = body.length + about.length;
    await reserve(size);
    try {
      await writeDurably(join(path, `${name}.json`), about);
      await writeDurably(kept, body);
      await syncFolder(path);
    } catch (error) {
      Atomics.sub(count, 0, BigInt(size));
      throw error;
    }
    return kept;
  }

  return {
    async keep(body, { problem, headers, path: sentTo, fluentTag, sink }) {
      // What two sinks refuse becomes a letter for each.
      const digest = createHash('sha256')
        .update(sink ?? '')
        .update(body);
      const name = digest.digest('hex').slice(0, 32);
      const others = Object.fromEntries(Object.entries(headers).filter(([name]) => !secretHeaders.has(name)));
      const head: LetterHead = {
        time: new Date().toISOString(),
        code: problem.code,
        detail: problem.message,
        ...(sink !== undefined && { sink }),
        ...(fluentTag !== undefined && { fluentTag }),
        ...(sentTo !== undefined && { path: sentTo }),
        headers: others,
      };
      const kept = underWay.get(name) ?? write(name, body, Buffer.from(`${JSON.stringify(head, null, 2)}\n`));
      underWay.set(name, kept);
      return kept.finally(() => underWay.delete(name));
    },
  };
}

async function bytesIn(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    // One that is gone by now has been moved or renamed.
    if (entry.isFile()) bytes += await stat(join(path, entry.name)).then(({ size }) => size, ignoreMissing);
  }
  return bytes;
}

function ignoreMissing(error: NodeJS.ErrnoException): number {
  if (error.code !== 'ENOENT') throw error;
  return 0;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A file exists whole or not at all, whoever else writes it at the same time. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(part, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** New names are on disk only once their folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
