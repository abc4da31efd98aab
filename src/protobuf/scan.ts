/** Finds the fields of a Protobuf message without reading them.
 * @see https://protobuf.dev/programming-guides/encoding/ */
import type { Span } from '../record.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
const START_GROUP = 3;
const END_GROUP = 4;
export const FIXED32 = 5;

/** One field, from its key to the end of its value. */
export interface Field extends Span {
  number: number;
  wireType: number;
  /** Where the length of a length-delimited value begins; otherwise the same as `valueStart`. */
  lengthStart: number;
  valueStart: number;
  /** As the field states: the end of a length-delimited value that is cut lies beyond the end of the message. */
  end: number;
}

/** Where a message breaks. */
export interface Fault {
  at: number;
  found: string;
}

/** Groups inside groups, as deep as Protobuf's own readers go. */
const MAX_GROUPS = 100;
const MAX_FIELD_NUMBER = 0x1fff_ffff;

/** The field that begins at an offset. A value of known size that is cut is a fault, one that states its length is not. */
export function fieldAt(bytes: Uint8Array, start: number, end: number): Field | Fault {
  const valueStart = endOfVarint(bytes, start, end);
  if (valueStart === -1) return { at: start, found: 'half a key' };
  const key = numberAt(bytes, start, valueStart);
  const number = Math.floor(key / 8);
  const wireType = key % 8;
  if (number === 0 || number > MAX_FIELD_NUMBER) return { at: start, found: `the field number ${number}` };
  const field = { number, wireType, start, lengthStart: valueStart, valueStart, end: valueStart };
  switch (wireType) {
    case VARINT:
      field.end = endOfVarint(bytes, valueStart, end);
      if (field.end === -1) return { at: start, found: 'half a varint' };
      return field;
    case FIXED64:
    case FIXED32:
      field.end = valueStart + (wireType === FIXED64 ? 8 : 4);
      if (field.end > end) return { at: start, found: 'half a number' };
      return field;
    case LENGTH_DELIMITED:
      field.valueStart = endOfVarint(bytes, valueStart, end);
      if (field.valueStart === -1) return { at: start, found: 'half a length' };
      field.end = field.valueStart + numberAt(bytes, valueStart, field.valueStart);
      return field;
    case START_GROUP: {
      const after = endOfGroup(bytes, valueStart, end, number);
      if (typeof after !== 'number') return after;
      field.end = after;
      return field;
    }
    default:
      return { at: start, found: wireType === END_GROUP ? 'the end of a group' : `the wire type ${wireType}` };
  }
}

/** The offset after the field that ends a group. */
function endOfGroup(bytes: Uint8Array, start: number, end: number, number: number): number | Fault {
  const open = [number];
  for (let at = start; at < end; ) {
    const valueStart = endOfVarint(bytes, at, end);
    const key = valueStart === -1 ? 0 : numberAt(bytes, at, valueStart);
    if (key % 8 === END_GROUP) {
      if (open.pop() !== Math.floor(key / 8)) return { at, found: 'the end of another group' };
      if (open.length === 0) return valueStart;
      at = valueStart;
    } else if (key % 8 === START_GROUP) {
      if (open.push(Math.floor(key / 8)) > MAX_GROUPS) return { at, found: `more than ${MAX_GROUPS} groups` };
      at = valueStart;
    } else {
      const field = fieldAt(bytes, at, end);
      if (!('number' in field)) return field;
      if (field.end > end) return { at, found: 'a length beyond the end' };
      at = field.end;
    }
  }
  return { at: start, found: 'half a group' };
}

/** Walks the fields of a message in order.
 * @param visit called with each whole field
 * @returns what breaks the message, if anything does */
export function eachField(bytes: Uint8Array, { start, end }: Span, visit: (field: Field) => void): Fault | undefined {
  for (let at = start; at < end; ) {
    const field = fieldAt(bytes, at, end);
    if (!('number' in field)) return field;
    if (field.end > end) return { at, found: 'a length beyond the end' };
    visit(field);
    at = field.end;
  }
  return undefined;
}

/** The value of a length-delimited field. */
export function contentOf({ valueStart, end }: Field): Span {
  return { start: valueStart, end };
}

/** The offset after a varint, or -1 if it does not end within ten bytes. */
function endOfVarint(bytes: Uint8Array, start: number, end: number): number {
  const last = Math.min(end, start + 10);
  for (let at = start; at < last; at++) if (bytes[at]! < 0x80) return at + 1;
  return -1;
}

/** The value of a varint, approximated beyond 2^53. */
export function numberAt(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at--) value = value * 128 + (bytes[at]! & 0x7f);
  return value;
}

/** The value of a varint as a signed integer of 64 bits. */
export function int64At(bytes: Uint8Array, start: number, end: number): bigint {
  let value = 0n;
  for (let at = end - 1; at >= start; at--) value = (value << 7n) | BigInt(bytes[at]! & 0x7f);
  return BigInt.asIntN(64, value);
}
