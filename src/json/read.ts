/** Reads a JSON value of which only the bounds are known. */
import { pruneDeep } from './depth.ts';
import { parseExactly } from './exact.ts';
import { salvage } from './salvage.ts';
import { nestsDeeper, textOf } from './scan.ts';

/** The value in a range that endOfValue has delimited, as JSON.parse reads it or, if that fails, as far as it can be read.
 * Below `maxDepth` levels is the mark `too_deep`. */
export function readValue(bytes: Uint8Array, start: number, end: number, limits: { maxDepth: number }): unknown {
  const text = textOf(bytes, start, end);
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    return salvage(text, limits).value;
  }
  return nestsDeeper(bytes, start, end, limits.maxDepth) ? pruneDeep(value, limits.maxDepth) : value;
}
