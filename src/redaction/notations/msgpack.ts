/** MessagePack. A bin is treated as text. */
import { logEventAt } from '../../codecs/fluent/log-event.ts';
import { encode } from '../../msgpack/encode.ts';
import { countValues, endOfValue, type Header, headerAt } from '../../msgpack/scan.ts';
import { checkValues, MARKER, MASKED_RECORD, MAX_DEPTH, type Member, type Node, type Notation } from '../tree.ts';
import { mapOf } from './any-values.ts';

const NIL = 0xc0;

export const msgpack: Notation = {
  read(bytes, start, end) {
    const after = endOfValue(bytes, start, end);
    // A container may hold less than its header promises.
    if (typeof after !== 'number') return { root: { kind: 'opaque', start, end }, end, isCut: true };
    checkValues(bytes, { start, end: after }, countValues);
    return { root: new Reader(bytes, after).value(start, 0), end: after, isCut: false };
  },
  contentOf(bytes, { start, end }) {
    return bytes.subarray(headerAt(bytes, start, end)!.end, end);
  },
  editText(bytes, { start, end }, ofContent, edits) {
    const { kind, end: from, length } = headerAt(bytes, start, end)!;
    const grown = ofContent.reduce((sum, edit) => sum + edit.insert.length - (edit.end - edit.start), length);
    edits.push({ start, end: from, insert: textHeader(kind, grown) });
    for (const edit of ofContent) edits.push({ ...edit, start: from + edit.start, end: from + edit.end });
  },
  write: { marker: encode(MARKER), null: Uint8Array.of(NIL) },
  whole(bytes, record) {
    const { start, end } = record;
    switch (record.kind) {
      case 'map':
        return { ...record.map, insert: encode(MASKED_RECORD) };
      case 'other':
        return { start, end, insert: encode(MARKER) };
      case 'group': {
        const { time } = logEventAt(bytes, record)!;
        const marker = [Uint8Array.of(0x92, 0x92), bytes.subarray(time.start, time.end), Uint8Array.of(0x80, 0x80)];
        return { start, end, insert: Buffer.concat(marker) };
      }
    }
  },
};

class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  value(start: number, depth: number): Node {
    const header = headerAt(this.#bytes, start, this.#end);
    const isContainer = header?.kind === 'map' || header?.kind === 'array';
    if (isContainer && depth < MAX_DEPTH) return this.#container(header, start, depth);
    const end = endOfValue(this.#bytes, start, this.#end) as number;
    if (isContainer) return { kind: 'opaque', start, end };
    if (header !== undefined) return { kind: 'text', start, end };
    return { kind: this.#bytes[start] === NIL ? 'null' : 'scalar', start, end };
  }

  #textOf = (text: Node): string => Buffer.from(msgpack.contentOf(this.#bytes, text)).toString();

  #container({ kind, length, end: from }: Header, start: number, depth: number): Node {
    let at = from;
    const next = () => {
      const node = this.value(at, depth + 1);
      at = node.end;
      return node;
    };
    if (kind === 'array') {
      const items = Array.from({ length }, next);
      return { kind: 'list', start, end: at, items };
    }
    const members: Member[] = [];
    for (let i = 0; i < length; i++) {
      const key = next();
      members.push({ key: key.kind === 'text' ? this.#textOf(key) : '', value: next() });
    }
    return mapOf({ start, end: at }, members, this.#textOf);
  }
}

const strTypes = [0xd9, 0xda, 0xdb] as const;
const binTypes = [0xc4, 0xc5, 0xc6] as const;

function textHeader(kind: Header['kind'], length: number): Uint8Array {
  if (kind === 'str' && length < 32) return Uint8Array.of(0xa0 | length);
  const [type8, type16, type32] = kind === 'str' ? strTypes : binTypes;
  if (length <= 0xff) return Uint8Array.of(type8, length);
  if (length <= 0xffff) return Uint8Array.of(type16, length >> 8, length & 0xff);
  const header = Buffer.from([type32, 0, 0, 0, 0]);
  header.writeUInt32BE(length, 1);
  return header;
}
