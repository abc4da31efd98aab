/** Writes small address databases in MaxMind's format.
 * @see https://maxmind.github.io/MaxMind-DB/ */
import { parseNetwork } from '../../src/network.ts';

export type Value = string | number | boolean | { [key: string]: Value } | Value[];

export interface Layout {
  ipVersion?: 4 | 6;
  recordSize?: 24 | 28 | 32;
  type?: string;
  buildEpoch?: number;
}

type Node = [left: Branch, right: Branch];
/** A child node, the position of data, or nothing. */
type Branch = Node | number | undefined;

const MARKER = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')]);

/** @param entries networks (CIDR), none within another, and what is known of each: data, or bytes as they are written */
export function mmdbOf(entries: Readonly<Record<string, Value | Uint8Array>>, layout: Layout = {}): Buffer {
  const { ipVersion = 6, recordSize = 28, type = 'Test', buildEpoch = 1_767_225_600 } = layout;
  const data: Uint8Array[] = [];
  let place = 0;
  const root: Node = [undefined, undefined];
  for (const [network, value] of Object.entries(entries)) {
    const [address, prefix] = parseNetwork(network);
    const bytes = address.toByteArray();
    const isShort = ipVersion === 6 && bytes.length === 4;
    insert(root, isShort ? [...Array(12).fill(0), ...bytes] : bytes, isShort ? prefix + 96 : prefix, place);
    const written = value instanceof Uint8Array ? value : encoded(value);
    data.push(written);
    place += written.length;
  }
  const nodes = nodesBelow(root);
  const tree = Buffer.concat(nodes.map((node) => recordOf(node, nodes, recordSize)));
  const metadata = encoded({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: buildEpoch,
    database_type: type,
    description: { en: 'A database for tests' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: recordSize,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, MARKER, metadata]);
}

function insert(root: Node, address: readonly number[], prefix: number, place: number): void {
  let node = root;
  for (let depth = 0; depth < prefix; depth++) {
    const side = (address[depth >> 3]! >> (7 - (depth & 7))) & 1;
    if (depth === prefix - 1) {
      node[side] = place;
      return;
    }
    node[side] ??= [undefined, undefined];
    node = node[side] as Node;
  }
}

function nodesBelow(root: Node): Node[] {
  const nodes = [root];
  // Iterating over a list includes what is added to it meanwhile.
  for (const node of nodes) for (const branch of node) if (Array.isArray(branch)) nodes.push(branch);
  return nodes;
}

function recordOf(node: Node, nodes: readonly Node[], recordSize: number): Buffer {
  const [left, right] = node.map((branch) => {
    if (branch === undefined) return nodes.length;
    return Array.isArray(branch) ? nodes.indexOf(branch) : nodes.length + 16 + branch;
  }) as [number, number];
  const bytes = Buffer.alloc(recordSize / 4);
  if (recordSize === 32) {
    bytes.writeUInt32BE(left, 0);
    bytes.writeUInt32BE(right, 4);
    return bytes;
  }
  bytes.writeUIntBE(left & 0xffffff, 0, 3);
  bytes.writeUIntBE(right & 0xffffff, recordSize === 24 ? 3 : 4, 3);
  if (recordSize === 28) bytes[3] = ((left >>> 24) << 4) | (right >>> 24);
  return bytes;
}

/** An encoded value: maps, arrays, texts, unsigned integers of 32 bits, booleans. */
function encoded(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([headOf(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return headOf(14, Number(value));
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([headOf(6, 4), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([headOf(11, value.length), ...value.map(encoded)]);
  const members = Object.entries(value).flatMap(([key, member]) => [encoded(key), encoded(member)]);
  return Buffer.concat([headOf(7, Object.keys(value).length), ...members]);
}

function headOf(type: number, size: number): Buffer {
  const [short, more] = size < 29 ? [size, []] : [29, [size - 29]];
  return Buffer.from(type > 7 ? [short, type - 7, ...more] : [(type << 5) | short, ...more]);
}

/** An 11-bit reference to a position in the data. */
export function pointerTo(place: number): Uint8Array {
  return Uint8Array.of((1 << 5) | (place >> 8), place & 255);
}
