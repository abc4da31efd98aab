/** Reads what a spool has kept, without the spool: for commands that process it again. */
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readCursor } from './cursor.ts';
import { bodyOf } from './entry.ts';
import { findAt, LINE_BYTES, markIn, readRest, Source, WRONG_REST } from './format.ts';

/** What was accepted for a sink and kept: a body as it was received, each record with its tag. */
export interface KeptBody {
  kind: 'body';
  /** When it was written, in milliseconds of Unix time. */
  time: number;
  /** When the batch was received, which is the time of records that have none. */
  receivedUnixNano: bigint;
  fluentTag: string | undefined;
  /** Name of the body's codec. */
  codec: string;
  /** Not counting group markers. */
  records: number;
  /** Digest of the batch as it was received. */
  digest: string;
  body: Uint8Array;
  /** Offset in the file at which it ends. */
  end: number;
}

/** Bytes of a file that cannot be read. */
export interface Unreadable {
  kind: 'unreadable';
  start: number;
  end: number;
  reason: string;
}

/** The bodies in a file of a spool: a segment, or what was set aside. In order, one at a time in memory.
 * @param path of one file, `*.spool`
 * @param from how many bytes of it to skip, which end with an entry: 0 for the whole file
 * @throws Error if the file cannot be opened, or is not one of a spool that this version reads */
export async function* readKept(path: string, from = 0): AsyncGenerator<KeptBody | Unreadable> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer: line, bytesRead } = await file.read(Buffer.alloc(LINE_BYTES), 0, LINE_BYTES, 0);
    const mark = markIn(line.subarray(0, bytesRead));
    if (mark === 'cut') return;
    if (mark === 'foreign') throw new Error(`${path} is not a spool file of this version`);
    const source = new Source(file, size, mark);
    for (let at = Math.max(from, LINE_BYTES); ; ) {
      const found = await findAt(source, at, false);
      if (found === undefined) return;
      at = found.end;
      if (found.kind !== 'entry') {
        const reason = found.kind === 'torn' ? 'it was being written when the process stopped' : found.reason;
        yield { kind: 'unreadable', start: found.start, end: found.end, reason };
        continue;
      }
      const rest = await readRest(source, found);
      if (rest === undefined) {
        yield { kind: 'unreadable', start: found.start, end: found.end, reason: WRONG_REST };
        continue;
      }
      const { time, fluentTag, codec, records, digest } = found.head;
      const body = bodyOf(found.head, rest);
      const receivedUnixNano = BigInt(found.head.receivedUnixNano);
      yield { kind: 'body', time, receivedUnixNano, fluentTag, codec, records, digest, body, end: found.end };
    }
  } finally {
    await file.close();
  }
}

/** How many bytes of a segment, from its start, were sent; infinite for one before that of the cursor, 0 for one after it, for
 * a file that was set aside, or without a readable cursor beside it.
 * @param path of the file, in the folder of its spool */
export async function sentUpTo(path: string): Promise<number> {
  const number = /^\d{16}(?=\.spool$)/.exec(basename(path))?.[0];
  const file = await open(join(dirname(path), 'cursor')).catch(() => undefined);
  try {
    const cursor = number === undefined || file === undefined ? 'none' : await readCursor(file);
    if (typeof cursor === 'string' || Number(number) > cursor.segment) return 0;
    return Number(number) === cursor.segment ? cursor.offset : Number.POSITIVE_INFINITY;
  } finally {
    await file?.close();
  }
}
