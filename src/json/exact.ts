/** JSON in which integers stay exact: beyond 2^53 they are bigints.
 * @see https://github.com/tc39/proposal-json-parse-with-source */

/** An integer beyond 2^53 has at least as many digits; most texts hold no such run, and are read without a second look. */
const LONG_DIGITS = 16;
/** As many digits as 64 bits can need; anything longer is an ordinary number, and BigInt would be slow on it. */
const INTEGER = /^-?\d{1,20}$/;

/** The value of a JSON text, in which an integer beyond 2^53 is a bigint.
 * @throws SyntaxError as JSON.parse does */
export function parseExactly(text: string): unknown {
  return hasLongDigits(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
}

/** Whether that many digits occur in a row: one of them is then at a position divisible by 16, counted from 1. */
function hasLongDigits(text: string): boolean {
  for (let at = LONG_DIGITS - 1; at < text.length; at += LONG_DIGITS) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let start = at;
    while (start > 0 && at - start < LONG_DIGITS - 1 && isDigit(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (end - start < LONG_DIGITS && isDigit(text.charCodeAt(end))) end++;
    if (end - start >= LONG_DIGITS) return true;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function exactInteger(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !INTEGER.test(source ?? '')) return value;
  return BigInt(source as string);
}

/** In Node since 21, and not yet in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** The JSON text of a value, in which a bigint is a number with all its digits. */
export function stringifyExactly(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // Most values hold no bigint, which JSON.stringify refuses, and a replacer makes it five times as slow.
    return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? rawJSON(String(item)) : item));
  }
}
