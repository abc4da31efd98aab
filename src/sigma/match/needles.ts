/** Texts without which a pattern or a regular expression does not match. */

/** Characters of a needle at least: those of shorter ones stand in most texts. */
export const SHORTEST_NEEDLE = 3;

/** Texts of ASCII, folded, one of which stands in every text, folded, that passes; undefined where they are not known. What
 * U+0130, U+017F and U+212A are folded to may be ASCII, so that a text with one of them may hold any needle. */
export type Needles = readonly string[] | undefined;

/** The longest needle in a text. */
export function needlesIn(text: string): Needles {
  const longest = text.split(/[^\0-\x7f]+/).reduce((one, other) => (other.length > one.length ? other : one));
  return longest.length < SHORTEST_NEEDLE ? undefined : [longest];
}

/** Of alternatives. */
export function anyOf(lists: readonly Needles[]): Needles {
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

/** Of texts that all have to be there, those that tell most. */
export function bestOf(lists: readonly Needles[]): Needles {
  const shortest = (list: readonly string[]) => Math.min(...list.map(({ length }) => length));
  let best: Needles;
  for (const list of lists) {
    if (list !== undefined && (best === undefined || shortest(list) > shortest(best))) best = list;
  }
  return best;
}

/** Of a regular expression, whatever its flags. Not known where anything stands in it that is not known here. */
export function regexNeedles(source: string): Needles {
  try {
    return new Reader(source).expression();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Unknown extends Error {}

const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/y;
const GROUP = /\((?:\?(?:P?<\w+>|[imsU-]*:))?/y;
const FLAGS = /\(\?[imsU-]+\)/y;
/** A class of characters, an anchor, or any character. */
const NO_LITERAL = /\[\^?\]?(?:\[:\^?\w+:\]|\\[^QEpPx0-7]|[^\]\\])*\]|\\[dDwWsSbBAz]|[.^$]/y;
const LITERAL = /\\[^\p{L}\p{N}]|[^\\()[\]{}|*+?]/uy;

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  expression(): Needles {
    const needles = this.#alternatives();
    if (this.#at < this.#source.length) throw new Unknown();
    return needles;
  }

  #alternatives(): Needles {
    const lists = [this.#sequence()];
    while (this.#take(/\|/y) !== undefined) lists.push(this.#sequence());
    return anyOf(lists);
  }

  #sequence(): Needles {
    const lists: Needles[] = [];
    let run = '';
    const endRun = () => {
      lists.push(needlesIn(run.toLowerCase()));
      run = '';
    };
    for (;;) {
      if (this.#take(FLAGS) !== undefined) continue;
      if (this.#take(GROUP) !== undefined) {
        endRun();
        const inner = this.#alternatives();
        if (this.#take(/\)/y) === undefined) throw new Unknown();
        if (this.#timesAtLeast() > 0) lists.push(inner);
        continue;
      }
      if (this.#take(NO_LITERAL) !== undefined) {
        endRun();
        this.#timesAtLeast();
        continue;
      }
      const literal = this.#take(LITERAL);
      if (literal === undefined) break;
      const start = this.#at;
      const isThere = this.#timesAtLeast() > 0;
      if (isThere) run += literal.at(-1);
      if (this.#at > start) endRun();
    }
    endRun();
    return bestOf(lists);
  }

  /** How often what was read before has to come. */
  #timesAtLeast(): number {
    const quantifier = this.#take(QUANTIFIER);
    if (quantifier === undefined) return 1;
    const [first] = quantifier;
    return first === '+' ? 1 : first === '{' ? Number.parseInt(quantifier.slice(1), 10) : 0;
  }

  #take(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#source)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
