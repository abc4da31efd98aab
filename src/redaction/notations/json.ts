/** JSON, as far as it can be read: bare words and keys are scalars, as printed by Fluent Bit. */
import { countValues, endOfString, endOfToken, endOfValue, skipSpace, textOf } from '../../json/scan.ts';
import type { Span } from '../../record.ts';
import {
  checkValues,
  MARKER,
  MASKED_RECORD,
  MAX_DEPTH,
  type Member,
  type Node,
  type Notation,
  type Tree,
} from '../tree.ts';
import { mapOf } from './any-values.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const marker = Buffer.from(JSON.stringify(MARKER));
const map = Buffer.from(JSON.stringify(MASKED_RECORD));
const spanOf = ({ start, end }: Span): Span => ({ start, end });

export const json: Notation = {
  read(bytes, start, end) {
    checkValues(bytes, { start, end }, countValues);
    return new Reader(bytes, end).read(start);
  },
  contentOf(bytes, { start, end }) {
    const raw = bytes.subarray(start + 1, end - 1);
    return raw.includes(BACKSLASH) ? unescaped(raw) : raw;
  },
  editText(bytes, text, ofContent, edits) {
    const offsetIn = offsetsIn(bytes, text);
    for (const { start, end, insert } of ofContent) {
      const spelled = Buffer.from(JSON.stringify(Buffer.from(insert).toString()).slice(1, -1));
      edits.push({ start: offsetIn(start), end: offsetIn(end), insert: spelled });
    }
  },
  write: { marker, null: Buffer.from('null') },
  whole: (_, record) =>
    record.kind === 'map' ? { ...record.map, insert: map } : { ...spanOf(record), insert: marker },
};

class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at = 0;
  #isCut = false;

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  read(start: number): Tree {
    this.#at = start;
    const root = this.#value(0);
    return { root, end: this.#at, isCut: this.#isCut };
  }

  /** Stops reading: nothing that follows is read. */
  #break(): void {
    this.#isCut = true;
    this.#at = this.#end;
  }

  #value(depth: number): Node {
    const start = this.#at;
    const first = this.#bytes[start];
    if (first === QUOTE) {
      const end = endOfString(this.#bytes, start, this.#end);
      if (end === -1) this.#break();
      else this.#at = end;
      return { kind: 'text', start, end: this.#at };
    }
    if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      if (depth === MAX_DEPTH) return this.#skip();
      return first === OPEN_BRACE ? this.#map(depth) : this.#list(depth);
    }
    const end = endOfToken(this.#bytes, start, this.#end);
    if (end === start) this.#break();
    else this.#at = end;
    const isNull = textOf(this.#bytes, start, end) === 'null';
    return { kind: isNull ? 'null' : 'scalar', start, end: this.#at };
  }

  #skip(): Node {
    const start = this.#at;
    const end = endOfValue(this.#bytes, start, this.#end, 0);
    if (typeof end === 'number') this.#at = end;
    else this.#break();
    return { kind: 'opaque', start, end: this.#at };
  }

  #map(depth: number): Node {
    const start = this.#at;
    const members: Member[] = [];
    this.#each(CLOSE_BRACE, () => {
      const key = this.#key();
      if (key !== undefined) members.push({ key, value: this.#value(depth + 1) });
    });
    return mapOf({ start, end: this.#at }, members, this.#textOf);
  }

  #textOf = (text: Node): string => Buffer.from(json.contentOf(this.#bytes, text)).toString();

  #list(depth: number): Node {
    const start = this.#at;
    const items: Node[] = [];
    this.#each(CLOSE_BRACKET, () => items.push(this.#value(depth + 1)));
    return { kind: 'list', start, end: this.#at, items };
  }

  /** Reads the comma-separated items between two brackets. */
  #each(close: number, read: () => void): void {
    this.#at = skipSpace(this.#bytes, this.#at + 1, this.#end);
    while (this.#at < this.#end && this.#bytes[this.#at] !== close) {
      read();
      if (this.#isCut) return;
      this.#at = skipSpace(this.#bytes, this.#at, this.#end);
      if (this.#bytes[this.#at] === COMMA) this.#at = skipSpace(this.#bytes, this.#at + 1, this.#end);
      else if (this.#bytes[this.#at] !== close) break;
    }
    if (this.#bytes[this.#at] === close && this.#at < this.#end) this.#at++;
    else this.#break();
  }

  #key(): string | undefined {
    const start = this.#at;
    const isQuoted = this.#bytes[start] === QUOTE;
    const end = isQuoted ? endOfString(this.#bytes, start, this.#end) : endOfToken(this.#bytes, start, this.#end);
    const colon = end === -1 ? this.#end : skipSpace(this.#bytes, end, this.#end);
    if (colon >= this.#end || this.#bytes[colon] !== COLON) {
      this.#break();
      return undefined;
    }
    this.#at = skipSpace(this.#bytes, colon + 1, this.#end);
    if (!isQuoted) return textOf(this.#bytes, start, end);
    return this.#textOf({ kind: 'text', start, end });
  }
}

const escapes: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9 };

/** What an escape stands for, and where it ends; `\x12` is Fluent Bit's. Half of a surrogate pair is U+FFFD. */
function escapeAt(raw: Uint8Array, at: number): { spelled: Uint8Array; end: number } {
  const letter = String.fromCharCode(raw[at + 1] ?? BACKSLASH);
  const hex = (start: number, digits: number) => {
    const text = Buffer.from(raw.subarray(start, start + digits)).toString('latin1');
    return text.length === digits && /^[0-9a-fA-F]+$/.test(text) ? Number.parseInt(text, 16) : undefined;
  };
  if (letter === 'u' || letter === 'x') {
    const digits = letter === 'u' ? 4 : 2;
    const code = hex(at + 2, digits);
    if (code !== undefined) {
      const end = at + 2 + digits;
      const isHigh = code >= 0xd800 && code < 0xdc00 && raw[end] === BACKSLASH && raw[end + 1] === 0x75;
      const low = isHigh ? hex(end + 2, 4) : undefined;
      const isPair = low !== undefined && low >= 0xdc00 && low < 0xe000;
      const text = isPair ? String.fromCharCode(code, low) : String.fromCharCode(code);
      return { spelled: Buffer.from(text), end: isPair ? end + 6 : end };
    }
  }
  return { spelled: Uint8Array.of(escapes[letter] ?? letter.charCodeAt(0)), end: Math.min(at + 2, raw.length) };
}

function unescaped(raw: Uint8Array): Uint8Array {
  const content = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; ) {
    if (raw[at] !== BACKSLASH) {
      content[length++] = raw[at++]!;
      continue;
    }
    const { spelled, end } = escapeAt(raw, at);
    content.set(spelled, length);
    length += spelled.length;
    at = end;
  }
  return content.subarray(0, length);
}

/** Maps an offset in the content of a string to one in the bytes; call it in ascending order. */
function offsetsIn(bytes: Uint8Array, { start, end }: Span): (offset: number) => number {
  const raw = bytes.subarray(start + 1, end - 1);
  let at = 0;
  let said = 0;
  return (offset) => {
    while (said < offset) {
      if (raw[at] === BACKSLASH) {
        const { spelled, end } = escapeAt(raw, at);
        said += spelled.length;
        at = end;
      } else {
        said++;
        at++;
      }
    }
    return start + 1 + at;
  };
}
