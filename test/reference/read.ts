/** The values of an event under a name, found in the plainest way. */
import { CUT } from '../../src/json/map.ts';

export interface Read {
  /** Lists are flattened, down to values that are not lists. */
  values: readonly unknown[];
  /** The value at each place that the name leads to, with lists whole. */
  places: readonly unknown[];
  /** Why there may be more. */
  gap?: string;
}

export type Reader = (name: string) => Read;

type Data = { [key: string]: unknown; [CUT]?: string };

const isData = (value: unknown): value is Data => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Nested lists as one flat list; a value that is not a list, as a list of one. */
const flat = (value: unknown): unknown[] => (Array.isArray(value) ? value.flatMap(flat) : [value]);

/** A dotted name, which leads through every member of a list. If keys contain dots, the shortest key that leads to something
 * counts.
 * @param outer `split` if the value is a part of something that is split */
export function read(value: unknown, name: string, outer?: 'split'): Read {
  const { places, gaps } = search(value, name, outer);
  return { values: places.flatMap(flat), places, ...(gaps.length > 0 && { gap: gaps[0]! }) };
}

interface Search {
  places: unknown[];
  gaps: string[];
  isFound: boolean;
}

function search(value: unknown, name: string, outer: string | undefined): Search {
  const all = flat(value)
    .filter(isData)
    .map((data) => searchIn(data, name, outer));
  return {
    places: all.flatMap(({ places }) => places),
    gaps: all.flatMap(({ gaps }) => gaps),
    isFound: all.some(({ isFound }) => isFound),
  };
}

function searchIn(data: Data, name: string, outer: string | undefined): Search {
  const cut = data[CUT] ?? outer;
  const gaps: string[] = [];
  const keys = keysOf(name).filter((key) => Object.hasOwn(data, key));
  for (const key of keys) {
    gaps.push(...openListGaps(data, key, cut));
    const place = data[key];
    if (key === name) {
      gaps.push(...flat(place).flatMap((each) => (isData(each) && each[CUT] === 'too_deep' ? ['too_deep'] : [])));
      return { places: [place], gaps, isFound: true };
    }
    const below = search(place, name.slice(key.length + 1), cut === 'split' ? cut : undefined);
    gaps.push(...below.gaps);
    if (below.isFound) return { ...below, gaps };
  }
  if (keys.length === 0 && cut !== undefined) gaps.push(cut);
  return { places: [], gaps, isFound: false };
}

/** The keys with which a name can continue, the shortest first and the whole of it last. A leading dot is part of it. */
function keysOf(name: string): string[] {
  const dots = [...name].flatMap((_, index) => (index > 0 && name[index] === '.' ? [index] : []));
  return [...dots.map((dot) => name.slice(0, dot)), name];
}

/** A list cannot carry a mark. It was open if it is the last member of a truncated map, or in a map that is split. */
function openListGaps(data: Data, key: string, cut: string | undefined): string[] {
  if (!Array.isArray(data[key])) return [];
  const isLast = Object.keys(data).at(-1) === key;
  return cut === 'split' || (cut === 'cut' && isLast) ? [cut] : [];
}

/** A member of a list, as if a name had led to it. */
export function memberValues(member: unknown): Read {
  return { values: flat(member), places: [member] };
}

/** Every text, number and key anywhere in a value. */
export function wordsOf(value: unknown): Read {
  const { words, gaps } = collect(value);
  return { values: words, places: words, ...(gaps.length > 0 && { gap: gaps[0]! }) };
}

function collect(value: unknown): { words: unknown[]; gaps: string[] } {
  if (['string', 'number', 'bigint'].includes(typeof value)) return { words: [value], gaps: [] };
  if (Array.isArray(value)) return joined(value.map(collect));
  if (!isData(value)) return { words: [], gaps: [] };
  const own = { words: [], gaps: value[CUT] === undefined ? [] : [value[CUT]] };
  return joined([
    own,
    ...Object.entries(value).map(([key, inner]) => joined([{ words: [key], gaps: [] }, collect(inner)])),
  ]);
}

function joined(parts: readonly { words: unknown[]; gaps: string[] }[]): { words: unknown[]; gaps: string[] } {
  return { words: parts.flatMap(({ words }) => words), gaps: parts.flatMap(({ gaps }) => gaps) };
}
