/** An append-only log of entries on disk: appended to at its end, sent from its start. */
import type { FileHandle } from 'node:fs/promises';
import { type Files, writeAll } from '../disk/files.ts';
import { inGroups } from '../disk/groups.ts';
import { lockFile } from '../disk/lock.ts';
import { type Position, writeCursor } from './cursor.ts';
import { type Amiss, type Opened, type Reason, type Segment, SpoolFolder } from './folder.ts';
import {
  type Entry,
  type EntryHead,
  type EntryPlace,
  encodeEntry,
  findAt,
  LINE_BYTES,
  readRest,
  Source,
  WRONG_REST,
} from './format.ts';

/** How many of the latest batches are recognized when they are repeated. */
const MOST_DIGESTS = 65_536;

/** Why nothing is accepted: the spool is `full` by its own bound, or the disk is `failing`. */
export class SpoolRefusal extends Error {
  readonly kind: 'full' | 'failing';

  constructor(kind: 'full' | 'failing', message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** What is to be handled next. */
export type Next = { segment: Segment } & (
  | ({ kind: 'entry'; rest: Buffer } & EntryPlace)
  | { kind: 'corrupt'; start: number; end: number; reason: string; head?: EntryPlace['head'] }
);

interface Waiting {
  entry: Entry;
  time: number;
  bytes: number;
}

export interface LogOptions {
  path: string;
  /** Bound of the whole folder. */
  maxBytes: number;
  /** Size of a segment after which a new one begins. */
  segmentBytes: number;
  files: Files;
  /** Called with each fault found on opening. */
  report(amiss: Amiss): void;
  /** Called on opening for each entry that is yet to be sent. */
  restored?(head: EntryHead): void;
}

/** Opens the log of a folder, which is created if there is none.
 * @throws Error if the folder cannot be used, or another process uses it */
export async function openLog(options: LogOptions): Promise<SpoolLog> {
  const { path, maxBytes, segmentBytes, files, report, restored = () => {} } = options;
  const folder = new SpoolFolder(path, files);
  await folder.make();
  const unlock = lockFile(folder.lockPath);
  try {
    const opened = await folder.open(MOST_DIGESTS, { report, restored });
    const log = new SpoolLog(folder, { maxBytes, segmentBytes }, unlock, opened);
    await log.measureSetAside();
    return log;
  } catch (error) {
    unlock();
    throw error;
  }
}

export class SpoolLog {
  readonly #folder: SpoolFolder;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  readonly #unlock: () => void;
  readonly #cursorFile: FileHandle;
  /** Sorted by number; the last one may be the one that is being written to. */
  readonly #segments: Segment[];
  /** Digests of batches that are or were in the log; while one is being written, a promise of whether that succeeded. */
  readonly #digests: Map<string, Promise<boolean> | undefined>;
  #cursor: Position;
  #lastNumber: number;
  #active: { segment: Segment; file: FileHandle } | undefined;
  readonly #waiting = inGroups<Waiting>((group) => this.#commit(group));
  #reading: { segment: Segment; file: FileHandle; source: Source } | undefined;
  #oldest: number | undefined;
  #setAside = { bytes: 0, files: 0 };
  #moving: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    folder: SpoolFolder,
    { maxBytes, segmentBytes }: Pick<LogOptions, 'maxBytes' | 'segmentBytes'>,
    unlock: () => void,
    opened: Opened,
  ) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#segmentBytes = segmentBytes;
    this.#unlock = unlock;
    this.#segments = opened.segments;
    this.#cursor = opened.cursor;
    this.#cursorFile = opened.cursorFile;
    this.#oldest = opened.oldest;
    this.#digests = new Map(opened.digests.map((digest) => [digest, undefined]));
    this.#lastNumber = Math.max(opened.cursor.segment, ...opened.segments.map(({ number }) => number));
  }

  /** Bytes in the folder, except what is being written. */
  get bytes(): number {
    return this.#segments.reduce((sum, { length }) => sum + length, this.#setAside.bytes);
  }

  /** Entries that are yet to be sent. */
  get entries(): number {
    return this.#segments.reduce((sum, { entries }) => sum + entries, 0);
  }

  /** When the first of them was written, in milliseconds of Unix time. */
  get oldest(): number | undefined {
    return this.entries > 0 ? this.#oldest : undefined;
  }

  get setAside(): { bytes: number; files: number } {
    return this.#setAside;
  }

  /** Why an entry of so many bytes would be refused for lack of space; undefined if there is enough. */
  refusal(bytes: number): SpoolRefusal | undefined {
    // What was sent can be removed when space is needed.
    const sent = this.#isCaughtUp ? this.bytes - this.#setAside.bytes : 0;
    if (this.#taken - sent + bytes <= this.#maxBytes) return undefined;
    return new SpoolRefusal(
      'full',
      `is full: ${bytes} bytes do not fit beside the ${this.bytes + this.#waiting.bytes} of spool.maxBytes ` +
        `${this.#maxBytes} in use, of which ${this.#setAside.bytes} were set aside in ${this.#folder.setAsidePath}`,
    );
  }

  get #taken(): number {
    return this.bytes + this.#waiting.bytes + LINE_BYTES;
  }

  get #isCaughtUp(): boolean {
    const last = this.#segments.at(-1);
    return this.#waiting.bytes === 0 && (last === undefined || this.#sentOf(last) >= last.length);
  }

  /** Up to where a segment has been sent. */
  #sentOf({ number }: Segment): number {
    return Math.max(LINE_BYTES, number === this.#cursor.segment ? this.#cursor.offset : 0);
  }

  /** Writes an entry; resolves when it is on disk, or when the same one already is.
   * @param time in milliseconds of Unix time
   * @throws SpoolRefusal if there is no space, or if it cannot be written: nothing has changed then */
  async append(entry: Entry, time: number): Promise<'stored' | 'repeated'> {
    const { digest, bytes } = entry;
    for (;;) {
      if (this.#isClosed) throw new SpoolRefusal('failing', 'is closed');
      if (this.#digests.has(digest)) {
        const earlier = this.#digests.get(digest);
        if (earlier === undefined || (await earlier)) return 'repeated';
      } else if (this.#taken + bytes <= this.#maxBytes) {
        break;
      } else {
        await this.#makeRoom(bytes);
      }
    }
    const written = this.#waiting.add({ entry, time, bytes });
    const isThere = written.then(
      () => {
        if (this.#digests.has(digest)) this.#digests.set(digest, undefined);
        return true;
      },
      () => {
        this.#digests.delete(digest);
        return false;
      },
    );
    this.#remember(digest, isThere);
    await written;
    return 'stored';
  }

  #remember(digest: string, isThere: Promise<boolean>): void {
    this.#digests.set(digest, isThere);
    for (const [oldest] of this.#digests) {
      if (this.#digests.size <= MOST_DIGESTS) break;
      this.#digests.delete(oldest);
    }
  }

  /** @throws SpoolRefusal if there is not enough space */
  async #makeRoom(bytes: number): Promise<void> {
    // An operator may have removed something.
    await this.measureSetAside();
    const refusal = this.refusal(bytes);
    if (refusal !== undefined) throw refusal;
    if (this.#isCaughtUp) await this.#seal();
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#write(group);
    } catch (error) {
      const { message } = error as Error;
      throw new SpoolRefusal('failing', `cannot be written: ${message}`, { cause: error });
    }
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    if (this.#active === undefined) {
      this.#active = await this.#folder.create(++this.#lastNumber);
      this.#segments.push(this.#active.segment);
    }
    const { segment, file } = this.#active;
    try {
      const parts = group.flatMap(({ entry }) => encodeEntry(segment.mark, entry));
      const bytes = await writeAll(file, parts, segment.length);
      await file.datasync();
      if (segment.entries === 0 && this.entries === 0) this.#oldest = group[0]!.time;
      segment.length += bytes;
      segment.entries += group.length;
    } catch (error) {
      // A segment is not written to again after a failed write: the system may have dropped data and not report it twice.
      await file.truncate(segment.length).catch(() => {});
      await this.#seal();
      // Otherwise a disk that is full for hours would gain one more with each attempt.
      if (segment.length === LINE_BYTES) await this.#forget(segment);
      throw error;
    }
    if (segment.length >= this.#segmentBytes) await this.#seal();
  }

  async #forget(segment: Segment): Promise<void> {
    const index = this.#segments.indexOf(segment);
    if (index !== -1) this.#segments.splice(index, 1);
    await this.#folder.remove(segment).catch(() => {});
  }

  /** Closes the segment; the next entry begins a new one. */
  async #seal(): Promise<void> {
    const active = this.#active;
    this.#active = undefined;
    await active?.file.close().catch(() => {});
    await this.#dropSent();
  }

  /** Removes the leading segments that were sent completely, except the one that is being written to. */
  async #dropSent(): Promise<void> {
    for (let first = this.#segments[0]; first !== undefined; first = this.#segments[0]) {
      if (first === this.#active?.segment || this.#sentOf(first) < first.length) return;
      this.#segments.shift();
      if (this.#reading?.segment === first) await this.#endReading();
      await this.#moveTo({ segment: first.number + 1, offset: 0 });
      // If this fails, the next opening removes it.
      await this.#folder.remove(first).catch(() => {});
    }
  }

  /** What is to be sent next; undefined if everything is sent. */
  async next(): Promise<Next | undefined> {
    await this.#dropSent();
    const [segment] = this.#segments;
    if (segment === undefined) return undefined;
    const at = this.#sentOf(segment);
    if (at >= segment.length) return undefined;
    const source = await this.#sourceOf(segment);
    const found = await findAt(source, at, false);
    if (found === undefined) throw new Error(`${segment.path} ends before byte ${at}`);
    if (found.kind === 'torn') return { ...found, kind: 'corrupt', segment, reason: 'the segment was cut' };
    if (found.kind === 'corrupt') return { ...found, segment };
    this.#oldest = found.head.time;
    const rest = await readRest(source, found);
    return rest === undefined
      ? { ...found, kind: 'corrupt', segment, reason: WRONG_REST }
      : { ...found, segment, rest };
  }

  async #sourceOf(segment: Segment): Promise<Source> {
    if (this.#reading?.segment !== segment) {
      await this.#endReading();
      const file = await this.#folder.openToRead(segment);
      this.#reading = { segment, file, source: new Source(file, segment.length, segment.mark) };
    }
    this.#reading.source.size = segment.length;
    return this.#reading.source;
  }

  async #endReading(): Promise<void> {
    const reading = this.#reading;
    this.#reading = undefined;
    await reading?.file.close().catch(() => {});
  }

  /** Notes that the next one was handled. */
  async advance({ segment, end }: Pick<Next, 'segment' | 'end'>): Promise<void> {
    segment.entries--;
    await this.#moveTo({ segment: segment.number, offset: end });
  }

  /** If the cursor cannot be written, more than needed is sent again after a restart, but nothing is lost. */
  async #moveTo(cursor: Position): Promise<void> {
    this.#cursor = cursor;
    const write = () => (this.#cursor === cursor ? writeCursor(this.#cursorFile, cursor).catch(() => {}) : undefined);
    this.#moving = this.#moving.then(write);
    await this.#moving;
  }

  /** Copies the next one to a file of its own, from which nothing is sent, and continues after it.
   * @returns the path of the file
   * @throws Error if it cannot be written: it remains the next one */
  async putAside(next: Next, why: Reason): Promise<string> {
    const path = await this.#folder.setAside(next.segment, next, why);
    // If the same batch is repeated, it is to be stored again.
    if (next.head !== undefined && why === 'corrupt') this.#digests.delete(next.head.digest);
    await this.advance(next);
    await this.measureSetAside();
    return path;
  }

  /** Measures how much was set aside; if that fails, the last value is kept. */
  async measureSetAside(): Promise<void> {
    this.#setAside = await this.#folder.measureSetAside().catch(() => this.#setAside);
  }

  /** Waits for what is being written. What is yet to be sent stays on disk. */
  async close(): Promise<void> {
    this.#isClosed = true;
    try {
      await this.#waiting.settled();
      await this.#active?.file.close();
      await this.#endReading();
      await this.#cursorFile.datasync().catch(() => {});
      await this.#cursorFile.close();
    } finally {
      this.#unlock();
    }
  }
}
