/** The answers that a look-up in an event gives. */
import type { Found } from '../sigma/field.ts';

/** No value: unknown if there is a gap, absent if there is none. */
export function missing(gap: string | undefined): Found {
  return { values: [], ...gapOf(gap) };
}

/** Values that make one list. */
export function listed(values: readonly unknown[], gap: string | undefined): Found {
  return { values, places: [values], ...gapOf(gap) };
}

/** The member of an answer that says why there may be more. */
export function gapOf(gap: string | undefined): { gap?: string } {
  return gap === undefined ? {} : { gap };
}

/** Several answers as one: all values, and the first gap. */
export function joined(all: readonly Found[]): Found {
  const some = all.filter(({ values, places, gap }) => values.length > 0 || places !== undefined || gap !== undefined);
  if (some.length < 2) return some[0] ?? missing(undefined);
  const values = some.flatMap(({ values }) => values);
  const places = some.flatMap(({ values, places }) => places ?? values);
  return { values, places, ...gapOf(some.find(({ gap }) => gap !== undefined)?.gap) };
}
