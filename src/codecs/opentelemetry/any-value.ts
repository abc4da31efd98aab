/** AnyValue of OTLP in Protobuf: walks what a value, a list of values or a list of pairs holds. */
import {
  contentOf,
  eachField,
  FIXED64,
  type Field,
  fieldAt,
  int64At,
  LENGTH_DELIMITED,
  VARINT,
} from '../../protobuf/scan.ts';
import type { Span } from '../../record.ts';
import { ANY_VALUE, KEY_VALUE, VALUES } from './fields.ts';

export interface Message extends Span {
  bytes: Uint8Array;
}

/** The values of an ArrayValue, or the pairs of a KeyValueList, of a LogRecord, a Resource or a scope. */
export interface List extends Message {
  kind: 'array' | 'kvlist';
  /** Number of the field that each is. */
  field: number;
}

/** What an AnyValue holds that is not a list; undefined if it holds nothing. */
export type Scalar =
  | undefined
  | { kind: 'string' | 'bytes'; bytes: Uint8Array }
  | { kind: 'bool' | 'int'; value: bigint }
  | { kind: 'double'; value: number };

export interface Visitor {
  /** Called before each value of a kvlist. */
  key(bytes: Uint8Array): void;
  /** @param isWhole false if it was malformed: undefined may then stand for a value that is not known */
  scalar(value: Scalar, isWhole: boolean): void;
  /** @returns whether to continue with what is in it, and then to close it */
  open(list: List): boolean;
  /** @param isCut whether something in it, at any depth, was malformed and left out */
  close(isCut: boolean): void;
}

/** Walks an AnyValue, or a list. Nesting costs memory, not stack. */
export function walk(root: Message | List, visitor: Visitor): void {
  const open: { list: List; at: number; isCut: boolean }[] = [];
  const enter = (list: List) => {
    if (visitor.open(list)) open.push({ list, at: list.start, isCut: false });
  };
  /** @returns whether the message is whole */
  const value = (message: Message | undefined): boolean => {
    const { held, isWhole } = message === undefined ? absent : anyValueIn(message);
    if (held !== undefined && 'field' in held) enter(held);
    else visitor.scalar(held, isWhole);
    return isWhole;
  };

  if ('kind' in root) enter(root);
  else value(root);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { list } = top;
    const field = top.at < list.end ? fieldAt(list.bytes, top.at, list.end) : undefined;
    if (field === undefined || !('number' in field) || field.end > list.end) {
      top.isCut ||= field !== undefined;
      open.pop();
      visitor.close(top.isCut);
      const parent = open.at(-1);
      if (parent !== undefined) parent.isCut ||= top.isCut;
      continue;
    }
    top.at = field.end;
    if (field.number !== list.field || field.wireType !== LENGTH_DELIMITED) continue;
    let item: Message | undefined = { bytes: list.bytes, ...contentOf(field) };
    if (list.kind === 'kvlist') {
      const pair = pairIn(item);
      if (!pair.isWhole) top.isCut = true;
      if (!pair.isWhole && pair.value === undefined) continue;
      visitor.key(pair.key);
      item = pair.value;
    }
    if (!value(item)) top.isCut = true;
  }
}

type Kind = NonNullable<Scalar>['kind'] | List['kind'];

const members: ReadonlyMap<number, { kind: Kind; wireType: number }> = new Map([
  [ANY_VALUE.string, { kind: 'string', wireType: LENGTH_DELIMITED }],
  [ANY_VALUE.bool, { kind: 'bool', wireType: VARINT }],
  [ANY_VALUE.int, { kind: 'int', wireType: VARINT }],
  [ANY_VALUE.double, { kind: 'double', wireType: FIXED64 }],
  [ANY_VALUE.array, { kind: 'array', wireType: LENGTH_DELIMITED }],
  [ANY_VALUE.kvlist, { kind: 'kvlist', wireType: LENGTH_DELIMITED }],
  [ANY_VALUE.bytes, { kind: 'bytes', wireType: LENGTH_DELIMITED }],
]);

export interface Held {
  held: Scalar | List;
  isWhole: boolean;
}

const absent: Held = { held: undefined, isWhole: true };

/** What an AnyValue holds: the last of several members. It is not whole if it is malformed, in which case it holds what
 * precedes the fault, or if a list occurs twice, which Protobuf would merge. */
export function anyValueIn({ bytes, start, end }: Message): Held {
  let last: { kind: Kind; field: Field } | undefined;
  let isWhole = true;
  const fault = eachField(bytes, { start, end }, (field) => {
    const member = members.get(field.number);
    if (member?.wireType !== field.wireType) return;
    const { kind } = member;
    if (kind === last?.kind && (kind === 'array' || kind === 'kvlist')) isWhole = false;
    last = { kind, field };
  });
  return { held: last && heldIn(bytes, last), isWhole: isWhole && fault === undefined };
}

function heldIn(bytes: Uint8Array, { kind, field }: { kind: Kind; field: Field }): Scalar | List {
  const { valueStart, end } = field;
  switch (kind) {
    case 'bool':
    case 'int':
      return { kind, value: int64At(bytes, valueStart, end) };
    case 'double':
      return { kind, value: new DataView(bytes.buffer, bytes.byteOffset).getFloat64(valueStart, true) };
    case 'string':
    case 'bytes':
      return { kind, bytes: bytes.subarray(valueStart, end) };
    case 'array':
    case 'kvlist':
      return { kind, field: VALUES, bytes, ...contentOf(field) };
  }
}

/** Calls back for each value or pair of a list, in order.
 * @returns whether the list is whole */
export function itemsIn(list: List, visit: (item: Message) => void): boolean {
  const fault = eachField(list.bytes, list, (field) => {
    if (field.number === list.field && field.wireType === LENGTH_DELIMITED)
      visit({ bytes: list.bytes, ...contentOf(field) });
  });
  return fault === undefined;
}

/** Key and value of a KeyValue: the last of several, which Protobuf would merge. */
export function pairIn(pair: Message): { key: Uint8Array; value: Message | undefined; isWhole: boolean } {
  let key: Uint8Array = nothing;
  let value: Message | undefined;
  let isWhole = true;
  const fault = eachField(pair.bytes, pair, (field) => {
    if (field.wireType !== LENGTH_DELIMITED) return;
    if (field.number === KEY_VALUE.key) key = pair.bytes.subarray(field.valueStart, field.end);
    if (field.number !== KEY_VALUE.value) return;
    if (value !== undefined) isWhole = false;
    value = { bytes: pair.bytes, ...contentOf(field) };
  });
  return { key, value, isWhole: isWhole && fault === undefined };
}

const nothing = new Uint8Array();
