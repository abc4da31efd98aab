/** Text from a record, cut into pieces that can be shown: a character that is invisible, or moves text around it, is replaced
 * with its code point. */

export type Piece =
  | { kind: 'text'; text: string }
  /** A position where a long name may break. */
  | { kind: 'break' }
  /** Such as `U+202E`, for a character that a reader would not see. */
  | { kind: 'codePoint'; text: string }
  /** The full length, if the rest is left out. */
  | { kind: 'cut'; length: number };

/** Maximum characters of a heading, of a fact, and of a text in JSON. */
export const longest = { heading: 110, fact: 400, json: 2000 };

/** Controls, format characters (bidi, zero width, tags), surrogates, private and unassigned code points, blanks other than
 * U+0020, and letters without a glyph. */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;
const mark = /\p{M}/u;
/** More marks on one letter would reach into the lines above and below. */
const mostMarks = 2;

/** @param max characters; the rest is left out without being processed */
export function piecesOf(value: string, max: number): Piece[] {
  const pieces: Piece[] = [];
  let text = '';
  const flush = () => {
    if (text !== '') pieces.push({ kind: 'text', text });
    text = '';
  };
  let marks = 0;
  for (const character of value.slice(0, max)) {
    marks = mark.test(character) ? marks + 1 : 0;
    if (unseen.test(character) || marks > mostMarks) {
      flush();
      pieces.push({ kind: 'codePoint', text: codePointOf(character) });
      continue;
    }
    text += character;
    if (character === ':' || character === '/') {
      flush();
      pieces.push({ kind: 'break' });
    }
  }
  flush();
  if (pieces.at(-1)?.kind === 'break') pieces.pop();
  if (value.length > max) pieces.push({ kind: 'cut', length: value.length });
  return pieces;
}

/** The same as one string, for attributes, titles and screen readers. */
export function plainText(value: string, max: number): string {
  return piecesOf(value, max)
    .map((piece) => {
      if (piece.kind === 'break') return '';
      if (piece.kind === 'cut') return '…';
      return piece.kind === 'codePoint' ? `[${piece.text}]` : piece.text;
    })
    .join('');
}

/** JSON of the same value without invisible characters, so that copied text does not reorder where it is pasted. */
export function escapedJson(text: string): string {
  return text.replaceAll(/./gsu, (character) => {
    // Between values these are left as they are; within a string, JSON has already escaped them.
    if (/[ \t\r\n]/.test(character) || !unseen.test(character)) return character;
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

function codePointOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
