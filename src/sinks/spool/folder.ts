/** The folder of a spool: its segments, its cursor, and what was set aside. */
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Files, OWNER_ONLY, syncFolder, writeAll } from '../disk/files.ts';
import { type Position, readCursor, writeCursor } from './cursor.ts';
import { type EntryHead, type EntryPlace, findAt, LINE_BYTES, markIn, newLine, Source } from './format.ts';

const SEGMENT = /^\d{16}\.spool$/;
/** Holds bytes that were not sent and will not be, each in a file that `readKept` reads. */
const SET_ASIDE = 'set-aside';

/** How much of the latest is read whole on opening, which determines how long that takes: what was written last may be
 * incomplete, and a batch that is reported as already stored has to be intact. */
const VERIFIED_BYTES = 256 * 1024 * 1024;

/** Bytes that are copied at once. */
const COPY_BYTES = 1024 * 1024;

export interface Segment {
  number: number;
  path: string;
  /** What its entries begin with. */
  mark: Buffer;
  /** Bytes of it that are certainly on disk; what lies beyond was never acknowledged. */
  length: number;
  /** Entries in it that are yet to be sent. */
  entries: number;
}

/** Why bytes are set aside. */
export type Reason = 'expired' | 'refused' | 'corrupt' | 'unreadable';

/** A fault found when a spool was opened. */
export type Amiss =
  | { kind: 'torn'; path: string; bytes: number }
  | { kind: 'foreign'; path: string; movedTo: string }
  | { kind: 'cursor'; path: string };

/** Receives what is found when a spool is opened. */
export interface OpenReports {
  report(amiss: Amiss): void;
  /** Called for each entry that is yet to be sent. */
  restored(head: EntryHead): void;
}

export interface Opened {
  segments: Segment[];
  cursor: Position;
  cursorFile: FileHandle;
  /** Digests of the latest entries on disk, sent or not, the latest last. */
  digests: string[];
  /** When the first of the entries that are yet to be sent was written. */
  oldest: number | undefined;
}

export class SpoolFolder {
  readonly path: string;
  readonly #files: Files;

  constructor(path: string, files: Files) {
    this.path = path;
    this.#files = files;
  }

  get setAsidePath(): string {
    return join(this.path, SET_ASIDE);
  }

  get lockPath(): string {
    return join(this.path, 'lock');
  }

  async make(): Promise<void> {
    await this.#files.mkdir(this.setAsidePath, { recursive: true, mode: OWNER_ONLY.folder });
    await syncFolder(this.#files, this.path);
    // The parent may belong to another user.
    await syncFolder(this.#files, dirname(this.path)).catch(() => {});
  }

  segmentPath(number: number): string {
    return join(this.path, `${String(number).padStart(16, '0')}.spool`);
  }

  /** Finds out what is to be sent. A torn tail is cut, a file that this version does not read is set aside.
   * @param mostDigests how many of the latest digests are returned */
  async open(mostDigests: number, reports: OpenReports): Promise<Opened> {
    const { report } = reports;
    const cursorPath = join(this.path, 'cursor');
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
    const cursorFile = await this.#files.open(cursorPath, O_RDWR | O_CREAT | O_NOFOLLOW, OWNER_ONLY.file);
    const read = await readCursor(cursorFile);
    if (read === 'corrupt') report({ kind: 'cursor', path: cursorPath });
    const cursor = typeof read === 'string' ? { segment: 0, offset: 0 } : read;
    // From here on its space is reserved.
    if (read === 'none') await writeCursor(cursorFile, cursor).catch(() => {});
    const names = (await this.#files.readdir(this.path)).filter((name) => SEGMENT.test(name)).sort();
    const opened: Opened = { segments: [], cursor, cursorFile, digests: [], oldest: undefined };
    const sizes = await Promise.all(names.map(async (name) => (await this.#files.stat(join(this.path, name))).size));
    let bytesToCome = sizes.reduce((sum, size) => sum + size, 0);
    for (const [index, name] of names.entries()) {
      const number = Number(name.slice(0, 16));
      if (number < cursor.segment) await this.#files.rm(join(this.path, name));
      else
        await this.#openSegment(number, index === names.length - 1 || bytesToCome <= VERIFIED_BYTES, opened, reports);
      bytesToCome -= sizes[index]!;
    }
    opened.digests.splice(0, opened.digests.length - mostDigests);
    return opened;
  }

  async #openSegment(
    number: number,
    verify: boolean,
    opened: Opened,
    { report, restored }: OpenReports,
  ): Promise<void> {
    const path = this.segmentPath(number);
    const { O_RDWR, O_NOFOLLOW } = constants;
    const file = await this.#files.open(path, O_RDWR | O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      const { buffer: line, bytesRead } = await file.read(Buffer.alloc(LINE_BYTES), 0, LINE_BYTES, 0);
      const mark = markIn(line.subarray(0, bytesRead));
      if (mark === 'cut') return await this.#files.rm(path);
      if (mark === 'foreign') {
        const movedTo = await this.#freePath(`${number}.foreign`);
        await this.#files.rename(path, movedTo);
        report({ kind: 'foreign', path, movedTo });
        return;
      }
      const sent = number === opened.cursor.segment ? opened.cursor.offset : 0;
      const segment: Segment = { number, path, mark, length: size, entries: 0 };
      const source = new Source(file, size, mark);
      for (let at = LINE_BYTES; ; ) {
        const found = await findAt(source, at, verify);
        if (found === undefined) break;
        at = found.end;
        if (found.kind === 'torn') {
          report({ kind: 'torn', path, bytes: size - found.start });
          segment.length = found.start;
          await file.truncate(found.start);
        } else if (at > sent) {
          segment.entries++;
          if (found.head !== undefined) restored(found.head);
        }
        if (found.kind !== 'entry') continue;
        if (verify) opened.digests.push(found.head.digest);
        if (at > sent) opened.oldest ??= found.head.time;
      }
      opened.segments.push(segment);
    } finally {
      await file.close();
    }
  }

  /** A new segment, with its first line on disk. */
  async create(number: number): Promise<{ segment: Segment; file: FileHandle }> {
    const path = this.segmentPath(number);
    const file = await this.#files.open(path, 'wx', OWNER_ONLY.file);
    const line = newLine();
    try {
      await writeAll(file, [line], 0);
      await file.datasync();
      await syncFolder(this.#files, this.path);
    } catch (error) {
      await file.close();
      await this.#files.rm(path, { force: true });
      throw error;
    }
    const mark = markIn(line) as Buffer;
    return { segment: { number, path, mark, length: LINE_BYTES, entries: 0 }, file };
  }

  openToRead(segment: Segment): Promise<FileHandle> {
    return this.#files.open(segment.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  }

  async remove(segment: Segment): Promise<void> {
    await this.#files.rm(segment.path, { force: true });
  }

  /** Copies a part of a segment to a file of its own, which is either complete or absent.
   * @returns its path */
  async setAside(segment: Segment, { start, end }: Pick<EntryPlace, 'start' | 'end'>, why: Reason): Promise<string> {
    const path = await this.#freePath(`${String(segment.number).padStart(16, '0')}-${start}.${why}`);
    const part = `${path}.part`;
    const from = await this.openToRead(segment);
    try {
      const file = await this.#files.open(part, 'w', OWNER_ONLY.file);
      try {
        const source = new Source(from, end, segment.mark);
        await writeAll(file, [await source.bytes(0, LINE_BYTES)], 0);
        for (let at = start; at < end; at += COPY_BYTES) {
          await writeAll(file, [await source.bytes(at, Math.min(COPY_BYTES, end - at))], LINE_BYTES + at - start);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#files.rename(part, path);
      await syncFolder(this.#files, this.setAsidePath);
      return path;
    } catch (error) {
      await this.#files.rm(part, { force: true }).catch(() => {});
      throw error;
    } finally {
      await from.close();
    }
  }

  /** Bytes and number of the files that were set aside. */
  async measureSetAside(): Promise<{ bytes: number; files: number }> {
    const names = await this.#files.readdir(this.setAsidePath);
    let bytes = 0;
    // An operator may remove one meanwhile.
    for (const name of names)
      bytes += (await this.#files.stat(join(this.setAsidePath, name)).catch(() => ({ size: 0 }))).size;
    return { bytes, files: names.length };
  }

  async #freePath(name: string): Promise<string> {
    const taken = new Set(await this.#files.readdir(this.setAsidePath));
    let free = `${name}.spool`;
    for (let n = 2; taken.has(free); n++) free = `${name}-${n}.spool`;
    return join(this.setAsidePath, free);
  }
}
