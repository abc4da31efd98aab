/** Decides everything that the rules ask of one field at once. */
import { textOf } from '../json/typed.ts';
import { BACKSLASH } from '../outline/json-syntax.ts';
import type { Found, ProgramItem } from '../sigma/index.ts';
import { NeedleSearch } from './needle-search.ts';

/** Most items that are decided on every plain text: a bit each. */
const MOST_PLAIN = 24;

const STAR = 0x2a;

/** Whether the bytes of a text are the same in every layout: printable ASCII without a backslash. A star marks a name whose
 * beginning alone is known. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH || byte === STAR) return false;
  }
  return start < end;
}

export class ItemScreen {
  readonly #items: readonly ProgramItem[];
  /** Numbers of the items that are decided on every answer. */
  readonly #always: readonly number[];
  readonly #search: NeedleSearch;
  /** By needle, the items that it belongs to. */
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

  /** What the items decide: equal, as JSON, for answers on which each item decides the same. */
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

  /** What the items decide on a plain text that is the only value, as a number: the same for texts on which each item decides
   * the same. -1 if that takes `judge`. */
  judgePlain(bytes: Uint8Array, start: number, end: number): number {
    if (this.#always.length > MOST_PLAIN || !isPlain(bytes, start, end)) return -1;
    let holdsAny = false;
    const isSearched = this.#search.find(bytes, start, end, false, () => (holdsAny = true));
    if (!isSearched || holdsAny) return -1;
    const found = { values: [Buffer.prototype.latin1Slice.call(bytes, start, end)] };
    const lookup = () => found;
    let judged = 0;
    for (let index = 0; index < this.#always.length; index++) {
      const decision = this.#items[this.#always[index]!]!.decide(lookup);
      if (typeof decision !== 'boolean') return -1;
      if (decision) judged |= 1 << index;
    }
    return judged;
  }

  /** Numbers of the items, in order, that may decide otherwise than on values without needles. */
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
