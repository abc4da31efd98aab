/** Where a body is kept that nobody can ever read, before it is refused for good. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../problem.ts';

export interface DeadLetters {
  /** Keeps a body and what is known about it; resolves with the path once it is on disk. A body that is there already
   * is not written again.
   * @throws Error when it cannot be written: the sender must keep it then */
  keep(body: Uint8Array, about: { problem: Problem; headers: Record<string, unknown> }): Promise<string>;
}

/** Opens a folder for dead letters, each of which is `<sha256>.body` as it was received and `<sha256>.json` with the
 * problem and the request's headers (without credentials).
 * @param maxBytes what the folder may hold; beyond it nothing more is kept */
export async function openDeadLetters(path: string, maxBytes: number): Promise<DeadLetters> {
  await mkdir(path, { recursive: true });
  let bytes = 0;
  for (const name of await readdir(path)) bytes += (await stat(join(path, name))).size;

  const underWay = new Map<string, Promise<string>>();

  async function write(name: string, body: Uint8Array, about: Buffer): Promise<string> {
    const kept = join(path, `${name}.body`);
    if (await exists(kept)) return kept;
    const size = body.length + about.length;
    if (bytes + size > maxBytes) {
      throw new Error(`${path} holds ${bytes} bytes of maxDeadLetterBytes ${maxBytes}; make room in it`);
    }
    bytes += size;
    try {
      await writeDurably(join(path, `${name}.json`), about);
      await writeDurably(kept, body);
    } catch (error) {
      bytes -= size;
      throw error;
    }
    return kept;
  }

  return {
    async keep(body, { problem, headers }) {
      const name = createHash('sha256').update(body).digest('hex').slice(0, 32);
      const { authorization: _, ...others } = headers;
      const about = { code: problem.code, detail: problem.message, headers: others };
      const kept = underWay.get(name) ?? write(name, body, Buffer.from(JSON.stringify(about, null, 2)));
      underWay.set(name, kept);
      return kept.finally(() => underWay.delete(name));
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A file is there whole or not at all, whoever else writes it at the same time. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(part, 'w');
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
