/** Streams that are read ahead of demand. */
import type { Chunks } from './chunks.ts';

/** Begins to read a stream now, and keeps what arrives until it is asked for, up to a number of bytes.
 * @param maxBytes after which reading pauses; the last chunk may exceed them */
export function readAhead(source: Chunks, maxBytes: number): Chunks {
  const held: Uint8Array[] = [];
  let bytes = 0;
  let isOver = false;
  let isUnwanted = false;
  let failure: { error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };

  async function fill(): Promise<void> {
    try {
      for await (const chunk of source) {
        held.push(chunk);
        bytes += chunk.length;
        change();
        while (bytes >= maxBytes && !isUnwanted) await changed.promise;
        if (isUnwanted) return;
      }
    } catch (error) {
      failure = { error };
    } finally {
      isOver = true;
      change();
    }
  }
  const filling = fill();

  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = held.shift();
        if (chunk !== undefined) {
          bytes -= chunk.length;
          change();
          yield chunk;
        } else if (isOver) break;
        else await changed.promise;
      }
      if (failure !== undefined) throw failure.error;
    } finally {
      isUnwanted = true;
      change();
      await filling;
    }
  }
  return chunks();
}
