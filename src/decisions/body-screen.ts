/** Tells, by the words in the bytes of bodies, what rules do not find in them: without parsing them. */
import { type Bodies, inBodiesOf } from '../fields/index.ts';
import type { AuditEvent } from '../record.ts';
import type { CompiledItem } from '../sigma/index.ts';
import { wordsOf } from '../sigma/match/item-needles.ts';
import { NeedleSearch } from './needle-search.ts';
import type { Layout } from './notation.ts';

/** What an item decides where none of some words stands in the bodies that it reads. */
interface Screened {
  of: Bodies;
  /** Numbers of the words. */
  words: readonly number[];
  otherwise: boolean;
}

/** A bit for each word; undefined where any may stand in the body, as in a list of changes. */
export type Words = Int32Array | undefined;

/** What is known of the two bodies of an event. */
export interface BodyWords {
  requestObject: Words;
  responseObject: Words;
}

/** Whether the bodies that a field is read from are all there. */
function isWhollyThere({ gaps }: AuditEvent, of: Bodies): boolean {
  if (of !== 'both') return gaps[of] === undefined;
  return gaps.requestObject === undefined && gaps.responseObject === undefined;
}

export class BodyScreen {
  readonly #items = new Map<CompiledItem, Screened>();
  readonly #search: NeedleSearch;
  readonly #size: number;

  constructor(items: Iterable<CompiledItem>) {
    const numbers = new Map<string, number>();
    const numberOf = (word: string) => {
      let number = numbers.get(word);
      if (number === undefined) numbers.set(word, (number = numbers.size));
      return number;
    };
    for (const compiled of items) {
      const { item, decide } = compiled;
      const inBodies = inBodiesOf(item.field);
      if (inBodies === undefined) continue;
      const words = inBodies.isRespelled ? undefined : wordsOf(item);
      const isNegated = item.kind === 'field' && item.negated;
      const otherwise = words === undefined ? decide(() => ({ values: [] })) : isNegated;
      if (typeof otherwise !== 'boolean') continue;
      const looked = words ?? inBodies.keys.map((key) => key.toLowerCase());
      this.#items.set(compiled, { of: inBodies.of, words: looked.map(numberOf), otherwise });
    }
    this.#search = new NeedleSearch([...numbers.keys()]);
    this.#size = Math.ceil(numbers.size / 32);
  }

  /** The words that decide items on an event; undefined where there are none. */
  wordsFor(items: Iterable<CompiledItem>, event: AuditEvent): Words {
    let mask: Int32Array | undefined;
    for (const item of items) {
      const screened = this.#items.get(item);
      if (screened === undefined || !isWhollyThere(event, screened.of)) continue;
      mask ??= new Int32Array(this.#size);
      for (const word of screened.words) mask[word >> 5]! |= 1 << (word & 31);
    }
    return mask;
  }

  /** Those of some words that stand in a body. */
  find(layout: Layout, bytes: Uint8Array, start: number, end: number, among: Int32Array): Words {
    const found = new Int32Array(this.#size);
    const isSearched = this.#search.find(bytes, start, end, layout.hasEscapes, (word) => {
      found[word >> 5]! |= among[word >> 5]! & (1 << (word & 31));
      return false;
    });
    return isSearched ? found : undefined;
  }

  /** What an item decides on all events of a profile in whose bodies just these words stand; undefined where that depends on
   * more.
   * @param event one of them */
  decide(item: CompiledItem, event: AuditEvent, { requestObject, responseObject }: BodyWords): boolean | undefined {
    const screened = this.#items.get(item);
    if (screened === undefined || !isWhollyThere(event, screened.of)) return undefined;
    const { of, words, otherwise } = screened;
    const mayStandIn = (body: Words) =>
      body === undefined || words.some((word) => ((body[word >> 5]! >>> (word & 31)) & 1) === 1);
    if (of !== 'responseObject' && event.requestObject !== undefined && mayStandIn(requestObject)) return undefined;
    if (of !== 'requestObject' && event.responseObject !== undefined && mayStandIn(responseObject)) return undefined;
    return otherwise;
  }
}
