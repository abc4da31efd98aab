/** Values of OTLP as MessagePack: integers and bytes as they are, keys in their order. */
import {
  anyValueIn,
  itemsIn,
  type List,
  type Message,
  pairIn,
  type Scalar,
  walk,
} from '../../../codecs/opentelemetry/any-value.ts';
import { createWriter, type Writer } from '../../../msgpack/write.ts';

/** Levels of nested lists that become MessagePack; what is deeper stays the bytes that it has in Protobuf. */
const MAX_FORWARD_DEPTH = 1024;

/** A member of a map. */
export interface Pair {
  /** Without its header. */
  key: Uint8Array;
  /** In MessagePack. */
  value: Uint8Array;
}

export function pair(key: string, value: Uint8Array): Pair {
  return { key: Buffer.from(key), value };
}

/** A map of pairs; keys may be repeated. */
export function mapOf(pairs: readonly Pair[]): Uint8Array {
  const writer = createWriter();
  writer.map(pairs.length);
  for (const { key, value } of pairs) {
    writer.utf8(key);
    writer.raw(value);
  }
  return writer.finish();
}

export function packedText(text: Uint8Array): Uint8Array {
  const writer = createWriter(text.length + 5);
  writer.utf8(text);
  return writer.finish();
}

export function packedBytes(bytes: Uint8Array): Uint8Array {
  const writer = createWriter(bytes.length + 5);
  writer.bin(bytes);
  return writer.finish();
}

/** The pairs of a body: its own, or one under `log`; undefined if something in it is malformed. */
export function packedBody(body: Message): Pair[] | undefined {
  const { held, isWhole } = anyValueIn(body);
  if (!isWhole) return undefined;
  if (held !== undefined && 'field' in held && held.kind === 'kvlist') return packedPairs(held);
  const value = packedValue(body);
  return value && [pair('log', value)];
}

/** Undefined if something in them is malformed. */
export function packedPairs(list: List): Pair[] | undefined {
  const found: Pair[] = [];
  let isMalformed = false;
  const isWhole = itemsIn(list, (item) => {
    const { key, value, isWhole: isPair } = pairIn(item);
    const packed = isPair ? packedValue(value) : undefined;
    if (packed === undefined) isMalformed = true;
    else found.push({ key, value: packed });
  });
  return isWhole && !isMalformed ? found : undefined;
}

function packedValue(message: Message | undefined): Uint8Array | undefined {
  const writer = createWriter();
  let depth = 0;
  let isMalformed = false;
  walk(message ?? nothing, {
    key: (bytes) => writer.utf8(bytes),
    scalar(scalar, isWhole) {
      isMalformed ||= !isWhole;
      writeScalar(writer, scalar);
    },
    open(list) {
      if (depth === MAX_FORWARD_DEPTH) {
        writer.bin(list.bytes.subarray(list.start, list.end));
        return false;
      }
      depth++;
      let length = 0;
      itemsIn(list, () => {
        length++;
      });
      if (list.kind === 'array') writer.array(length);
      else writer.map(length);
      return true;
    },
    close(isCut) {
      depth--;
      isMalformed ||= isCut;
    },
  });
  return isMalformed ? undefined : writer.finish();
}

const nothing: Message = { bytes: new Uint8Array(), start: 0, end: 0 };

function writeScalar(writer: Writer, scalar: Scalar): void {
  switch (scalar?.kind) {
    case undefined:
      writer.nil();
      break;
    case 'bool':
      writer.boolean(scalar.value !== 0n);
      break;
    case 'int':
      writer.integer(scalar.value);
      break;
    case 'double':
      writer.float(scalar.value);
      break;
    case 'string':
      writer.utf8(scalar.bytes);
      break;
    case 'bytes':
      writer.bin(scalar.bytes);
      break;
  }
}
