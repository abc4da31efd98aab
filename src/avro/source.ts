/** Reads the parts of a container as its bytes arrive. */
import { Problem } from '../problem.ts';
import { Cursor, corrupt } from './cursor.ts';

export interface Source {
  /** @throws Problem `body.corrupt` if there are fewer bytes left */
  take(length: number): Promise<Buffer>;
  /** A number of Avro's type long. */
  long(): Promise<number>;
  isAtEnd(): Promise<boolean>;
  /** The offset of what comes next. */
  offset(): number;
}

/** @param maxBytes of one part */
export function openSource(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Source {
  const iterator = chunks[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  let offset = 0;

  async function hold(length: number): Promise<boolean> {
    if (held.length >= length) return true;
    const parts: Uint8Array[] = [held];
    let size = held.length;
    while (size < length) {
      const { done, value } = await iterator.next();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
    held = Buffer.concat(parts);
    return size >= length;
  }

  async function take(length: number): Promise<Buffer> {
    if (length < 0) throw corrupt(`a length is ${length}`);
    if (length > maxBytes) throw tooLarge(maxBytes);
    if (!(await hold(length))) throw corrupt('it ends within a block');
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    offset += length;
    return taken;
  }

  return {
    take,
    isAtEnd: async () => !(await hold(1)),
    offset: () => offset,
    async long() {
      const bytes: number[] = [];
      do bytes.push((await take(1))[0]!);
      while (bytes.at(-1)! >= 0x80 && bytes.length < 10);
      return new Cursor(Uint8Array.from(bytes)).long();
    },
  };
}

export function tooLarge(maxBytes: number): Problem {
  return new Problem('body.too_large', `a block has more than ${maxBytes} bytes; raise limits.maxDecompressedBytes`);
}
