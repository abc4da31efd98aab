/** Reads the primitive types of Avro, and never beyond the end of the bytes.
 * @see https://avro.apache.org/docs/1.12.0/specification/#binary-encoding */
import { Problem } from '../problem.ts';

export class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** An int or a long; beyond 2^53 the nearest double. */
  long(): number {
    // Zigzag, seven bits a byte.
    let raw = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const [byte] = this.take(1);
      raw += (byte! & 0x7f) * scale;
      if (byte! < 0x80) return raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2;
    }
    throw corrupt('a number has more than 64 bits');
  }

  /** @throws Problem `body.corrupt` if there are fewer left */
  take(length: number): Uint8Array {
    if (length < 0 || length > this.left) throw corrupt(`a value claims ${length} bytes, but ${this.left} are left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  bytes(): Uint8Array {
    return this.take(this.long());
  }
}

export function corrupt(detail: string): Problem {
  return new Problem('body.corrupt', `avro: ${detail}`);
}
