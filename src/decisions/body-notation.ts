/** How keys, texts and scalars are spelled in the bytes of bodies, by notation. */

export interface BodyNotation {
  /** Patterns, one of which stands wherever a key is the given one, or ends in a dot and the given one. */
  keys(key: string): Uint8Array[];
  /** False if such a pattern does not stand in such a key. */
  mayBeKey(bytes: Uint8Array, start: number): boolean;
  /** Same as `keys`, for keys that contain the part alone or next to dots. */
  partsOfKeys(part: string): Uint8Array[];
  /** Bytes that keys and texts contain if they contain the given ASCII text. It has none of `<`, `>` and `&`, which may be
   * escaped. */
  text(text: string): Uint8Array;
  /** Whether a body spells all keys and all ASCII texts as the patterns do. */
  isAsSpelled(body: Buffer): boolean;
  /** Adds the scalar after a key, or those of a list: false for anything else, and for what is not read easily. Its bytes
   * alone need not show whether it was a key: values that are added after something else do no harm. */
  readScalars(bytes: Uint8Array, at: number, end: number, values: unknown[]): boolean;
}

const [QUOTE, BACKSLASH, DOT, COLON, COMMA, OPEN, CLOSE] = Buffer.from('"\\.:,[]');
/** Shorter keys are searched for with what is before them. */
const LONG_KEY = 6;
const [TRUE, FALSE, NULL] = Buffer.from('tfn');
/** Limits of the texts and lists that are read. */
const LONGEST_TEXT = 128;
const MOST_MEMBERS = 16;
/** Digits up to which an integer is exact. */
const MOST_DIGITS = 15;
/** Most escapes that are checked. */
const MOST_ESCAPES = 64;

export const jsonBodies: BodyNotation = {
  keys: (key) => (key.length < LONG_KEY ? ['"', '.'] : ['']).map((before) => Buffer.from(`${before}${key}"`)),
  mayBeKey: (bytes, start) => isEdge(bytes[start]!) || isEdge(bytes[start - 1]!),
  partsOfKeys: (part) => ['"', '.'].flatMap((before) => ['"', '.'].map((after) => Buffer.from(before + part + after))),
  text: (text) => Buffer.from(JSON.stringify(text).slice(1, -1)),
  isAsSpelled(body) {
    if (!body.includes(BACKSLASH!)) return true;
    if (body.includes('\\/')) return false;
    let at = body.indexOf('\\u');
    for (let count = 0; at !== -1; count++) {
      if (count === MOST_ESCAPES || !isHarmless(latin1(body, at + 2, at + 6))) return false;
      at = body.indexOf('\\u', at + 6);
    }
    return true;
  },
  readScalars(bytes, at, end, values) {
    let next = skipBlanks(bytes, at, end);
    // The text is not a key.
    if (bytes[next] !== COLON) return true;
    next = skipBlanks(bytes, next + 1, end);
    if (bytes[next] !== OPEN) return readJsonScalar(bytes, next, end, values) !== -1;
    next = skipBlanks(bytes, next + 1, end);
    if (bytes[next] === CLOSE) return true;
    for (let count = 0; count < MOST_MEMBERS; count++) {
      next = readJsonScalar(bytes, next, end, values);
      if (next === -1) return false;
      next = skipBlanks(bytes, next, end);
      if (bytes[next] === CLOSE) return true;
      if (bytes[next] !== COMMA) return false;
      next = skipBlanks(bytes, next + 1, end);
    }
    return false;
  },
};

/** Whether a byte precedes a key, or the last part of one. */
function isEdge(byte: number): boolean {
  return byte === QUOTE || byte === DOT;
}

/** Whether the four digits of an escape stand for no character of a pattern. Go escapes `<`, `>` and `&` this way. */
function isHarmless(digits: string): boolean {
  const code = Number.parseInt(digits, 16);
  if (code < 0x80) return /^00(?:3c|3e|26)$/.test(digits);
  return code !== 0x130 && code !== 0x17f && code !== 0x212a;
}

function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && bytes[next]! <= 0x20) next++;
  return next;
}

/** Returns where the scalar ends, or -1 for what is not read. */
function readJsonScalar(bytes: Uint8Array, at: number, end: number, values: unknown[]): number {
  switch (bytes[at]) {
    case TRUE:
      values.push(true);
      return at + 4;
    case FALSE:
      values.push(false);
      return at + 5;
    case NULL:
      values.push(null);
      return at + 4;
    case QUOTE: {
      const last = Math.min(end, at + 1 + LONGEST_TEXT);
      for (let next = at + 1; next < last; next++) {
        const byte = bytes[next]!;
        if (byte === QUOTE) {
          values.push(latin1(bytes, at + 1, next));
          return next + 1;
        }
        if (byte === BACKSLASH || byte >= 0x80) return -1;
      }
      return -1;
    }
    default: {
      let next = at;
      while (next < end && isOfNumber(bytes[next]!)) next++;
      if (next === at || next - at > MOST_DIGITS) return -1;
      values.push(Number(latin1(bytes, at, next)));
      return next;
    }
  }
}

function isOfNumber(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

/** In MessagePack, the length precedes a text, on its own or in the byte that marks a text. */
export const msgpackBodies: BodyNotation = {
  keys: (key) => [...headersOf(key), Buffer.from('.')].map((before) => Buffer.concat([before, Buffer.from(key)])),
  mayBeKey: () => true,
  partsOfKeys: (part) => [...msgpackBodies.keys(part), Buffer.from(`${part}.`)],
  text: (text) => Buffer.from(text),
  isAsSpelled: () => true,
  readScalars(bytes, at, end, values) {
    const kind = bytes[at]!;
    if (kind < 0x90 || kind >= 0xa0) return readMsgpackScalar(bytes, at, end, values) !== -1;
    let next = at + 1;
    for (let left = kind & 0x0f; left > 0 && next !== -1; left--) next = readMsgpackScalar(bytes, next, end, values);
    return next !== -1;
  },
};

function headersOf(key: string): Uint8Array[] {
  const { length } = key;
  return length < 32 ? [Uint8Array.of(0xa0 | length), Uint8Array.of(length)] : [Uint8Array.of(length & 0xff)];
}

/** Returns where the scalar ends, or -1 for what is not read. */
function readMsgpackScalar(bytes: Uint8Array, at: number, end: number, values: unknown[]): number {
  const kind = bytes[at];
  if (kind === undefined || at >= end) return -1;
  if (kind < 0x80) values.push(kind);
  else if (kind === 0xc0) values.push(null);
  else if (kind === 0xc2 || kind === 0xc3) values.push(kind === 0xc3);
  else if (kind === 0xcc) return pushed(values, bytes[at + 1], at + 2);
  else if (kind === 0xcd) return pushed(values, (bytes[at + 1]! << 8) | bytes[at + 2]!, at + 3);
  else if (kind >= 0xa0 && kind < 0xc0) return readMsgpackText(bytes, at + 1, at + 1 + (kind & 0x1f), end, values);
  else if (kind === 0xd9) return readMsgpackText(bytes, at + 2, at + 2 + bytes[at + 1]!, end, values);
  else return -1;
  return at + 1;
}

function pushed(values: unknown[], value: unknown, end: number): number {
  values.push(value);
  return end;
}

function readMsgpackText(bytes: Uint8Array, start: number, end: number, last: number, values: unknown[]): number {
  if (end > last || end - start > LONGEST_TEXT) return -1;
  for (let at = start; at < end; at++) if (bytes[at]! >= 0x80) return -1;
  return pushed(values, latin1(bytes, start, end), end);
}
