/** A JSON value as an AnyValue of OTLP in Protobuf. */
import { double, integer, lengthDelimited } from '../../protobuf/write.ts';
import { ANY_VALUE, KEY_VALUE, VALUES } from './fields.ts';

/** The message of a value. Integers to 64 bits stay integers, other numbers are doubles, null is a value that holds nothing.
 * As in JSON, members that are undefined are left out. */
export function anyValueFrom(value: unknown): Uint8Array {
  switch (typeof value) {
    case 'string':
      return lengthDelimited(ANY_VALUE.string, Buffer.from(value));
    case 'boolean':
      return integer(ANY_VALUE.bool, value ? 1 : 0);
    case 'bigint':
      return BigInt.asIntN(64, value) === value
        ? integer(ANY_VALUE.int, value)
        : double(ANY_VALUE.double, Number(value));
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? integer(ANY_VALUE.int, value)
        : double(ANY_VALUE.double, value);
    case 'object':
      if (value === null) return nothing;
      if (Array.isArray(value)) {
        const items = value.map((item) => lengthDelimited(VALUES, anyValueFrom(item)));
        return lengthDelimited(ANY_VALUE.array, ...items);
      }
      return lengthDelimited(ANY_VALUE.kvlist, ...pairsFrom(value));
    default:
      return nothing;
  }
}

function pairsFrom(map: object): Uint8Array[] {
  return Object.entries(map)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => lengthDelimited(VALUES, ...keyValue(key, value)));
}

/** The fields of a KeyValue. */
export function keyValue(key: string, value: unknown): [key: Uint8Array, value: Uint8Array] {
  return [lengthDelimited(KEY_VALUE.key, Buffer.from(key)), lengthDelimited(KEY_VALUE.value, anyValueFrom(value))];
}

const nothing = new Uint8Array();
