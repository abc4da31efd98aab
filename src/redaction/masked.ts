/** What was masked in a record: where, and which texts, so that its tag does not show them. */
import { MARKER } from './tree.ts';

/** Paths that a tag lists. */
const MAX_PATHS = 50;
const MAX_PATH_LENGTH = 200;
/** Texts that are looked for in a tag. */
const MAX_TEXTS = 200;
/** Total characters that are compared: those of masked texts, and those of the texts of a tag. */
const MAX_SEARCHED = 64 * 1024 * 1024;
/** Shorter texts occur in many unrelated ones. */
const SHORT = 4;
/** Characters by which a long text is recognized if it ends early. */
const HEAD = 24;

export class Masked {
  readonly #paths = new Set<string>();
  readonly #texts = new Set<string>();
  #areAllThere = true;
  #hasMore = false;
  #searched = 0;

  get isAny(): boolean {
    return this.#paths.size > 0;
  }

  add(path: string): void {
    const shown = path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH - 1).toWellFormed()}…` : path;
    if (this.#paths.size < MAX_PATHS) this.#paths.add(shown);
    else if (!this.#paths.has(shown)) this.#hasMore = true;
  }

  addText(text: string): void {
    if (text === '' || text === MARKER) return;
    this.#addForms(text);
    const decoded = /^[\w+/-]{4,}={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString() : '';
    if (decoded !== '' && !decoded.includes('\ufffd')) this.#addForms(decoded);
  }

  /** For something that was masked without being read: the tag may quote any part of it. */
  addUnread(): void {
    this.#areAllThere = false;
  }

  /** The text as it is, and as it appears in JSON inside a text of a tag. */
  #addForms(text: string): void {
    if (this.#texts.size >= MAX_TEXTS) this.#areAllThere = false;
    else this.#texts.add(text).add(JSON.stringify(text).slice(1, -1));
  }

  /** For the tag: `…` stands for further ones. */
  get paths(): string[] {
    return this.#hasMore ? [...this.#paths, '…'] : [...this.#paths];
  }

  /** A text of the tag without what was masked.
   * @param isQuoted whether it may be a part of what was masked, cut or rewritten: all of it is masked if that is not known */
  without(text: string, isQuoted: boolean): string {
    if (this.#texts.has(text) || (isQuoted && !this.#areAllThere)) return MARKER;
    const shown = text.replace(/…$/, '');
    let left = text;
    for (const masked of this.#texts) {
      if (masked.length >= SHORT && masked.length <= left.length) left = left.replaceAll(masked, MARKER);
      if (!isQuoted) continue;
      this.#searched += masked.length + left.length;
      if (this.#searched > MAX_SEARCHED) return MARKER;
      if (shown.length >= SHORT && masked.includes(shown)) return MARKER;
      if (masked.length > HEAD && left.includes(headOf(masked))) return MARKER;
    }
    return left;
  }
}

/** Without control characters, which summaries replace. */
function headOf(text: string): string {
  const start = text.slice(0, 1000);
  const line = start.split(/\p{C}+/u).find(({ length }) => length >= HEAD) ?? start;
  return line.slice(0, HEAD);
}
