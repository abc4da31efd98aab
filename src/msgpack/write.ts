/** Writes MessagePack values one after the other into a buffer that grows. */

export interface Writer {
  nil(): void;
  boolean(value: boolean): void;
  /** The smallest encoding; beyond 64 bits a float64, which is the nearest available. */
  integer(value: number | bigint): void;
  float(value: number): void;
  /** UTF-8; a lone surrogate becomes U+FFFD. */
  string(text: string): void;
  /** A str of bytes that are UTF-8 already. */
  utf8(bytes: Uint8Array): void;
  bin(bytes: Uint8Array): void;
  array(length: number): void;
  map(length: number): void;
  /** Bytes that are MessagePack already. */
  raw(bytes: Uint8Array): void;
  /** Bytes so far. */
  length(): number;
  /** What was written. The writer cannot be used afterwards: the bytes are its buffer. */
  finish(): Uint8Array;
}

/** An empty writer. @param capacity a guess at the bytes to come */
export function createWriter(capacity = 256): Writer {
  let buffer = Buffer.allocUnsafe(capacity);
  let length = 0;

  const reserve = (size: number) => {
    if (length + size <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + size));
    buffer.copy(grown, 0, 0, length);
    buffer = grown;
  };
  const header = (type: number, value: number, size: 0 | 1 | 2 | 4) => {
    reserve(5);
    buffer[length++] = type;
    if (size === 1) length = buffer.writeUInt8(value, length);
    else if (size === 2) length = buffer.writeUInt16BE(value, length);
    else if (size === 4) length = buffer.writeUInt32BE(value, length);
  };
  const integer64 = (type: number, value: bigint) => {
    reserve(9);
    buffer[length++] = type;
    length = value < 0n ? buffer.writeBigInt64BE(value, length) : buffer.writeBigUInt64BE(value, length);
  };
  const raw = (bytes: Uint8Array) => {
    reserve(bytes.length);
    buffer.set(bytes, length);
    length += bytes.length;
  };
  const float = (value: number) => {
    reserve(9);
    buffer[length++] = 0xcb;
    length = buffer.writeDoubleBE(value, length);
  };
  const str = (size: number) => {
    if (size < 32) header(0xa0 | size, 0, 0);
    else if (size <= 0xff) header(0xd9, size, 1);
    else if (size <= 0xffff) header(0xda, size, 2);
    else header(0xdb, size, 4);
  };

  return {
    nil: () => header(0xc0, 0, 0),
    boolean: (value) => header(value ? 0xc3 : 0xc2, 0, 0),
    integer(value) {
      if (value >= 0) {
        if (value < 0x80) header(Number(value), 0, 0);
        else if (value <= 0xff) header(0xcc, Number(value), 1);
        else if (value <= 0xffff) header(0xcd, Number(value), 2);
        else if (value <= 0xffffffff) header(0xce, Number(value), 4);
        else if (value <= 0xffff_ffff_ffff_ffffn) integer64(0xcf, BigInt(value));
        else float(Number(value));
      } else if (value >= -0x20) header(Number(value) & 0xff, 0, 0);
      else if (value >= -0x80) header(0xd0, Number(value) & 0xff, 1);
      else if (value >= -0x8000) header(0xd1, Number(value) & 0xffff, 2);
      else if (value >= -0x80000000) header(0xd2, Number(value) >>> 0, 4);
      else if (value >= -0x8000_0000_0000_0000n) integer64(0xd3, BigInt(value));
      else float(Number(value));
    },
    float,
    string(text) {
      const size = Buffer.byteLength(text);
      str(size);
      reserve(size);
      length += buffer.write(text, length);
    },
    utf8(bytes) {
      str(bytes.length);
      raw(bytes);
    },
    bin(bytes) {
      if (bytes.length <= 0xff) header(0xc4, bytes.length, 1);
      else if (bytes.length <= 0xffff) header(0xc5, bytes.length, 2);
      else header(0xc6, bytes.length, 4);
      raw(bytes);
    },
    array(size) {
      if (size < 16) header(0x90 | size, 0, 0);
      else if (size <= 0xffff) header(0xdc, size, 2);
      else header(0xdd, size, 4);
    },
    map(size) {
      if (size < 16) header(0x80 | size, 0, 0);
      else if (size <= 0xffff) header(0xde, size, 2);
      else header(0xdf, size, 4);
    },
    raw,
    length: () => length,
    finish: () => buffer.subarray(0, length),
  };
}
