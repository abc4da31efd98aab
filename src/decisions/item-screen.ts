/** Decides what the rules ask of one field, all of it together. */
import { textOf } from '../json/typed.ts';
import type { Found, ProgramItem } from '../sigma/index.ts';
import { NeedleSearch } from './needle-search.ts';

export class ItemScreen {
  readonly #items: readonly ProgramItem[];
  /** Numbers of the items that are decided on every answer. */
  readonly #always: readonly number[];
  readonly #search: NeedleSearch;
  /** By needle, the items that it is for. */
  readonly #byNeedle: readonly (readonly number[])[];

  /** @param items of one field */
  constructor(items: readonly ProgramItem[]) {
    this.#items = items;
    this.#always = [...items.keys()].filter((index) => items[index]!.needles === undefined);
    const byNeedle = new Map<string, number[]>();
    for (const [index, { needles }] of items.entries()) {
      for (const needle of needles ?? []) {
        const others = byNeedle.get(needle);
        if (others === undefined) byNeedle.set(needle, [index]);
        else others.push(index);
      }
    }
    this.#search = new NeedleSearch([...byNeedle.keys()]);
    this.#byNeedle = [...byNeedle.values()];
  }

  /** What the items say: equal, as JSON, for answers on which each item says the same. */
  judge(found: Found): unknown[] {
    const lookup = () => found;
    const judged: unknown[] = [];
    for (const index of this.#asked(found)) {
      const { decide, negated } = this.#items[index]!;
      const decision = decide(lookup);
      if (decision === negated) continue;
      judged.push(index, typeof decision === 'boolean' ? decision : [decision.field, decision.reason]);
    }
    return judged;
  }

  /** Numbers of the items, in order, that may say anything but what they say of values without needles. */
  #asked({ values, gap }: Found): Iterable<number> {
    const asked = new Set(this.#always);
    if (this.#byNeedle.length === 0) return asked;
    const all = this.#items.keys();
    if (gap !== undefined) return all;
    for (const value of values) {
      const text = textOf(value);
      if (text === undefined) continue;
      const bytes = Buffer.from(text);
      const isSearched = this.#search.find(bytes, 0, bytes.length, false, (needle) => {
        for (const index of this.#byNeedle[needle]!) asked.add(index);
        return false;
      });
      if (!isSearched) return all;
    }
    return [...asked].sort((one, other) => one - other);
  }
}
