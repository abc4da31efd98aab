/** Finds the values under a field name in nested data. */
import { CUT, isMap, type JsonMap } from '../json/map.ts';
import type { Found } from './field.ts';

/** Every value under a dotted path. Where keys have dots in them, the shortest comes first (`a`, then `a.b`, then `a.b.c`)
 * and the first way that leads to a value counts: a client can put any key into a patch, and kube-apiserver drops the
 * ones it does not know, so that a key `spec.hostPID` must not hide what stands in `spec`. Lists are crossed member by member, at the end of the path as
 * well; a member that is null counts as present. A map with CUT that lacks the key makes a gap, as does a list that was
 * open where the data was cut.
 * @param outer `split` if the value is part of a split entry, which its own marks need not say */
export function walk(value: unknown, path: string, outer?: 'split'): Found {
  const search: Search = { values: [], places: undefined, gap: undefined };
  descend(value, path, outer, search);
  const { values, places, gap } = search;
  return { values, ...(places !== undefined && { places }), ...(gap !== undefined && { gap }) };
}

/** A value as if a name had led to it. */
export function foundAt(value: unknown): Found {
  return Array.isArray(value) ? { values: flat(value), places: [value] } : { values: [value] };
}

/** Every text, number and key in a value. A map with CUT makes a gap. */
export function words(value: unknown): Found {
  const values: unknown[] = [];
  let gap: string | undefined;
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (Array.isArray(next)) {
      for (let index = next.length - 1; index >= 0; index--) stack.push(next[index]);
    } else if (isMap(next)) {
      gap ??= next[CUT];
      for (const [key, inner] of Object.entries(next).reverse()) stack.push(inner, key);
    } else if (typeof next === 'string' || typeof next === 'number' || typeof next === 'bigint') {
      values.push(next);
    }
  }
  return gap === undefined ? { values } : { values, gap };
}

interface Search {
  values: unknown[];
  /** Undefined until a list is taken apart. */
  places: unknown[] | undefined;
  gap: string | undefined;
}

/** Each map is met once at most, as only one way of cutting the path leads to it: the work is bounded by the data. */
function descend(value: unknown, path: string, outer: 'split' | undefined, search: Search): boolean {
  let found = false;
  for (const map of flat(value)) {
    if (!isMap(map)) continue;
    // Of a split entry any map may be spread over the parts, those inside as well.
    const cut = map[CUT] ?? outer;
    const split = cut === 'split' ? cut : undefined;
    let hasKey = false;
    let isHere = false;
    for (let dot = path.indexOf('.', 1); dot !== -1 && !isHere; dot = path.indexOf('.', dot + 1)) {
      const key = path.slice(0, dot);
      if (!Object.hasOwn(map, key)) continue;
      hasKey = true;
      noteOpenList(map, key, cut, search);
      isHere = descend(map[key], path.slice(dot + 1), split, search);
    }
    if (!isHere && Object.hasOwn(map, path)) {
      hasKey = isHere = true;
      noteOpenList(map, path, cut, search);
      const place = map[path];
      if (Array.isArray(place)) search.places ??= [...search.values];
      search.places?.push(place);
      for (const each of flat(place)) {
        search.values.push(each);
        if (isMap(each) && each[CUT] === 'too_deep') search.gap ??= 'too_deep';
      }
    }
    if (isHere) found = true;
    if (!hasKey && cut !== undefined) search.gap ??= cut;
  }
  return found;
}

/** A list has no place for the mark: it was open if it is the last member of a map that was. */
function noteOpenList(map: JsonMap, key: string, cut: string | undefined, search: Search): void {
  if (cut === undefined || !Array.isArray(map[key])) return;
  if (cut === 'split' || (cut === 'cut' && Object.keys(map).at(-1) === key)) search.gap ??= cut;
}

/** The members of nested lists in order, or the value itself; with a stack of its own, as input may nest deep. */
function flat(value: unknown): unknown[] {
  if (!Array.isArray(value)) return [value];
  const values: unknown[] = [];
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (!Array.isArray(next)) values.push(next);
    else for (let index = next.length - 1; index >= 0; index--) stack.push(next[index]);
  }
  return values;
}
