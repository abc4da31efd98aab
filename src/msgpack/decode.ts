/** Reads a MessagePack value for evaluation; the bytes, not this value, are what is passed on. */
import { tooDeep } from '../json/depth.ts';
import { type JsonMap, setMember } from '../json/map.ts';
import { endOfValue, headerAt } from './scan.ts';

type ScalarLayout = readonly [size: number, read: (bytes: Buffer, at: number) => unknown];

/** By type byte: the scalars that are not in the byte itself and have no length, with their size after it. Integers beyond
 * 2^53 are read as bigint. */
export const scalars: ReadonlyMap<number, ScalarLayout> = new Map<number, ScalarLayout>([
  [0xc0, [0, () => null]],
  [0xc2, [0, () => false]],
  [0xc3, [0, () => true]],
  [0xca, [4, (bytes, at) => bytes.readFloatBE(at)]],
  [0xcb, [8, (bytes, at) => bytes.readDoubleBE(at)]],
  [0xcc, [1, (bytes, at) => bytes.readUInt8(at)]],
  [0xcd, [2, (bytes, at) => bytes.readUInt16BE(at)]],
  [0xce, [4, (bytes, at) => bytes.readUInt32BE(at)]],
  [0xcf, [8, (bytes, at) => numberIfSafe(bytes.readBigUInt64BE(at))]],
  [0xd0, [1, (bytes, at) => bytes.readInt8(at)]],
  [0xd1, [2, (bytes, at) => bytes.readInt16BE(at)]],
  [0xd2, [4, (bytes, at) => bytes.readInt32BE(at)]],
  [0xd3, [8, (bytes, at) => numberIfSafe(bytes.readBigInt64BE(at))]],
]);

function numberIfSafe(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** The value in a range as JSON would hold it: integers beyond 2^53 as bigint, str and bin as text (what is not UTF-8
 * becomes U+FFFD), ext as null. Keys that are not strings are their text, those that are maps or arrays `{…}` or
 * `[…]`; the last value of a repeated key is kept. A map or array below `maxDepth` levels is skipped, and `too_deep` marks
 * its place. The range is one that endOfValue has delimited. */
export function decode(bytes: Uint8Array, start: number, end: number, limits: { maxDepth: number }): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const root: unknown[] = [];
  const open: { into: unknown[] | JsonMap; left: number }[] = [{ into: root, left: 1 }];
  let at = start;

  const readScalar = (): unknown => {
    const type = buffer[at];
    if (type < 0x80 || type >= 0xe0) return buffer.readInt8(at++);
    const header = headerAt(buffer, at, end);
    if (header !== undefined) {
      at = header.end + header.length;
      return buffer.toString('utf8', header.end, at);
    }
    const scalar = scalars.get(type);
    if (scalar === undefined) {
      at = endOfValue(buffer, at, end) as number;
      return null;
    }
    const [size, read] = scalar;
    at += 1 + size;
    return read(buffer, at - size);
  };
  const readKey = (): string => {
    const kind = headerAt(buffer, at, end)?.kind;
    if (kind !== 'map' && kind !== 'array') return String(readScalar());
    at = endOfValue(buffer, at, end) as number;
    return kind === 'map' ? '{…}' : '[…]';
  };

  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    if (top.left-- === 0) {
      open.pop();
      continue;
    }
    const key = Array.isArray(top.into) ? '' : readKey();
    const header = headerAt(buffer, at, end);
    let value: unknown;
    const isContainer = header?.kind === 'map' || header?.kind === 'array';
    if (isContainer && open.length > limits.maxDepth) {
      value = tooDeep();
      at = endOfValue(buffer, at, end) as number;
    } else if (isContainer) {
      const container: unknown[] | JsonMap = header.kind === 'map' ? {} : [];
      open.push({ into: container, left: header.length });
      at = header.end;
      value = container;
    } else {
      value = readScalar();
    }
    if (Array.isArray(top.into)) top.into.push(value);
    else setMember(top.into, key, value);
  }
  return root[0];
}
