/** Tells bodies in which the rules find nothing, without parsing them. */
import type { ProgramItem } from '../sigma/index.ts';
import { NeedleSearch } from './needle-search.ts';
import type { Layout } from './notation.ts';

export class BodyScreen {
  /** Names below the body on which no item holds, but for its negation, without a needle in a value. */
  readonly #fields: ReadonlySet<string>;
  readonly #search: NeedleSearch;

  /** @param member of an event that is a body */
  constructor(member: 'requestObject' | 'responseObject', items: readonly ProgramItem[]) {
    const own = items.filter(({ field }) => field.startsWith(`${member}.`));
    const others = new Set(own.filter(({ needles }) => !needles?.every(isWordy)).map(({ field }) => field));
    const screened = own.filter(({ field }) => !others.has(field));
    this.#fields = new Set(screened.map(({ field }) => field));
    this.#search = new NeedleSearch([...new Set(screened.flatMap(({ needles }) => needles!))]);
  }

  covers(field: string): boolean {
    return this.#fields.has(field);
  }

  /** Whether a body, a map, answers as an empty one for all fields that are covered. */
  isClear(layout: Layout, bytes: Uint8Array, start: number, end: number): boolean {
    let holdsAny = false;
    const isSearched = this.#search.find(bytes, start, end, layout.hasEscapes, () => (holdsAny = true));
    return isSearched && !holdsAny;
  }
}

/** Texts of values that do not stand in the bytes as they are. */
const SPELLED = ['true', 'false', 'infinity', 'nan'];

/** Whether a text can stand in those values alone that are texts in the bytes too. */
export function isWordy(needle: string): boolean {
  return !/^[\d.e+-]*$/.test(needle) && !SPELLED.some((text) => text.includes(needle)) && !needle.includes('-inf');
}
