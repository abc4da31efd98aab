/** Looks for many short texts at once, in time that hardly grows with their number. */

/** Characters of a needle by which it is looked up. */
const SIZE = 3;
/** Slots for each needle: so many that few characters of other texts lead to one that is not empty. */
const SLOTS_PER_NEEDLE = 64;
/** Longer texts are not searched. */
const LONGEST = 256 * 1024;

const BACKSLASH = 0x5c;
/** Stands for a character that is not ASCII: no needle has it. */
const OTHER = 0x80;

/** Bytes as they are compared; 0 for those that `foldOdd` has to look at. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= OTHER) return byte === 0xc4 || byte === 0xc5 || byte === 0xe2 ? 0 : OTHER;
  return String.fromCharCode(byte).toLowerCase().charCodeAt(0);
});
const FOLDED_JSON = FOLDED.map((folded, byte) => (byte === BACKSLASH ? 0 : folded));

interface Entry {
  needle: number;
  bytes: Uint8Array;
  /** Offset in the needle of the characters by which it is looked up. */
  at: number;
}

export class NeedleSearch {
  /** Bits of a hash that are not part of a slot's number. */
  readonly #shift: number;
  /** A bit for each slot that has entries. */
  readonly #taken: Int32Array;
  readonly #entries = new Map<number, Entry[]>();
  #text = new Uint8Array(4096);
  /** Offsets in the text after characters that lead to entries. */
  #hits = new Int32Array(4096);

  /** @param needles ASCII, folded, of three characters or more */
  constructor(needles: readonly string[]) {
    const bits = Math.ceil(Math.log2(Math.max(32, needles.length * SLOTS_PER_NEEDLE)));
    this.#shift = 32 - bits;
    this.#taken = new Int32Array(2 ** bits / 32);
    for (const [needle, text] of needles.entries()) this.#add(needle, Buffer.from(text));
  }

  /** Calls `found` with the number of each needle that a text contains, once or more, until that returns true. Returns false
   * if the needles cannot be determined: for texts that are too long, or contain a character that is ASCII when folded.
   * @param isJson whether the bytes are those of JSON, in which strings have escapes */
  find(bytes: Uint8Array, start: number, end: number, isJson: boolean, found: (needle: number) => boolean): boolean {
    if (end - start > LONGEST) return false;
    if (end - start > this.#text.length) {
      this.#text = new Uint8Array(2 * (end - start));
      this.#hits = new Int32Array(this.#text.length);
    }
    const folded = isJson ? FOLDED_JSON : FOLDED;
    const text = this.#text;
    const hits = this.#hits;
    const taken = this.#taken;
    const shift = this.#shift;
    let length = 0;
    let count = 0;
    let window = 0;
    for (let at = start; at < end; at++) {
      let byte = folded[bytes[at]!]!;
      if (byte === 0) {
        const odd = foldOdd(bytes, at);
        if (odd === -1) return false;
        byte = odd & 0xff;
        at += odd >> 8;
      }
      text[length++] = byte;
      window = (window << 8) | byte;
      const slot = slotOf(window, shift);
      if ((taken[slot >> 5]! & (1 << slot)) !== 0) hits[count++] = length;
    }
    for (let hit = 0; hit < count; hit++) {
      const first = hits[hit]! - SIZE;
      if (first < 0) continue;
      const slot = slotOf((text[first]! << 16) | (text[first + 1]! << 8) | text[first + 2]!, shift);
      for (const { needle, bytes: looked, at } of this.#entries.get(slot)!) {
        if (standsAt(text, first - at, length, looked) && found(needle)) return true;
      }
    }
    return true;
  }

  /** Adds a needle under the characters that lead to the slot with the fewest entries, and of these under the rarest. */
  #add(needle: number, bytes: Uint8Array): void {
    let best = 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (let at = 0; at + SIZE <= bytes.length; at++) {
      const others = this.#entries.get(this.#slotAt(bytes, at))?.length ?? 0;
      const count = others + commonness(bytes, at) / 1000;
      if (count < fewest) [best, fewest] = [at, count];
    }
    const slot = this.#slotAt(bytes, best);
    const entries = this.#entries.get(slot);
    if (entries === undefined) this.#entries.set(slot, [{ needle, bytes, at: best }]);
    else entries.push({ needle, bytes, at: best });
    this.#taken[slot >> 5]! |= 1 << (slot & 31);
  }

  #slotAt(bytes: Uint8Array, at: number): number {
    return slotOf((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!, this.#shift);
  }
}

/** Letters of English, the rarest first. */
const RARE_FIRST = 'zqjxkvbpygfwmucldrhsnioate';

/** How common three characters are in texts, less than 100: more with each letter that is frequent. */
function commonness(bytes: Uint8Array, start: number): number {
  let sum = 0;
  for (let at = start; at < start + SIZE; at++) sum += RARE_FIRST.indexOf(String.fromCharCode(bytes[at]!)) + 1;
  return sum;
}

/** The slot of the last three bytes of a window. */
function slotOf(window: number, shift: number): number {
  return Math.imul(window << 8, 0x2c1b3c6d) >>> shift;
}

function standsAt(text: Uint8Array, start: number, length: number, needle: Uint8Array): boolean {
  if (start < 0 || start + needle.length > length) return false;
  for (let index = 0; index < needle.length; index++) if (text[start + index] !== needle[index]) return false;
  return true;
}

/** By the byte after a backslash, the byte that the character is compared as. */
const ESCAPES = new Uint8Array(256).fill(OTHER);
for (const [index, name] of [...'"\\/bfnrt'].entries()) {
  ESCAPES[name.charCodeAt(0)] = '"\\/\b\f\n\r\t'.charCodeAt(index);
}
const UNICODE = 0x75;

/** Folds an escape, or the character that a byte begins. Returns what it is compared as and, shifted by eight bits, how many
 * bytes it has beyond the first; -1 if a character that is not ASCII may be folded to ASCII. */
function foldOdd(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first === BACKSLASH) {
    const isSpelled = bytes[at + 1] === UNICODE;
    const code = isSpelled
      ? Number.parseInt(String.fromCharCode(...bytes.subarray(at + 2, at + 6)), 16)
      : ESCAPES[bytes[at + 1]!]!;
    if (foldsToAscii(code)) return -1;
    return ((isSpelled ? 5 : 1) << 8) | (code < OTHER ? FOLDED[code]! : OTHER);
  }
  const second = bytes[at + 1]!;
  if (first === 0xc4 && second === 0xb0) return -1;
  if (first === 0xc5 && second === 0xbf) return -1;
  if (first === 0xe2 && second === 0x84 && bytes[at + 2] === 0xaa) return -1;
  return first === 0 ? 0 : OTHER;
}

function foldsToAscii(code: number): boolean {
  return code === 0x130 || code === 0x17f || code === 0x212a;
}
