/** A lock that one process holds at a time, and that is released with the process however it ends. */
import { DatabaseSync } from 'node:sqlite';

/** Locks a file, which is created and stays empty. Node has no call for it; SQLite asks the system for a lock (POSIX
 * `fcntl`), which applies to all processes of a machine, whatever container they are in.
 * @returns a function that releases it
 * @throws Error if another process holds it, or if the file cannot be created */
export function lockFile(path: string): () => void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // No journal on disk, which would need space on a full one.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const isLocked = (error as { errcode?: number }).errcode === SQLITE_BUSY;
    if (isLocked) throw new Error(`${path} is locked: another process or sink uses this folder`, { cause: error });
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
  return () => database.close();
}

const SQLITE_BUSY = 5;
