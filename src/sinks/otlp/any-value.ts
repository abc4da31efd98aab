/** Values in MessagePack as AnyValues of OTLP, without a JavaScript object in between. */
import { isUtf8 } from 'node:buffer';
import type protobuf from 'protobufjs/minimal.js';
import { ANY_VALUE, KEY_VALUE, VALUES } from '../../codecs/opentelemetry/fields.ts';
import { encode } from '../../msgpack/encode.ts';
import { endOfValue, headerAt } from '../../msgpack/scan.ts';
import { toJson } from '../../msgpack/to-json.ts';
import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from '../../protobuf/scan.ts';

/** Levels of nested maps and lists that keep their form. Each takes three messages of Protobuf, whose readers in Rust, C++ and
 * Java go 100 deep, including those of the export around them. */
export const MAX_LIST_DEPTH = 30;

export const varintKey = (field: number) => (field << 3) | VARINT;
export const fixed64Key = (field: number) => (field << 3) | FIXED64;
export const fixed32Key = (field: number) => (field << 3) | FIXED32;
export const lengthDelimitedKey = (field: number) => (field << 3) | LENGTH_DELIMITED;

const [STRING, BOOL, INT, DOUBLE, ARRAY, KVLIST, BYTES] = [
  lengthDelimitedKey(ANY_VALUE.string),
  varintKey(ANY_VALUE.bool),
  varintKey(ANY_VALUE.int),
  fixed64Key(ANY_VALUE.double),
  lengthDelimitedKey(ANY_VALUE.array),
  lengthDelimitedKey(ANY_VALUE.kvlist),
  lengthDelimitedKey(ANY_VALUE.bytes),
];
const ITEM = lengthDelimitedKey(VALUES);
const KEY = lengthDelimitedKey(KEY_VALUE.key);
const VALUE = lengthDelimitedKey(KEY_VALUE.value);

/** Writes a MessagePack value as the fields of an AnyValue: integers of 64 bits and floats as they are, nil as a value that
 * holds nothing, maps in their order, even with duplicate keys. What AnyValue cannot express:
 * an integer from 2^63 on becomes a string of its digits; a str that is not UTF-8 becomes bytes, an ext the bytes of its
 * MessagePack; a map or list deeper than MAX_LIST_DEPTH a string of its JSON (`toJson`).
 * @param at where the value begins; endOfValue has delimited it
 * @returns the offset after the value */
export function writeAnyValue(writer: protobuf.Writer, bytes: Buffer, at: number, end: number, depth = 0): number {
  const type = bytes[at]!;
  if (type < 0x80 || type >= 0xe0) {
    writer.uint32(INT).int64(bytes.readInt8(at));
    return at + 1;
  }
  const header = headerAt(bytes, at, end);
  if (header !== undefined) {
    const after = header.end + header.length;
    switch (header.kind) {
      case 'str':
      case 'bin': {
        const content = bytes.subarray(header.end, after);
        writer.uint32(header.kind === 'str' && isUtf8(content) ? STRING : BYTES).bytes(content);
        return after;
      }
      case 'map':
      case 'array':
        return writeList(writer, bytes, at, end, depth);
    }
  }
  switch (type) {
    case 0xc0:
      return at + 1;
    case 0xc2:
    case 0xc3:
      writer.uint32(BOOL).bool(type === 0xc3);
      return at + 1;
    case 0xca:
      writer.uint32(DOUBLE).double(bytes.readFloatBE(at + 1));
      return at + 5;
    case 0xcb:
      writer.uint32(DOUBLE).double(bytes.readDoubleBE(at + 1));
      return at + 9;
    case 0xcc:
      writer.uint32(INT).int64(bytes.readUInt8(at + 1));
      return at + 2;
    case 0xcd:
      writer.uint32(INT).int64(bytes.readUInt16BE(at + 1));
      return at + 3;
    case 0xce:
      writer.uint32(INT).int64(bytes.readUInt32BE(at + 1));
      return at + 5;
    case 0xcf:
      if (bytes[at + 1]! < 0x80) writer.uint32(INT).int64(String(bytes.readBigUInt64BE(at + 1)));
      else writer.uint32(STRING).string(String(bytes.readBigUInt64BE(at + 1)));
      return at + 9;
    case 0xd0:
      writer.uint32(INT).int64(bytes.readInt8(at + 1));
      return at + 2;
    case 0xd1:
      writer.uint32(INT).int64(bytes.readInt16BE(at + 1));
      return at + 3;
    case 0xd2:
      writer.uint32(INT).int64(bytes.readInt32BE(at + 1));
      return at + 5;
    case 0xd3:
      writer.uint32(INT).int64(String(bytes.readBigInt64BE(at + 1)));
      return at + 9;
    default: {
      const after = endOfValue(bytes, at, end) as number;
      writer.uint32(BYTES).bytes(bytes.subarray(at, after));
      return after;
    }
  }
}

function writeList(writer: protobuf.Writer, bytes: Buffer, at: number, end: number, depth: number): number {
  if (depth === MAX_LIST_DEPTH) {
    const after = endOfValue(bytes, at, end) as number;
    writer.uint32(STRING).bytes(toJson(bytes, at, after));
    return after;
  }
  const { kind, length, end: first } = headerAt(bytes, at, end)!;
  if (kind === 'map') return writeMap(writer, bytes, at, end, depth);
  let next = first;
  writer.uint32(ARRAY).fork();
  for (let i = 0; i < length; i++) {
    writer.uint32(ITEM).fork();
    next = writeAnyValue(writer, bytes, next, end, depth + 1);
    writer.ldelim();
  }
  writer.ldelim();
  return next;
}

/** Writes a map as the field of an AnyValue.
 * @param isLeftOut called for each key, with where it begins and ends */
export function writeMap(
  writer: protobuf.Writer,
  bytes: Buffer,
  at: number,
  end: number,
  depth = 0,
  isLeftOut?: (start: number, end: number) => boolean,
): number {
  writer.uint32(KVLIST).fork();
  const after = writePairs(writer, ITEM, bytes, at, end, depth + 1, isLeftOut);
  writer.ldelim();
  return after;
}

/** Writes each member of a map as a KeyValue.
 * @param field its key on the wire */
export function writePairs(
  writer: protobuf.Writer,
  field: number,
  bytes: Buffer,
  at: number,
  end: number,
  depth = 0,
  isLeftOut?: (start: number, end: number) => boolean,
): number {
  const { length, end: first } = headerAt(bytes, at, end)!;
  let next = first;
  for (let i = 0; i < length; i++) {
    const start = next;
    const valueStart = endOfValue(bytes, start, end) as number;
    if (isLeftOut?.(start, valueStart)) {
      next = endOfValue(bytes, valueStart, end) as number;
      continue;
    }
    next = writePair(writer, field, bytes, start, valueStart, end, depth);
  }
  return next;
}

/** Writes one member of a map as a KeyValue.
 * @returns the offset after it */
export function writePair(
  writer: protobuf.Writer,
  field: number,
  bytes: Buffer,
  start: number,
  valueStart: number,
  end: number,
  depth = 0,
): number {
  writer
    .uint32(field)
    .fork()
    .uint32(KEY)
    .string(keyText(bytes, start, valueStart))
    .uint32(VALUE)
    .fork();
  const after = writeAnyValue(writer, bytes, valueStart, end, depth);
  writer.ldelim().ldelim();
  return after;
}

/** A key as text: one that is not text becomes its JSON, and U+FFFD replaces what is not UTF-8. */
export function keyText(bytes: Buffer, start: number, end: number): string {
  const header = headerAt(bytes, start, end);
  if (header?.kind === 'str' || header?.kind === 'bin') return bytes.toString('utf8', header.end, end);
  return Buffer.from(toJson(bytes, start, end)).toString();
}

/** Writes a KeyValue of a JSON value. */
export function writeAttribute(writer: protobuf.Writer, field: number, key: string, value: unknown): void {
  const packed = encode(value);
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  writer.uint32(field).fork().uint32(KEY).string(key).uint32(VALUE).fork();
  writeAnyValue(writer, bytes, 0, bytes.length);
  writer.ldelim().ldelim();
}
