/** Up to where the entries of a spool have been sent: a file of one line, which is overwritten in place. That needs no
 * space on a full disk, and one short write is atomic even when the process is killed. */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

export interface Position {
  /** Number of the segment. */
  segment: number;
  /** Bytes of it, from its start, that need not be read again. */
  offset: number;
}

const DIGITS = 16;

/** @returns 'none' if there is no cursor yet, 'corrupt' if it cannot be read: then all entries are sent, some of them
 * again */
export async function readCursor(file: Pick<FileHandle, 'read'>): Promise<Position | 'none' | 'corrupt'> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(256), 0, 256, 0);
  if (bytesRead === 0) return 'none';
  const line = buffer.toString('latin1', 0, bytesRead);
  const match = /^(tripline cursor 1 (\d{16}) (\d{16})) ([0-9a-f]{8})\n$/.exec(line);
  if (match === null || match[4] !== checksum(match[1]!)) return 'corrupt';
  return { segment: Number(match[2]), offset: Number(match[3]) };
}

export async function writeCursor(file: Pick<FileHandle, 'write'>, { segment, offset }: Position): Promise<void> {
  const digits = (number: number) => String(number).padStart(DIGITS, '0');
  const line = `tripline cursor 1 ${digits(segment)} ${digits(offset)}`;
  await file.write(Buffer.from(`${line} ${checksum(line)}\n`), 0, undefined, 0);
}

function checksum(line: string): string {
  return crc32(line).toString(16).padStart(8, '0');
}
