/** Reads a JSON value of which only the ends are known. */
import { Problem } from '../problem.ts';
import { parseExactly } from './exact.ts';
import { salvage } from './salvage.ts';
import { nestsDeeper, textOf } from './scan.ts';

/** The value in a range that endOfValue has delimited, as JSON.parse reads it, or, where that fails, as far as it can be
 * read.
 * @throws Problem `record.too_deep` */
export function readValue(bytes: Uint8Array, start: number, end: number, limits: { maxDepth: number }): unknown {
  if (nestsDeeper(bytes, start, end, limits.maxDepth)) {
    throw new Problem('record.too_deep', `byte ${start}: more than ${limits.maxDepth} levels of nesting`);
  }
  const text = textOf(bytes, start, end);
  try {
    return parseExactly(text);
  } catch {
    return salvage(text, limits).value;
  }
}
