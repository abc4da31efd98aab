/** JSON in which integers stay exact: beyond 2^53 they are bigints.
 * @see https://github.com/tc39/proposal-json-parse-with-source */

/** An integer beyond 2^53 has at least as many digits; most texts hold no such run, and are read without a second look. */
const LONG_DIGITS = /\d{16}/;
/** As many digits as 64 bits can need; what is longer is a number like any other, and BigInt would be slow on it. */
const INTEGER = /^-?\d{1,20}$/;

/** The value of a JSON text, in which an integer beyond 2^53 is a bigint.
 * @throws SyntaxError as JSON.parse does */
export function parseExactly(text: string): unknown {
  return LONG_DIGITS.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
}

function exactInteger(_key: string, value: unknown, { source }: { source?: string } = {}): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !INTEGER.test(source ?? '')) return value;
  return BigInt(source as string);
}

/** In Node since 21, and not yet in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** The JSON text of a value, in which a bigint is a number with all its digits. */
export function stringifyExactly(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? rawJSON(String(item)) : item));
}
