/** Texts without which a pattern or a regular expression does not match. */

/** Minimum length of a needle; shorter ones occur in most texts. */
export const SHORTEST_NEEDLE = 3;

/** Folded ASCII texts, one of which occurs in every text that passes, once folded; undefined if they are not known. U+0130,
 * U+017F and U+212A may fold to ASCII, so a text with one of them may contain any needle. */
export type Needles = readonly string[] | undefined;

/** The longest needle in a text. */
export function needlesIn(text: string): Needles {
  const longest = text.split(/[^\0-\x7f]+/).reduce((one, other) => (other.length > one.length ? other : one));
  return longest.length < SHORTEST_NEEDLE ? undefined : [longest];
}

/** The needles of alternatives. */
export function anyOf(lists: readonly Needles[]): Needles {
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

/** Needles longer than this are hardly more selective. */
const LONG_NEEDLE = 8;

/** The most selective of several lists, each of which has to be met. */
export function bestOf(lists: readonly Needles[]): Needles {
  let best: Needles;
  let most = 0;
  for (const list of lists) {
    if (list === undefined) continue;
    const shortest = Math.min(...list.map(({ length }) => length));
    const worth = Math.min(shortest, LONG_NEEDLE);
    if (best === undefined || worth > most || (worth === most && list.length < best.length))
      [best, most] = [list, worth];
  }
  return best;
}

/** The needles of a regular expression, whatever its flags; undefined if it contains syntax that is not known here. */
export function regexNeedles(source: string): Needles {
  try {
    return new Reader(source).expression();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Unknown extends Error {}

/** What is known about the texts that a part of an expression matches. */
interface Part {
  /** All of them, if they are few. */
  all: readonly string[] | undefined;
  /** Otherwise prefixes, one of which each of them begins with, if known. */
  starts?: readonly string[] | undefined;
  needles: Needles;
}

/** Most texts that are listed one by one. */
const MOST_TEXTS = 24;

const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/y;
const GROUP = /\((?:\?(?:P?<\w+>|[imsU-]*:))?/y;
const FLAGS = /\(\?[imsU-]+\)/y;
/** An anchor. */
const NO_WIDTH = /\\[bBAz]|[$^]/y;
const BLANK = /\\s/y;
/** Another class of characters, or any character. */
const NO_LITERAL = /\[\^?\]?(?:\[:\^?\w+:\]|\\[^QEpPx0-7]|[^\]\\])*\]|\\[dDwWS]|\./y;
const LITERAL = /\\[^\p{L}\p{N}]|[^\\()[\]{}|*+?]/uy;
const BLANKS = ['\t', '\n', '\f', '\r', ' '];

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  expression(): Needles {
    const { needles } = this.#alternatives();
    if (this.#at < this.#source.length) throw new Unknown();
    return needles;
  }

  #alternatives(): Part {
    const parts = [this.#sequence()];
    while (this.#take(/\|/y) !== undefined) parts.push(this.#sequence());
    if (parts.length === 1) return parts[0]!;
    const all = parts.flatMap((part) => part.all ?? []);
    const areFew = all.length <= MOST_TEXTS && parts.every((part) => part.all !== undefined);
    const starts = parts.map((part) => part.all ?? part.starts);
    return {
      all: areFew ? all : undefined,
      starts: starts.every((list) => list !== undefined) ? starts.flat() : undefined,
      needles: anyOf(parts.map(({ needles }) => needles)),
    };
  }

  #sequence(): Part {
    const run = new Run();
    for (;;) {
      if (this.#take(FLAGS) !== undefined) continue;
      if (this.#take(NO_WIDTH) !== undefined) {
        if (this.#quantifier() !== undefined) run.end();
        continue;
      }
      const part = this.#atom();
      if (part === undefined) break;
      run.add(part, this.#quantifier());
    }
    return run.part();
  }

  /** Undefined at the end of a sequence. */
  #atom(): Part | undefined {
    if (this.#take(GROUP) !== undefined) {
      const inner = this.#alternatives();
      if (this.#take(/\)/y) === undefined) throw new Unknown();
      return inner;
    }
    if (this.#take(BLANK) !== undefined) return { all: BLANKS, needles: undefined };
    if (this.#take(NO_LITERAL) !== undefined) return { all: undefined, needles: undefined };
    const literal = this.#take(LITERAL);
    return literal === undefined ? undefined : { all: [literal.replace(/^\\/, '')], needles: undefined };
  }

  /** How often the preceding part has to occur, and whether it is optional (`?`); undefined for exactly once. */
  #quantifier(): { least: number; isOptional: boolean } | undefined {
    const quantifier = this.#take(QUANTIFIER);
    if (quantifier === undefined) return undefined;
    const [first] = quantifier;
    const least = first === '+' ? 1 : first === '{' ? Number.parseInt(quantifier.slice(1), 10) : 0;
    return { least, isOptional: first === '?' };
  }

  #take(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#source)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

/** A sequence of parts. */
class Run {
  /** Either one of these directly precedes the next part, or one of the others occurs instead. */
  #texts: readonly string[] = [''];
  #others: readonly string[] = [];
  /** The texts since the last part that was skipped as optional. */
  #sinceOptional: readonly string[] | undefined;
  /** Whether the texts are everything that has come so far. */
  #isAll = true;
  #starts: readonly string[] | undefined;
  readonly #lists: Needles[] = [];

  add({ all, starts, needles }: Part, quantifier: { least: number; isOptional: boolean } | undefined): void {
    if (quantifier === undefined || quantifier.least > 0) this.#lists.push(needles);
    if (quantifier?.isOptional) {
      if (all !== undefined) this.#append(['', ...all]);
      else this.#branch(starts);
    } else if (all === undefined || quantifier?.least === 0) {
      this.end();
    } else {
      this.#append(all);
      // The last repetition is followed by the next part.
      if (quantifier !== undefined) this.end(all.length === 1 ? all : undefined);
    }
  }

  /** @param next the texts known to precede the next part */
  end(next: readonly string[] = ['']): void {
    this.#note();
    if (this.#isAll) this.#starts = this.#texts;
    this.#texts = next;
    this.#others = [];
    this.#sinceOptional = undefined;
    this.#isAll = false;
  }

  part(): Part {
    this.#note();
    return { all: this.#isAll ? this.#texts : undefined, starts: this.#starts, needles: bestOf(this.#lists) };
  }

  #append(texts: readonly string[]): void {
    if (texts.length > 1) this.#note();
    if (this.#texts.length * texts.length > MOST_TEXTS) {
      this.end(texts);
      return;
    }
    this.#texts = product(this.#texts, texts);
    if (this.#sinceOptional !== undefined) this.#sinceOptional = product(this.#sinceOptional, texts);
  }

  /** Continues past an optional part of which only the beginning is known. */
  #branch(starts: readonly string[] | undefined): void {
    if (starts === undefined || this.#texts.length * starts.length > MOST_TEXTS) {
      this.end();
      return;
    }
    if (this.#isAll) this.#starts = this.#texts;
    this.#isAll = false;
    this.#others = [...this.#others, ...product(this.#texts, starts)];
    this.#sinceOptional = [''];
  }

  #note(): void {
    this.#noteAny([...this.#texts, ...this.#others]);
    if (this.#sinceOptional !== undefined) this.#noteAny(this.#sinceOptional);
  }

  #noteAny(texts: readonly string[]): void {
    const needles = anyOf(texts.map((text) => needlesIn(text.toLowerCase())));
    if (needles === undefined) return;
    const shortestFirst = [...new Set(needles)].sort((one, other) => one.length - other.length);
    const kept: string[] = [];
    for (const needle of shortestFirst) if (!kept.some((other) => needle.includes(other))) kept.push(needle);
    this.#lists.push(kept);
  }
}

function product(texts: readonly string[], others: readonly string[]): string[] {
  return texts.flatMap((text) => others.map((other) => text + other));
}
