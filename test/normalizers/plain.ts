/** The result of normalize as plain JSON: the mark of a truncated map as its member `(cut)`, a problem as its code and text. */
import { CUT, isMap, type JsonMap } from '../../src/json/map.ts';
import { Problem } from '../../src/problem.ts';

export function plain(value: unknown): unknown {
  if (value instanceof Problem) return { code: value.code, message: value.message };
  if (Array.isArray(value)) return value.map(plain);
  if (!isMap(value)) return value;
  const entries = Object.entries(value as JsonMap).map(([key, each]) => [key, plain(each)]);
  const mark = value[CUT];
  return Object.fromEntries(mark === undefined ? entries : [...entries, ['(cut)', mark]]);
}
