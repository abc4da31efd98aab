/** AnyValue of OTLP in JSON. */
import { CUT, isMap, type JsonMap, member, setMember, textAt } from './map.ts';

/** What an AnyValue stands for: integers beyond 2^53 as bigint, though they come as texts, bytes as text, nothing as null.
 * If a value is cut or nests too deep, its replacement carries the mark: it is unknown, not absent. */
export function plainValue(value: unknown): unknown {
  if (!isMap(value)) return value;
  const [list, array] = [member(value, 'kvlistValue'), member(value, 'arrayValue')];
  const [members, items] = [member(list, 'values'), member(array, 'values')];
  if (Array.isArray(items)) return items.map(plainValue);
  const mark = [value, list, members, array, items].map(markOf).find(Boolean);
  if (Array.isArray(members)) return plainPairs(members, mark);
  if (mark !== undefined) return { [CUT]: mark };
  if (list !== undefined) return {};
  if (array !== undefined) return [];
  const [[kind, held] = ['', null]] = Object.entries(value);
  if (kind === 'intValue') return integerOf(held);
  if (kind === 'doubleValue') return Number(held);
  if (kind === 'bytesValue' && typeof held === 'string') return Buffer.from(held, 'base64').toString();
  return held;
}

/** What a list of KeyValues stands for: if a key is repeated, the last value counts. */
export function plainPairs(pairs: readonly unknown[], mark?: JsonMap[typeof CUT]): JsonMap {
  const map: JsonMap = {};
  let found = mark;
  for (const pair of pairs) {
    found ??= markOf(pair);
    setMember(map, textAt(pair, 'key') ?? '', plainValue(member(pair, 'value')) ?? null);
  }
  if (found !== undefined) map[CUT] = found;
  return map;
}

/** An integer as written in JSON, possibly as text; anything else stays as it is. */
function integerOf(value: unknown): unknown {
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}

function markOf(value: unknown): JsonMap[typeof CUT] {
  return isMap(value) ? value[CUT] : undefined;
}

/** The AnyValue of a JSON value. Integers up to 64 bits are texts, other numbers doubles; as in JSON, undefined members are
 * left out. */
export function anyValueOf(value: unknown): JsonMap {
  switch (typeof value) {
    case 'string':
      return { stringValue: value };
    case 'boolean':
      return { boolValue: value };
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? { intValue: String(value) } : { doubleValue: Number(value) };
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0)
        ? { intValue: String(value) }
        : { doubleValue: value };
    case 'object':
      if (value === null) return {};
      if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValueOf) } };
      return {
        kvlistValue: {
          values: Object.entries(value)
            .filter(([, each]) => each !== undefined)
            .map(([key, each]) => ({ key, value: anyValueOf(each) })),
        },
      };
    default:
      return {};
  }
}
