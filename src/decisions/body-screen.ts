/** Identifies bodies in which the rules find nothing, without parsing them. */
import type { ProgramItem } from '../sigma/index.ts';
import { NeedleSearch } from './needle-search.ts';
import type { Layout } from './notation.ts';

export class BodyScreen {
  /** Fields of the body whose items, negation aside, hold only if a value contains a needle. */
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

  /** Whether a body, which is a map, answers like an empty one for all covered fields. */
  isClear(layout: Layout, bytes: Uint8Array, start: number, end: number): boolean {
    let holdsAny = false;
    const isSearched = this.#search.find(bytes, start, end, layout.hasEscapes, () => (holdsAny = true));
    return isSearched && !holdsAny;
  }
}

/** Texts of values that the bytes spell otherwise. */
const SPELLED = ['true', 'false', 'infinity', 'nan'];

/** Whether a text can occur only in values that are texts in the bytes, too. */
export function isWordy(needle: string): boolean {
  return !/^[\d.e+-]*$/.test(needle) && !SPELLED.some((text) => text.includes(needle)) && !needle.includes('-inf');
}
