/** A lock that one process has at a time, and that goes with the process however it ends. */
import { DatabaseSync } from 'node:sqlite';

/** Takes the lock of a file, which is made and stays empty. Node has no call for it; SQLite asks the system for one (POSIX
 * `fcntl`), which counts for all processes of a machine, whatever container they are in.
 * @returns what gives it back
 * @throws Error where another has it, or where the file cannot be made */
export function lockFile(path: string): () => void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // No journal on disk, as it would take room on one that is full.
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
