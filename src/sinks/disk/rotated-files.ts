/** Files in a folder that are appended to one after another: a new one begins when the one before is large or old enough. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Files, OWNER_ONLY, syncFolder, writeAll } from './files.ts';
import { inGroups } from './groups.ts';
import { lockFile } from './lock.ts';

/** The format of the files. */
export interface FileFormat {
  /** Of their names, without the dot. */
  extension: string;
  /** What each begins with. */
  head: Uint8Array;
  /** Bytes of a file up to the end of what was written completely; 0 if that is no more than its head.
   * @param size of the file */
  wholeBytes(file: FileHandle, size: number): Promise<number>;
}

/** Bytes that are written one after another, with others that arrive at the same time, and then flushed. */
export interface Appended {
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Their approximate number. */
  bytes: number;
}

export interface RotatedOptions {
  /** The folder, for this process and these files alone. It is created if there is none. */
  path: string;
  format: FileFormat;
  /** Size of a file after which another begins. */
  maxFileBytes: number;
  maxFileSeconds: number;
  /** Whether each day, in UTC, begins another. */
  isDaily?: boolean;
  files: Files;
  /** Called with what was cut off from a file that was not closed because the process was killed. */
  onTorn(path: string, bytes: number): void;
  /** Called with a file that is complete, whenever it became so.
   * @param path of a file with the extension of the format */
  onClosed(path: string): void;
  /** Called with a complete file that keeps the name of an incomplete one until the next start. */
  onStuck(path: string, error: Error): void;
}

export interface RotatedFiles {
  /** Resolves when all of it is on disk.
   * @throws Error if it is not: then no file contains it or anything that arrived at the same time */
  append(what: Appended): Promise<void>;
  /** Waits for what is being written, and closes the file. */
  close(): Promise<void>;
}

/** Suffix of a name as long as the file is written to. Whoever reads files by their extension gets only complete ones. */
const OPEN = '.open';

interface Active {
  /** Without `.open`. */
  path: string;
  file: FileHandle;
  /** Bytes of it that are certainly on disk. */
  length: number;
  timer: NodeJS.Timeout;
  /** Milliseconds of Unix time, as in its name. */
  begun: number;
}

/** Opens the folder, and closes the files that a killed process left open.
 * @throws Error if the folder cannot be used, or another process uses it */
export async function openRotatedFiles(options: RotatedOptions): Promise<RotatedFiles> {
  const { path, format, files } = options;
  await files.mkdir(path, { recursive: true, mode: OWNER_ONLY.folder });
  // The parent may belong to another user.
  await syncFolder(files, dirname(path)).catch(() => {});
  // A name that begins with a dot is ignored by those who read all files of a folder.
  const unlock = lockFile(join(path, '.lock'));
  try {
    const before = await recover(options);
    return rotatedFiles(options, before, unlock);
  } catch (error) {
    unlock();
    throw error;
  }

  /** Closes what was left open.
   * @returns the time in the name of the latest file, in milliseconds of Unix time */
  async function recover({ onTorn, onClosed }: RotatedOptions): Promise<number> {
    let latest = 0;
    for (const name of (await files.readdir(path)).sort()) {
      const [, stamp, extension] = NAME.exec(name) ?? [];
      if (stamp === undefined || extension !== format.extension) continue;
      latest = Math.max(latest, timeOf(stamp));
      const full = join(path, name);
      if (name.endsWith(`.${format.extension}${OPEN}`)) {
        const closed = full.slice(0, -OPEN.length);
        if (await repair(full, closed, onTorn)) onClosed(closed);
      } else if (name.endsWith(`.${format.extension}`)) {
        onClosed(full);
      }
    }
    await syncFolder(files, path);
    return latest;
  }

  /** Cuts off what was being written; a file with nothing else in it is removed.
   * @returns whether there is a file */
  async function repair(open: string, closed: string, onTorn: RotatedOptions['onTorn']): Promise<boolean> {
    const file = await files.open(open, constants.O_RDWR | constants.O_NOFOLLOW);
    let length: number;
    try {
      const { size } = await file.stat();
      length = await format.wholeBytes(file, size);
      if (length < size) {
        onTorn(closed, size - length);
        await file.truncate(length);
        await file.sync();
      }
    } finally {
      await file.close();
    }
    if (length === 0) {
      await files.rm(open);
      return false;
    }
    await files.rename(open, closed);
    return true;
  }
}

/** `tripline-20260102T030405678Z.ndjson`, and any suffix. */
const NAME = /^tripline-(\d{8}T\d{9}Z)\.([a-z]+)/;

function nameAt(time: number, extension: string): string {
  return `tripline-${new Date(time).toISOString().replaceAll(/[-:.]/g, '')}.${extension}`;
}

function timeOf(stamp: string): number {
  const iso = stamp.replace(/(....)(..)(..T..)(..)(..)(...Z)/, '$1-$2-$3:$4:$5.$6');
  return Date.parse(iso) || 0;
}

const DAY = 86_400_000;

function dayOf(time: number): number {
  return Math.floor(time / DAY);
}

function rotatedFiles(options: RotatedOptions, before: number, unlock: () => void): RotatedFiles {
  const { path, format, maxFileBytes, maxFileSeconds, isDaily = false, files, onClosed, onStuck } = options;
  let latest = before;
  let active: Active | undefined;
  let isClosed = false;
  let turn: Promise<unknown> = Promise.resolve();
  const groups = inGroups<Appended>((group) => inTurn(() => write(group)));

  /** Serializes writes and the closing of files that are old enough. */
  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const acted = turn.then(act);
    turn = acted.catch(() => {});
    return acted;
  }

  async function begin(): Promise<Active> {
    // In order and unique, whatever the clock does.
    latest = Math.max(Date.now(), latest + 1);
    const name = join(path, nameAt(latest, format.extension));
    const file = await files.open(`${name}${OPEN}`, 'wx', OWNER_ONLY.file);
    try {
      await writeAll(file, [format.head], 0);
      await syncFolder(files, path);
    } catch (error) {
      await file.close().catch(() => {});
      await files.rm(`${name}${OPEN}`, { force: true }).catch(() => {});
      throw error;
    }
    const timer = setTimeout(() => void inTurn(async () => active?.path === name && seal()), maxFileSeconds * 1000);
    return { path: name, file, length: format.head.length, timer: timer.unref(), begun: latest };
  }

  async function write(group: readonly Appended[]): Promise<void> {
    let added = 0;
    if (isDaily && active !== undefined && dayOf(Date.now()) > dayOf(active.begun)) await seal();
    try {
      for (const { chunks } of group) {
        for await (const chunk of chunks) {
          active ??= await begin();
          added += await writeAll(active.file, [chunk], active.length + added);
        }
      }
      if (active === undefined || added === 0) return;
      await active.file.datasync();
      active.length += added;
    } catch (error) {
      // A file is not written to again after a failed write: the system may have dropped data and not report it twice.
      if (active !== undefined) await cut();
      throw error;
    }
    if (active.length >= maxFileBytes) await seal();
  }

  /** Cuts off the incomplete end and closes the file; if that fails, the next start does it. */
  async function cut(): Promise<void> {
    const { file, length } = active!;
    try {
      await file.truncate(length);
      await file.sync();
    } catch (error) {
      await leave(error as Error);
      return;
    }
    await seal();
  }

  async function leave(error: Error): Promise<void> {
    const { path, file, timer } = active!;
    active = undefined;
    clearTimeout(timer);
    await file.close().catch(() => {});
    onStuck(`${path}${OPEN}`, error);
  }

  /** Closes the file, which gets its final name. */
  async function seal(): Promise<void> {
    const { path: closed, file, length, timer } = active!;
    try {
      if (length === format.head.length) await files.rm(`${closed}${OPEN}`);
      else await files.rename(`${closed}${OPEN}`, closed);
      await syncFolder(files, path);
    } catch (error) {
      await leave(error as Error);
      return;
    }
    active = undefined;
    clearTimeout(timer);
    await file.close().catch(() => {});
    if (length > format.head.length) onClosed(closed);
  }

  return {
    append(what) {
      if (isClosed) return Promise.reject(new Error('it is closed'));
      return groups.add(what);
    },
    async close() {
      isClosed = true;
      await groups.settled();
      await inTurn(async () => active && seal());
      unlock();
    },
  };
}
