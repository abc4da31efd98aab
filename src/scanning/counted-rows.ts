/** Counted records in files, each file in order of time: written within bounds of memory, and read as one sequence. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

/** A counted record as a line. */
export interface CountedRow {
  /** Unix microseconds. */
  time: number;
  /** Which input of the plan, from 0. */
  input: number;
  /** Of the input, from 1. */
  record: number;
  /** The rest, as JSON. */
  text: string;
}

/** A file of rows in order. */
export interface RowsFile {
  path: string;
  /** Times of its first and its last row, in Unix microseconds. */
  from: number;
  to: number;
}

/** A file of rows is missing, or not as it was written. */
export class DamagedRows extends Error {
  override readonly name = 'DamagedRows';
  readonly path: string;

  constructor(path: string, cause: Error) {
    super(`${path}: ${cause.message}`, { cause });
    this.path = path;
  }
}

/** Characters of rows that are sorted in memory. */
const RUN_CHARACTERS = 32 * 1024 * 1024;
/** Files that are read at the same time. */
const MAX_OPEN = 128;
/** Rows that are written or yielded together. */
const BLOCK = 1000;

/** The order of rows: those with the same time in the order of the inputs. */
function isBefore(a: CountedRow, b: CountedRow): boolean {
  if (a.time !== b.time) return a.time < b.time;
  return a.input === b.input ? a.record < b.record : a.input < b.input;
}

const compare = (a: CountedRow, b: CountedRow) => (isBefore(a, b) ? -1 : 1);

export interface RowSorter {
  add(row: CountedRow): void;
  /** Writes what has been added, if it is a lot. */
  settle(): Promise<void>;
  /** Writes all rows in order to the file; resolves with undefined if there are none. */
  end(): Promise<RowsFile | undefined>;
}

/** Accepts rows in any order.
 * @param path of the file; temporary files are placed beside it */
export function sortRows(path: string, runCharacters = RUN_CHARACTERS): RowSorter {
  const runs: RowsFile[] = [];
  let rows: CountedRow[] = [];
  let characters = 0;

  async function writeRun(to: string): Promise<RowsFile> {
    const sorted = rows.sort(compare);
    rows = [];
    characters = 0;
    return writeRows(to, blocksOf(sorted));
  }
  return {
    add(row) {
      rows.push(row);
      characters += row.text.length;
    },
    async settle() {
      if (characters >= runCharacters) runs.push(await writeRun(`${path}.${runs.length}`));
    },
    async end() {
      if (runs.length === 0) return rows.length === 0 ? undefined : writeRun(path);
      if (rows.length > 0) runs.push(await writeRun(`${path}.${runs.length}`));
      const merged = await writeRows(path, mergeRows(runs, `${path}.`));
      for (const run of runs) await rm(run.path);
      return merged;
    },
  };
}

async function* blocksOf(rows: readonly CountedRow[]): AsyncGenerator<readonly CountedRow[]> {
  for (let at = 0; at < rows.length; at += BLOCK) yield rows.slice(at, at + BLOCK);
}

/** Fast compression, as each file is read once. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } };

async function writeRows(path: string, blocks: AsyncIterable<readonly CountedRow[]>): Promise<RowsFile> {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  async function* lines() {
    for await (const block of blocks) {
      from = Math.min(from, block[0]!.time);
      to = block.at(-1)!.time;
      yield block.map(({ time, input, record, text }) => `${time} ${input} ${record} ${text}\n`).join('');
    }
  }
  await pipeline(
    Readable.from(lines()),
    createZstdCompress(LEVEL),
    createWriteStream(path, { flush: true, mode: 0o600 }),
  );
  return { path, from, to };
}

/** Yields the rows of files as one sequence in order, some at a time. A file is opened when its time has come, so that few are
 * open if archives follow one another.
 * @param spare prefix of temporary files, which are made if too many files cover the same time
 * @throws DamagedRows */
export async function* mergeRows(
  files: readonly RowsFile[],
  spare: string,
  maxOpen = MAX_OPEN,
): AsyncGenerator<readonly CountedRow[]> {
  const made: string[] = [];
  let waiting = files.toSorted((a, b) => a.from - b.from);
  try {
    while (depthOf(waiting) > maxOpen) {
      const fewer: RowsFile[] = [];
      for (let at = 0; at < waiting.length; at += maxOpen) {
        const path = `${spare}merge-${made.length}`;
        made.push(path);
        fewer.push(await writeRows(path, mergeOpen(waiting.slice(at, at + maxOpen))));
      }
      waiting = fewer;
    }
    yield* mergeOpen(waiting);
  } finally {
    for (const path of made) await rm(path, { force: true });
  }
}

/** The greatest number of files that cover the same time. */
function depthOf(files: readonly RowsFile[]): number {
  const ends = files.map(({ to }) => to).sort((a, b) => a - b);
  let over = 0;
  return files.reduce((depth, { from }, index) => {
    while (ends[over]! < from) over++;
    return Math.max(depth, index + 1 - over);
  }, 0);
}

/** @param files ordered by their first row */
async function* mergeOpen(files: readonly RowsFile[]): AsyncGenerator<readonly CountedRow[]> {
  const heap: RowReader[] = [];
  let next = 0;
  let block: CountedRow[] = [];
  try {
    for (;;) {
      while (next < files.length && (heap.length === 0 || files[next]!.from <= heap[0]!.row!.time)) {
        const reader = new RowReader(files[next++]!.path);
        heap.push(reader);
        if (await reader.advance()) raise(heap, heap.length - 1);
        else heap.pop();
      }
      const [first] = heap;
      if (first === undefined) break;
      block.push(first.row!);
      if (block.length === BLOCK) {
        yield block;
        block = [];
      }
      if (!(first.advanceHeld() || (await first.advance()))) {
        const last = heap.pop()!;
        if (heap.length > 0) heap[0] = last;
      }
      sink(heap);
    }
    if (block.length > 0) yield block;
  } finally {
    for (const reader of heap) reader.close();
  }
}

function raise(heap: RowReader[], from: number): void {
  for (let at = from; at > 0; ) {
    const above = (at - 1) >>> 1;
    if (!isBefore(heap[at]!.row!, heap[above]!.row!)) return;
    [heap[at], heap[above]] = [heap[above]!, heap[at]!];
    at = above;
  }
}

function sink(heap: RowReader[]): void {
  for (let at = 0; ; ) {
    let least = at;
    for (const below of [2 * at + 1, 2 * at + 2]) {
      if (below < heap.length && isBefore(heap[below]!.row!, heap[least]!.row!)) least = below;
    }
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}

/** Reads the rows of one file. */
class RowReader {
  row: CountedRow | undefined;
  readonly #path: string;
  readonly #source: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #lines: string[] = [];
  #at = 0;
  #rest: Buffer[] = [];

  constructor(path: string) {
    this.#path = path;
    const file = createReadStream(path);
    this.#source = createZstdDecompress();
    void pipeline(file, this.#source as ReturnType<typeof createZstdDecompress>).catch(() => {});
    this.#chunks = this.#source[Symbol.asyncIterator]();
  }

  /** Moves to the next row, if it has been read already. */
  advanceHeld(): boolean {
    if (this.#at >= this.#lines.length) return false;
    this.row = rowOf(this.#lines[this.#at++]!);
    return true;
  }

  /** Moves to the next row; resolves with whether there is one.
   * @throws DamagedRows */
  async advance(): Promise<boolean> {
    while (!this.advanceHeld()) {
      const { done, value } = await this.#chunks
        .next()
        .catch((error) => Promise.reject(new DamagedRows(this.#path, error)));
      if (done) return false;
      const end = value.lastIndexOf(0x0a) + 1;
      if (end === 0) {
        this.#rest.push(value);
        continue;
      }
      const whole = Buffer.concat([...this.#rest, value.subarray(0, end)]);
      this.#rest = end < value.length ? [Buffer.from(value.subarray(end))] : [];
      this.#lines = whole.toString().split('\n');
      this.#lines.pop();
      this.#at = 0;
    }
    return true;
  }

  close(): void {
    this.#source.destroy();
  }
}

function rowOf(line: string): CountedRow {
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  const third = line.indexOf(' ', second + 1);
  return {
    time: Number(line.slice(0, first)),
    input: Number(line.slice(first + 1, second)),
    record: Number(line.slice(second + 1, third)),
    text: line.slice(third + 1),
  };
}
