/** What a text must contain for a regular expression to be found in it: simpler expressions, without repetition, that V8
 * searches for many times faster than RE2JS for the whole, and in time linear in the text. */
import type { RegexFlag } from '../ast.ts';

/** Some of what an expression matches, as a JavaScript expression. */
interface Run {
  source: string;
  /** How rare it is in a text: about one of 2^bits positions matches. */
  bits: number;
  /** Number of ways in which it can match at a position, each of which may be tried. */
  ways: number;
}

/** A part of an RE2 expression. */
interface Part {
  /** Matches, as a whole, whatever the part matches; undefined if the part is unbounded. */
  whole: Run | undefined;
  /** Occurs somewhere in whatever the part matches; undefined if nothing has to. */
  within: Run | undefined;
  /** Occurs at the beginning and at the end of whatever the part matches. */
  edge?: Run;
}

/** A screen with fewer bits would not save running the expression itself. */
const LEAST_BITS = 8;
const MOST_WAYS = 64;
const LONGEST = 512;
const LETTER_BITS = 4;

const empty: Run = { source: '', bits: 0, ways: 1 };

/** The source of a JavaScript expression that is found in each text, and in each longer one, in which one of the RE2
 * expressions is found, and in few others; undefined if there is none. */
export function screenOf(expressions: readonly { source: string; flags: readonly RegexFlag[] }[]): string | undefined {
  const screens = expressions.map(({ source, flags }) => {
    const run = new Reader(source).read(flags.includes('i'));
    return run !== undefined && run.bits >= LEAST_BITS ? run.source : undefined;
  });
  return screens.length > 0 && screens.every((screen) => screen !== undefined) ? screens.join('|') : undefined;
}

/** Stops reading an expression that is not understood. */
class Unread extends Error {}

/** Reads the common part of the RE2 syntax. @see https://github.com/google/re2/wiki/Syntax */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(isAnyCase: boolean): Run | undefined {
    try {
      const part = this.#alternatives(isAnyCase);
      return this.#at === this.#text.length ? rarest(part.whole, part.within) : undefined;
    } catch (error) {
      if (error instanceof Unread) return undefined;
      throw error;
    }
  }

  #alternatives(isAnyCase: boolean): Part {
    const flags = { isAnyCase };
    const parts = [this.#sequence(flags)];
    while (this.#takes('|')) parts.push(this.#sequence(flags));
    if (parts.length === 1) return parts[0]!;
    return {
      whole: anyOf(parts.map(({ whole }) => whole)),
      within: anyOf(parts.map(({ whole, within }) => rarest(whole, within))),
    };
  }

  /** @param flags those set in the middle of a group apply until its end */
  #sequence(flags: { isAnyCase: boolean }): Part {
    let all: Run | undefined = empty;
    let run = empty;
    let within: Run | undefined;
    while (this.#at < this.#text.length && this.#next !== '|' && this.#next !== ')') {
      const { whole, edge, within: inside } = this.#repeated(flags);
      all = all && whole && joined(all, whole);
      // What can be absent adds nothing at the beginning of a run.
      const next = whole?.bits === 0 && run === empty ? empty : whole && joined(run, whole);
      if (next !== undefined) {
        run = next;
        continue;
      }
      within = rarest(rarest(within, edge === undefined ? run : (joined(run, edge) ?? run)), inside);
      run = whole ?? edge ?? empty;
    }
    return { whole: all, within: rarest(within, run) };
  }

  #repeated(flags: { isAnyCase: boolean }): Part {
    let part = this.#atom(flags);
    for (;;) {
      const { whole } = part;
      const [quantifier, least = '1'] = QUANTIFIER.exec(this.#text.slice(this.#at)) ?? [];
      if (quantifier === undefined) return part;
      this.#at += quantifier.length;
      if (quantifier.startsWith('?')) {
        const isPlain = whole !== undefined && whole.ways < MOST_WAYS;
        part = { whole: isPlain ? optional(whole) : undefined, within: undefined };
      } else if (quantifier.startsWith('*') || Number(least) === 0) {
        part = { whole: undefined, within: undefined };
      } else {
        part = { whole: undefined, within: rarest(whole, part.within), ...(whole && { edge: whole }) };
      }
    }
  }

  #atom(flags: { isAnyCase: boolean }): Part {
    const character = this.#text[this.#at++]!;
    switch (character) {
      case '(':
        return this.#group(flags);
      case '[':
        return this.#class(flags.isAnyCase);
      case '.':
        return { whole: undefined, within: undefined };
      case '^':
      case '$':
        return bounded(empty);
      case '\\':
        return this.#escaped();
      case '*':
      case '+':
      case '?':
        throw new Unread();
      default:
        return bounded(literal(character, flags.isAnyCase));
    }
  }

  #group(flags: { isAnyCase: boolean }): Part {
    let { isAnyCase } = flags;
    const [start, set, unset, end] = /^\?([ims]*)(?:-([ims]*))?([:)])/.exec(this.#text.slice(this.#at)) ?? [];
    if (start !== undefined) {
      this.#at += start.length;
      isAnyCase = (isAnyCase || set!.includes('i')) && unset?.includes('i') !== true;
      if (end === ')') {
        flags.isAnyCase = isAnyCase;
        return bounded(empty);
      }
    } else if (this.#next === '?') {
      throw new Unread();
    }
    const part = this.#alternatives(isAnyCase);
    if (!this.#takes(')')) throw new Unread();
    return part;
  }

  /** Reads a class that lists characters, with ranges of letters and digits only. */
  #class(isAnyCase: boolean): Part {
    const [all, members] = /^((?:[a-z]-[a-z]|[A-Z]-[A-Z]|\d-\d|\\[dws]|[\w <>&=:;,/|.?'"%#@!~])+)\]/.exec(
      this.#text.slice(this.#at),
    ) ?? [undefined, ''];
    if (all === undefined) return this.#otherClass();
    this.#at += all.length;
    if (isAnyCase) return { whole: undefined, within: undefined };
    const source = members.replaceAll('\\s', BLANKS).replaceAll('\\d', '0-9').replaceAll('\\w', '0-9A-Za-z_');
    const bits = /-|\\/.test(members) ? 1 : LETTER_BITS - Math.log2(members.length);
    return bounded({ source: `[${source}]`, bits: Math.max(bits, 0), ways: 1 });
  }

  /** Skips a class that may contain characters of two code units. */
  #otherClass(): Part {
    const [all] = /^\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\[])*\]/.exec(this.#text.slice(this.#at)) ?? [];
    if (all === undefined) throw new Unread();
    this.#at += all.length;
    return { whole: undefined, within: undefined };
  }

  #escaped(): Part {
    const character = this.#text[this.#at++];
    if (character === undefined) throw new Unread();
    switch (character) {
      case 'b':
        return bounded({ source: '\\b', bits: 2, ways: 1 });
      case 'B':
      case 'A':
      case 'z':
        return bounded(empty);
      case 's':
        return bounded({ source: `[${BLANKS}]`, bits: 2, ways: 1 });
      case 'd':
        return bounded({ source: '[0-9]', bits: 1, ways: 1 });
      case 'w':
        return bounded({ source: '[0-9A-Za-z_]', bits: 0, ways: 1 });
      case 'n':
      case 'r':
      case 't':
        return bounded({ source: `\\${character}`, bits: LETTER_BITS, ways: 1 });
      case 'S':
      case 'D':
      case 'W':
        return { whole: undefined, within: undefined };
    }
    if (/[\w\u0080-\uffff]/.test(character)) throw new Unread();
    return bounded(literal(character, false));
  }

  get #next(): string | undefined {
    return this.#text[this.#at];
  }

  #takes(character: string): boolean {
    if (this.#next !== character) return false;
    this.#at++;
    return true;
  }
}

const QUANTIFIER = /^(?:[?*+]|\{(\d+)(?:,\d*)?\})\??/;
const BLANKS = '\\t\\n\\f\\r ';

function bounded(whole: Run): Part {
  return { whole, within: undefined };
}

function literal(character: string, isAnyCase: boolean): Run {
  if (character > '\x7f') throw new Unread();
  if (isAnyCase && /[a-z]/i.test(character)) {
    const [lower, upper] = [character.toLowerCase(), character.toUpperCase()];
    // The other Unicode letters that equal these if case is ignored.
    const others = lower === 'k' ? '\\u212a' : lower === 's' ? '\\u017f' : '';
    return { source: `[${lower}${upper}${others}]`, bits: LETTER_BITS, ways: 1 };
  }
  const source = /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
  return { source, bits: LETTER_BITS, ways: 1 };
}

function optional({ source, ways }: Run): Run {
  return { source: `(?:${source})?`, bits: 0, ways: ways + 1 };
}

/** One after the other; undefined if that takes too long to search for. */
function joined(first: Run, second: Run): Run | undefined {
  const source = first.source + second.source;
  const ways = first.ways * second.ways;
  if (ways > MOST_WAYS || source.length > LONGEST) return undefined;
  return { source, bits: first.bits + second.bits, ways };
}

function anyOf(runs: readonly (Run | undefined)[]): Run | undefined {
  let bits = Number.POSITIVE_INFINITY;
  let ways = 0;
  for (const run of runs) {
    if (run === undefined) return undefined;
    bits = Math.min(bits, run.bits);
    ways += run.ways;
  }
  const source = runs.map((run) => run!.source).join('|');
  if (ways > MOST_WAYS || source.length > LONGEST) return undefined;
  return { source: `(?:${source})`, bits, ways };
}

function rarest(one: Run | undefined, other: Run | undefined): Run | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.bits >= other.bits ? one : other;
}
