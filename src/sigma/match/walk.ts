/** Finds the values under a field name in nested data. */
import { CUT, isMap, type JsonMap } from '../../json/map.ts';
import type { Found, JoinedText } from '../field.ts';
import { type Path, pathOf } from './path.ts';
import { fold } from './pattern.ts';

/** Every value under a dotted path. If keys contain dots, the shortest comes first (`a`, then `a.b`, then `a.b.c`) and the
 * first cut that leads to a value counts: a client can put any key into a patch, and kube-apiserver drops the ones it does
 * not know, so a key `spec.hostPID` must not hide what is in `spec`. Lists are crossed member by member, also at the end of
 * the path; a member that is null counts as present. A map with CUT that lacks the key makes a gap, as does a list that was
 * open where the data was cut.
 * @param outer `split` if the value is part of a split entry, which its own marks need not say */
export function walk(value: unknown, name: string, outer?: 'split'): Found {
  const search: Search = { values: undefined, places: undefined, gap: undefined };
  descend(value, pathOf(name), outer, search);
  const { values, places, gap } = search;
  if (gap !== undefined) return places === undefined ? { values: values ?? [], gap } : { values: values!, places, gap };
  if (values === undefined) return ABSENT;
  return places === undefined ? { values } : { values, places };
}

const ABSENT: Found = { values: Object.freeze([]) };

/** A value as if a name had led to it. */
export function foundAt(value: unknown): Found {
  return Array.isArray(value) ? { values: flat(value), places: [value] } : { values: [value] };
}

/** Every text, number and key in a value. A map with CUT makes a gap. */
export function words(value: unknown): Found {
  if (!isMap(value)) return wordsIn(value);
  let found = known.get(value);
  if (found === undefined) known.set(value, (found = wordsIn(value)));
  return found;
}

/** Several rules look for words in the same containers. */
const known = new WeakMap<JsonMap, Found>();

function wordsIn(value: unknown): Found {
  const values: unknown[] = [];
  let gap: string | undefined;
  const stack: unknown[] = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (typeof next === 'string' || typeof next === 'number' || typeof next === 'bigint') {
      values.push(next);
    } else if (Array.isArray(next)) {
      for (let index = next.length - 1; index >= 0; index--) stack.push(next[index]);
    } else if (isMap(next)) {
      gap ??= next[CUT];
      const keys = Object.keys(next);
      for (let index = keys.length - 1; index >= 0; index--) stack.push(next[keys[index]!], keys[index]);
    }
  }
  return new Words(values, gap);
}

/** Words, joined into a text on demand. */
class Words implements Found, JoinedText {
  readonly values: readonly unknown[];
  readonly gap?: string;
  #written: string | undefined;
  #folded: string | undefined;

  constructor(values: readonly unknown[], gap: string | undefined) {
    this.values = values;
    if (gap !== undefined) this.gap = gap;
  }

  get text(): JoinedText {
    return this;
  }

  get written(): string {
    return (this.#written ??= this.values.join('\0'));
  }

  get folded(): string {
    return (this.#folded ??= fold(this.written));
  }
}

interface Search {
  /** Undefined until the name leads to a place. */
  values: unknown[] | undefined;
  /** Undefined until a list is crossed. */
  places: unknown[] | undefined;
  gap: string | undefined;
}

/** Each map is visited at most once, as only one way of cutting the path leads to it: the work is bounded by the data. */
function descend(value: unknown, path: Path, outer: 'split' | undefined, search: Search): boolean {
  if (isMap(value)) return descendMap(value, path, outer, search);
  if (!Array.isArray(value)) return false;
  let found = false;
  for (const each of flat(value)) if (isMap(each) && descendMap(each, path, outer, search)) found = true;
  return found;
}

function descendMap(map: JsonMap, path: Path, outer: 'split' | undefined, search: Search): boolean {
  // Any map of a split entry may be spread over the parts, nested ones too.
  const cut = map[CUT] ?? outer;
  const split = cut === 'split' ? cut : undefined;
  let hasKey = false;
  for (const { key, rest } of path.cuts) {
    if (!Object.hasOwn(map, key)) continue;
    hasKey = true;
    noteOpenList(map, key, cut, search);
    if (descend(map[key], rest, split, search)) return true;
  }
  const { name } = path;
  if (Object.hasOwn(map, name)) {
    noteOpenList(map, name, cut, search);
    take(map[name], search);
    return true;
  }
  if (!hasKey && cut !== undefined) search.gap ??= cut;
  return false;
}

function take(place: unknown, search: Search): void {
  search.values ??= [];
  if (!Array.isArray(place)) {
    search.places?.push(place);
    takeValue(place, search.values, search);
    return;
  }
  search.places ??= [...search.values];
  search.places.push(place);
  for (const each of flat(place)) takeValue(each, search.values, search);
}

function takeValue(value: unknown, values: unknown[], search: Search): void {
  values.push(value);
  if (isMap(value) && value[CUT] === 'too_deep') search.gap ??= 'too_deep';
}

/** A list cannot hold the mark: it was open if it is the last member of a map that was. */
function noteOpenList(map: JsonMap, key: string, cut: string | undefined, search: Search): void {
  if (cut === undefined || !Array.isArray(map[key])) return;
  if (cut === 'split' || (cut === 'cut' && Object.keys(map).at(-1) === key)) search.gap ??= cut;
}

/** The members of nested lists in order; uses its own stack, as input may nest deeply. */
function flat(list: readonly unknown[]): readonly unknown[] {
  if (!list.some(Array.isArray)) return list;
  const values: unknown[] = [];
  const stack: unknown[] = [list];
  while (stack.length > 0) {
    const next = stack.pop();
    if (!Array.isArray(next)) values.push(next);
    else for (let index = next.length - 1; index >= 0; index--) stack.push(next[index]);
  }
  return values;
}
