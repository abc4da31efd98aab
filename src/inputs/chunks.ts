/** The bytes of a file or of stdin, in pieces as they come. */
export type Chunks = AsyncIterable<Uint8Array>;

/** The first bytes of a stream, and all of it. */
export async function peek(chunks: Chunks, length: number): Promise<{ head: Buffer; rest: Chunks }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let size = 0;
  while (size < length) {
    const { done, value } = await iterator.next();
    if (done) break;
    first.push(value);
    size += value.length;
  }
  async function* rest() {
    try {
      yield* first;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      // A reader that stops early releases the file.
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(first), rest: rest() };
}
