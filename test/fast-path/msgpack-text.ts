/** A tree as MessagePack, each value in one of its spellings. */
import type { Random } from '../fuzz/fuzz.ts';
import { type Node, print } from './json-tree.ts';

/** @param random chooses spellings and odd values; the shortest ones without it */
export function pack(node: Node, random: Random = () => 0): Buffer {
  switch (node.kind) {
    case 'embedded':
      return text(Buffer.from(print(node.tree)), random);
    case 'list':
      return Buffer.concat([
        header('list', node.items.length, random),
        ...node.items.map((item) => pack(item, random)),
      ]);
    case 'map':
      return Buffer.concat([
        header('map', node.members.length, random),
        ...node.members.flatMap(({ key, value }) => [keyOf(key, random), pack(value, random)]),
      ]);
    case 'raw':
      return scalar(spelledBy(node.text), random);
  }
}

/** As Fluent Bit frames a record. */
export function packEvent(node: Node, random?: Random): Buffer {
  return Buffer.concat([Buffer.from('9292d7006553f100075bcd1580', 'hex'), pack(node, random)]);
}

/** The value that the text spells, or the text itself if it spells none. */
function spelledBy(spelled: string): unknown {
  try {
    if (/^-?\d{16,20}$/.test(spelled)) return BigInt(spelled);
    return JSON.parse(spelled);
  } catch {
    return spelled;
  }
}

function keyOf(key: string, random: Random): Buffer {
  // Occasionally an odd key: an integer, nil, or a list.
  if (random(60) === 1) return Buffer.from(['07', 'c0', '9101', 'c3'][random(4)]!, 'hex');
  return scalar(String(spelledBy(key)), random);
}

function scalar(value: unknown, random: Random): Buffer {
  switch (typeof value) {
    case 'string': {
      const bytes = Buffer.from(value);
      // Occasionally invalid UTF-8, or an extension.
      if (random(150) === 1) return text(Buffer.concat([bytes, Buffer.of(0xff)]), random);
      if (random(150) === 1) return Buffer.from('d40901', 'hex');
      return text(bytes, random);
    }
    case 'boolean':
      return Buffer.of(value ? 0xc3 : 0xc2);
    case 'number':
      return Number.isInteger(value) ? integer(BigInt(value), random) : double(value);
    case 'bigint':
      return integer(value, random);
    case 'object':
      return value === null ? Buffer.of(0xc0) : text(Buffer.from(JSON.stringify(value)), random);
    default:
      throw new Error(`no MessagePack for ${typeof value}`);
  }
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** The number in as many bytes as requested, or in more if it does not fit. */
function integer(value: bigint, random: Random): Buffer {
  if (value >= 1n << 64n || value < -(1n << 63n)) return double(Number(value));
  if (random(8) === 1) return double(Number(value));
  const widths = [0, 1, 2, 4, 8].slice(random(5));
  for (const width of widths) {
    if (width === 0 && value >= -32n && value < 128n) return Buffer.of(Number(value & 0xffn));
    if (width === 0) continue;
    const bits = BigInt(width * 8);
    const isSigned = value < 0n || (random(3) === 1 && value < 1n << (bits - 1n));
    if (isSigned ? value < -(1n << (bits - 1n)) : value >= 1n << bits) continue;
    const bytes = Buffer.alloc(width);
    for (let i = 0; i < width; i++) bytes[width - 1 - i] = Number((BigInt.asUintN(64, value) >> BigInt(8 * i)) & 0xffn);
    return Buffer.concat([Buffer.of((isSigned ? 0xd0 : 0xcc) + Math.log2(width)), bytes]);
  }
  throw new Error('an integer that fits nowhere');
}

function text(bytes: Buffer, random: Random): Buffer {
  const isBin = random(12) === 1;
  const choice = random(4);
  if (!isBin && choice === 0 && bytes.length < 32) return Buffer.concat([Buffer.of(0xa0 | bytes.length), bytes]);
  return Buffer.concat([
    sized(isBin ? [0xc4, 0xc5, 0xc6] : [0xd9, 0xda, 0xdb], [1, 2, 4], bytes.length, choice),
    bytes,
  ]);
}

function header(kind: 'list' | 'map', length: number, random: Random): Buffer {
  const choice = random(3);
  if (choice === 0 && length < 16) return Buffer.of((kind === 'map' ? 0x80 : 0x90) | length);
  return sized(kind === 'map' ? [0xde, 0xdf] : [0xdc, 0xdd], [2, 4], length, choice);
}

/** A header with the length in one of the widths that can hold it. */
function sized(heads: readonly number[], widths: readonly number[], length: number, choice: number): Buffer {
  const fitting = widths.findIndex((width) => length < 2 ** (8 * width));
  const index = Math.min(widths.length - 1, Math.max(fitting, choice - 1));
  const bytes = Buffer.alloc(1 + widths[index]!);
  bytes[0] = heads[index]!;
  bytes.writeUIntBE(length, 1, widths[index]!);
  return bytes;
}
