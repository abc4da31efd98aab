/** Takes the text of a JSON string out of its escapes, as bytes. */
import { BACKSLASH } from './json-syntax.ts';

const escaped = new Uint8Array(128);
for (const [letter, byte] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, '"': 34, '/': 47, '\\': 92 })) {
  escaped[letter.charCodeAt(0)] = byte;
}

/** Writes the text between the quotes of a valid JSON string, as UTF-8. Returns how many bytes it takes, no more than its
 * spelling, or -1 for half of a surrogate pair.
 * @param target with room for as many bytes as the spelling has */
export function unescapeTo(target: Uint8Array, to: number, bytes: Uint8Array, start: number, end: number): number {
  let out = to;
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      target[out++] = byte;
      at++;
      continue;
    }
    const letter = bytes[at + 1]!;
    if (letter !== 0x75) {
      target[out++] = escaped[letter]!;
      at += 2;
      continue;
    }
    let code = hexAt(bytes, at + 2);
    at += 6;
    if (code >= 0xd800 && code < 0xe000) {
      const low =
        code < 0xdc00 && at + 6 <= end && bytes[at] === BACKSLASH && bytes[at + 1] === 0x75 ? hexAt(bytes, at + 2) : 0;
      if (low < 0xdc00 || low >= 0xe000) return -1;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
    out = writeUtf8(target, out, code);
  }
  return out - to;
}

function hexAt(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index]!;
    code = code * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
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
