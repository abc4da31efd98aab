/** Text that came from a record, cut into what can be shown: what cannot be seen, or moves what is around it, stands as its
 * code point. */

export type Piece =
  | { kind: 'text'; text: string }
  /** A place where a long name may break. */
  | { kind: 'break' }
  /** `U+202E`, for what a reader would not see. */
  | { kind: 'codePoint'; text: string }
  /** How long all of it is, where the rest is left out. */
  | { kind: 'cut'; length: number };

/** Characters of a heading, of a fact, of a text in JSON. */
export const longest = { heading: 110, fact: 400, json: 2000 };

/** Controls, format characters (bidi, zero width, tags), surrogates, private and unassigned code points, blanks that are not
 * U+0020, and letters that have no shape. */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;
const mark = /\p{M}/u;
/** More marks on one letter reach into the lines above and below. */
const mostMarks = 2;

/** @param max characters; what follows is left out, and its cost is not paid */
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

/** The same as one string, for attributes, titles and what is read out. */
export function plainText(value: string, max: number): string {
  return piecesOf(value, max)
    .map((piece) => {
      if (piece.kind === 'break') return '';
      if (piece.kind === 'cut') return '…';
      return piece.kind === 'codePoint' ? `[${piece.text}]` : piece.text;
    })
    .join('');
}

/** JSON of the same value in which nothing is unseen: what is copied does not turn around where it is pasted. */
export function escapedJson(text: string): string {
  return text.replaceAll(/./gsu, (character) => {
    // Between values these stand as they are; in a text JSON has them escaped already.
    if (/[ \t\r\n]/.test(character) || !unseen.test(character)) return character;
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  });
}

function codePointOf(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
