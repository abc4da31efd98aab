/** Reads booleans, numbers and texts. Kubernetes writes booleans and numbers as JSON does; systems in a pipeline turn them
 * into text, as `"true"`, Python's `"True"` or `"403"`. */

/** A boolean, or the text of one in any case; undefined for anything else. */
export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string' || value.length > 'false'.length) return undefined;
  const text = value.toLowerCase();
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

const DECIMAL = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** The most characters of a number in a log; nobody compares a longer one. */
const MAX_LENGTH = 64;

/** A finite number, or the text of one in decimal without blanks around it; undefined for anything else. An integer beyond
 * 2^53 is approximated. */
export function numberOf(value: unknown): number | undefined {
  const isText = typeof value === 'string' && value.length <= MAX_LENGTH && DECIMAL.test(value);
  if (!isText && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** A text, or the text of a boolean or number that a pipeline may have made of one. Undefined for maps, lists and null. */
export function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}
