/** Bytes that arrive piece by piece, in memory that grows with them and is counted. Memory that they outgrow is freed at
 * once, rather than when it is collected. */
import type { ByteShare } from './byte-budget.ts';

export interface GrowingBytes {
  /** How many there are. */
  length(): number;
  /** How much more memory a piece of that many bytes needs. */
  more(bytes: number): number;
  /** @throws Problem `server.overloaded` */
  append(piece: Uint8Array): void;
  /** All of them, which are the caller's to give back. */
  finish(): Uint8Array<ArrayBuffer>;
  /** Frees them, and gives their space back. */
  drop(): void;
}

const FIRST_BYTES = 64 * 1024;

/** @param most that will come: no more memory than that is used */
export function growingBytes(share: Pick<ByteShare, 'take' | 'give'>, most: number): GrowingBytes {
  let bytes = new Uint8Array(0);
  let length = 0;

  function resize(capacity: number): void {
    const more = capacity - bytes.length;
    if (more > 0) share.take(more);
    bytes = new Uint8Array(bytes.buffer.transfer(capacity));
    if (more < 0) share.give(-more);
  }

  const capacityFor = (end: number) =>
    end <= bytes.length ? bytes.length : Math.max(end, Math.min(most, Math.max(FIRST_BYTES, bytes.length * 2)));

  return {
    length: () => length,
    more: (piece) => capacityFor(length + piece) - bytes.length,
    append(piece) {
      const end = length + piece.length;
      if (end > bytes.length) resize(capacityFor(end));
      bytes.set(piece, length);
      length = end;
    },
    finish() {
      if (bytes.length > length) resize(length);
      return bytes;
    },
    drop() {
      length = 0;
      resize(0);
    },
  };
}
