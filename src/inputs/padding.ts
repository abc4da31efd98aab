/** A log without the NUL bytes of a sparse file: logrotate's copytruncate empties a log under a writer that continues at its
 * old offset. */
import type { Chunks } from './chunks.ts';

const NUL = 0;

/** Yields the bytes without the NUL bytes before the first other one, and with one NUL for each later run; needs memory for
 * one chunk, however long the runs are. MessagePack, in which NUL is a value, passes as it is. */
export async function* withoutPadding(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let isText: boolean | undefined;
  let last = NUL;
  for await (const chunk of chunks) {
    const kept = isText === false ? chunk : collapsed(chunk, last);
    if (kept.length === 0) continue;
    isText ??= !mayBeMessagePack(kept[0]);
    last = kept[kept.length - 1];
    yield isText ? kept : chunk;
  }
}

function collapsed(chunk: Uint8Array, before: number): Uint8Array {
  if (!chunk.includes(NUL)) return chunk;
  const kept = Buffer.allocUnsafe(chunk.length);
  let size = 0;
  let last = before;
  for (const byte of chunk) {
    if (byte === NUL && last === NUL) continue;
    kept[size++] = byte;
    last = byte;
  }
  return kept.subarray(0, size);
}

/** Records of MessagePack are arrays; the only text that begins with their first bytes is some Arabic and Syriac. */
function mayBeMessagePack(byte: number): boolean {
  return (byte >= 0x90 && byte <= 0x9f) || byte === 0xdc || byte === 0xdd;
}
