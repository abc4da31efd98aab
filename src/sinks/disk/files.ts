/** What is written must survive a crash: what everything that keeps files here needs of a file system. */
import type * as system from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** A file system, which tests replace by one that fails. */
export type Files = Pick<typeof system, 'mkdir' | 'open' | 'readdir' | 'rename' | 'rm' | 'stat'>;

/** Modes of new files and folders: they hold what the audit log holds. */
export const OWNER_ONLY = { file: 0o600, folder: 0o700 };

/** Writes everything, even if a single call writes only a part. */
export async function writeAll(file: FileHandle, parts: readonly Uint8Array[], position: number): Promise<number> {
  let left = parts.filter(({ length }) => length > 0);
  let at = position;
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left, at);
    if (bytesWritten === 0) throw Object.assign(new Error('nothing more could be written'), { code: 'ENOSPC' });
    at += bytesWritten;
    let whole = 0;
    while (whole < left.length && bytesWritten >= left[whole]!.length) bytesWritten -= left[whole++]!.length;
    left = left.slice(whole);
    if (bytesWritten > 0) left = [left[0]!.subarray(bytesWritten), ...left.slice(1)];
  }
  return at - position;
}

/** Makes the names in a folder durable. */
export async function syncFolder(files: Files, path: string): Promise<void> {
  const folder = await files.open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether an error comes from the system, and is not a defect. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && /^E[A-Z0-9]+$/.test((error as NodeJS.ErrnoException).code ?? '');
}
