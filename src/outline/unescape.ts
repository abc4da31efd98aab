/** Unescapes the texts of JSON strings, as bytes. */
import { BACKSLASH, QUOTE } from './json-syntax.ts';

const escaped = new Uint8Array(256);
for (const [letter, byte] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, '"': 34, '/': 47, '\\': 92 })) {
  escaped[letter.charCodeAt(0)] = byte;
}
const LETTER_U = 0x75;

/** A buffer that texts are written into, one after another, as UTF-8. */
export class Unescaped {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes that are written. */
  length = 0;

  /** @param size space for all texts: none is longer than its spelling */
  constructor(size: number) {
    // Four bytes are written at a time.
    this.bytes = Buffer.allocUnsafeSlow(size + 4);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  /** Writes the text of the string that opens at `start`. Returns the offset after its closing quote, or -1 if it is not a
   * valid string, or holds half of a surrogate pair. */
  add(bytes: Uint8Array, view: DataView, start: number): number {
    const target = this.bytes;
    const targetView = this.view;
    const end = bytes.length;
    const lastWord = end - 4;
    let at = start + 1;
    let to = this.length;
    while (at < end) {
      if (at <= lastWord) {
        const word = view.getInt32(at, true);
        const other = word ^ 0x5c5c5c5c;
        // As in skipString: no quote, no backslash, nothing below. What is written beyond the first mark is overwritten.
        const marks = (((word - 0x23232323) & ~word) | ((other - 0x01010101) & ~other)) & 0x80808080;
        targetView.setInt32(to, word, true);
        if (marks === 0) {
          at += 4;
          to += 4;
          continue;
        }
        const plain = (31 - Math.clz32(marks & -marks)) >> 3;
        at += plain;
        to += plain;
      }
      const byte = bytes[at]!;
      if (byte !== BACKSLASH) {
        if (byte === QUOTE) {
          this.length = to;
          return at + 1;
        }
        if (byte < 0x20) return -1;
        target[to++] = byte;
        at++;
        continue;
      }
      const letter = at + 1 < end ? bytes[at + 1]! : 0;
      if (letter !== LETTER_U) {
        const plain = escaped[letter]!;
        if (plain === 0) return -1;
        target[to++] = plain;
        at += 2;
        continue;
      }
      let code = hexAt(bytes, at + 2);
      at += 6;
      if (code >= 0xd800 && code < 0xe000) {
        const isPair = code < 0xdc00 && at + 1 < end && bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U;
        const low = isPair ? hexAt(bytes, at + 2) : -1;
        if (low < 0xdc00 || low >= 0xe000) return -1;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
      if (code === -1) return -1;
      to = writeUtf8(target, to, code);
    }
    return -1;
  }
}

/** The number that four hexadecimal digits spell, -1 for others. */
function hexAt(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) return -1;
  let code = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index]!;
    const letter = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) code = code * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) code = code * 16 + letter - 0x57;
    else return -1;
  }
  return code;
}

function writeUtf8(target: Uint8Array, to: number, code: number): number {
  if (code < 0x80) {
    target[to] = code;
    return to + 1;
  }
  const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  const lead = more === 1 ? 0xc0 : more === 2 ? 0xe0 : 0xf0;
  target[to] = lead | (code >> (6 * more));
  for (let index = 1; index <= more; index++) target[to + index] = 0x80 | ((code >> (6 * (more - index))) & 0x3f);
  return to + more + 1;
}
