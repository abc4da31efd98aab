/** Writes fields of Protobuf messages. */
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './scan.ts';

/** @param width least number of bytes; the rest of them are zeros that add nothing to the value */
export function varint(value: number | bigint, width = 1): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n || bytes.length < width);
  bytes[bytes.length - 1]! &= 0x7f;
  return Uint8Array.from(bytes);
}

function key(number: number, wireType: number): Uint8Array {
  return varint(number * 8 + wireType);
}

/** A string, bytes or a message. */
export function lengthDelimited(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([key(number, LENGTH_DELIMITED), varint(length), ...parts]);
}

/** An int64, uint32, enum or bool. */
export function integer(number: number, value: number | bigint): Uint8Array {
  return Buffer.concat([key(number, VARINT), varint(value)]);
}

export function double(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(number, FIXED64), bytes]);
}

export function fixed64(number: number, value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([key(number, FIXED64), bytes]);
}

export function fixed32(number: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return Buffer.concat([key(number, FIXED32), bytes]);
}
