/** Looks for many short texts at once, in time that hardly grows with their number. */

/** A needle is looked for by as many of its characters. */
const SIZE = 3;
/** Slots for each needle: few characters of other texts lead to one that is not empty. */
const SLOTS_PER_NEEDLE = 64;
/** Longer texts are not searched. */
const LONGEST = 256 * 1024;

const BACKSLASH = 0x5c;
/** Stands for a character that is not ASCII: no needle has it. */
const OTHER = 0x80;

/** Bytes as they are compared; 0 for those that have to be looked at. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= OTHER) return byte === 0xc4 || byte === 0xc5 || byte === 0xe2 ? 0 : OTHER;
  return String.fromCharCode(byte).toLowerCase().charCodeAt(0);
});
const FOLDED_JSON = FOLDED.map((folded, byte) => (byte === BACKSLASH ? 0 : folded));

interface Entry {
  needle: number;
  bytes: Uint8Array;
  /** Where in the needle the characters stand by which it is looked for. */
  at: number;
}

export class NeedleSearch {
  readonly #mask: number;
  /** A bit for each slot that has entries. */
  readonly #taken: Int32Array;
  readonly #entries = new Map<number, Entry[]>();
  #text = new Uint8Array(4096);

  /** @param needles ASCII, folded, of three characters or more */
  constructor(needles: readonly string[]) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(32, needles.length * SLOTS_PER_NEEDLE)));
    this.#mask = slots - 1;
    this.#taken = new Int32Array(slots / 32);
    for (const [needle, text] of needles.entries()) this.#add(needle, Buffer.from(text));
  }

  /** Calls with the number of each needle that stands in a text, once or more, until it is answered with true. Returns false
   * where that cannot be said: of texts that are too long, or hold a character that is ASCII when it is folded.
   * @param isJson whether the bytes are those of JSON, in which strings have escapes */
  find(bytes: Uint8Array, start: number, end: number, isJson: boolean, found: (needle: number) => boolean): boolean {
    if (end - start > LONGEST) return false;
    if (end - start > this.#text.length) this.#text = new Uint8Array(2 * (end - start));
    const length = isJson
      ? foldInto(this.#text, bytes, start, end, FOLDED_JSON)
      : foldInto(this.#text, bytes, start, end, FOLDED);
    if (length === -1) return false;
    const text = this.#text;
    const taken = this.#taken;
    const mask = this.#mask;
    let window = 0;
    for (let at = 0; at < length; at++) {
      window = ((window << 8) | text[at]!) & 0xffffff;
      const slot = slotOf(window, mask);
      if (((taken[slot >> 5]! >>> (slot & 31)) & 1) === 1) {
        for (const entry of this.#entries.get(slot)!) {
          if (standsAt(text, at - (SIZE - 1) - entry.at, length, entry.bytes) && found(entry.needle)) return true;
        }
      }
    }
    return true;
  }

  /** Under those of its characters that lead to the slot with the fewest entries. */
  #add(needle: number, bytes: Uint8Array): void {
    let best = 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (let at = 0; at + SIZE <= bytes.length && fewest > 0; at++) {
      const count = this.#entries.get(this.#slotAt(bytes, at))?.length ?? 0;
      if (count < fewest) [best, fewest] = [at, count];
    }
    const slot = this.#slotAt(bytes, best);
    const entries = this.#entries.get(slot);
    if (entries === undefined) this.#entries.set(slot, [{ needle, bytes, at: best }]);
    else entries.push({ needle, bytes, at: best });
    this.#taken[slot >> 5]! |= 1 << (slot & 31);
  }

  #slotAt(bytes: Uint8Array, at: number): number {
    return slotOf((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!, this.#mask);
  }
}

function slotOf(window: number, mask: number): number {
  const hash = Math.imul(window, 0x2c1b3c6d);
  return (hash ^ (hash >>> 15)) & mask;
}

function standsAt(text: Uint8Array, start: number, length: number, needle: Uint8Array): boolean {
  if (start < 0 || start + needle.length > length) return false;
  for (let index = 0; index < needle.length; index++) if (text[start + index] !== needle[index]) return false;
  return true;
}

const ESCAPES = new Map(
  [...'"\\/bfnrt'].map((name, index) => [name.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
);
const UNICODE = 0x75;

/** Writes text without its case and its escapes. Returns its length, or -1 where what is not ASCII may be folded to ASCII. */
function foldInto(into: Uint8Array, bytes: Uint8Array, start: number, end: number, folded: Uint8Array): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = folded[bytes[at]!]!;
    if (byte !== 0) {
      into[length++] = byte;
      continue;
    }
    const first = bytes[at]!;
    if (first === BACKSLASH) {
      at++;
      let code = ESCAPES.get(bytes[at]!) ?? OTHER;
      if (bytes[at] === UNICODE) {
        code = Number.parseInt(String.fromCharCode(...bytes.subarray(at + 1, at + 5)), 16);
        at += 4;
      }
      if (foldsToAscii(code)) return -1;
      into[length++] = code < OTHER ? FOLDED[code]! : OTHER;
    } else {
      const second = bytes[at + 1]!;
      if (first === 0xc4 && second === 0xb0) return -1;
      if (first === 0xc5 && second === 0xbf) return -1;
      if (first === 0xe2 && second === 0x84 && bytes[at + 2] === 0xaa) return -1;
      into[length++] = first === 0 ? 0 : OTHER;
    }
  }
  return length;
}

function foldsToAscii(code: number): boolean {
  return code === 0x130 || code === 0x17f || code === 0x212a;
}
