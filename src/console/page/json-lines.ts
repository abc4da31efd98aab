/** JSON laid out in lines, from its text rather than its values: numbers, escapes and repeated names stay as received. */

export type TokenKind = 'name' | 'string' | 'number' | 'word' | 'mark';

export interface Line {
  depth: number;
  tokens: { kind: TokenKind; text: string }[];
  /** Where its first token starts in the text. */
  start: number;
}

/** Tokens of JSON; anything else becomes a mark, so that no text is lost. */
const token = /"(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*|[A-Za-z]+|[[\]{},:]|[^\s]/gsu;

/** @param most lines; undefined stands in the place of those that are left out
 * @returns the lines, and whether there are more */
export function jsonLines(text: string, most: number): { lines: Line[]; isCut: boolean } {
  const lines: Line[] = [];
  let depth = 0;
  let line: Line | undefined;
  let last = '';
  const newLine = () => {
    if (line !== undefined) lines.push(line);
    line = undefined;
  };
  for (const { 0: piece, index } of text.matchAll(token)) {
    const closes = piece === '}' || piece === ']';
    if (closes) depth = Math.max(0, depth - 1);
    const isEmptyPair = closes && (last === '{' || last === '[');
    if (closes ? !isEmptyPair : last === '{' || last === '[' || last === ',') newLine();
    if (lines.length >= most) return { lines, isCut: true };
    line ??= { depth, tokens: [], start: index };
    const { tokens } = line;
    if (piece === ':' && tokens.at(-1)?.kind === 'string') tokens.at(-1)!.kind = 'name';
    tokens.push({ kind: kindOf(piece), text: piece === ':' ? ': ' : piece });
    if (piece === '{' || piece === '[') depth++;
    last = piece;
  }
  newLine();
  return { lines, isCut: false };
}

function kindOf(piece: string): TokenKind {
  if (piece.startsWith('"')) return 'string';
  if (/^[-\d]/.test(piece)) return 'number';
  return /^[A-Za-z]/.test(piece) ? 'word' : 'mark';
}

/** Bytes of a record as text, with the position of the tag in it.
 * @param tag offsets into the bytes */
export function textOf(
  bytes: Uint8Array,
  tag: { start: number; end: number },
): { text: string; start: number; end: number } {
  const decoder = new TextDecoder();
  const [before, inside, after] = [
    bytes.subarray(0, tag.start),
    bytes.subarray(tag.start, tag.end),
    bytes.subarray(tag.end),
  ].map((part) => decoder.decode(part));
  const start = before!.length;
  return { text: before! + inside! + after!, start, end: start + inside!.length };
}

/** Lines of a hex dump: offset, bytes, and the printable ones as text. */
export function hexLines(bytes: Uint8Array, most: number): { start: number; hex: string; text: string }[] {
  const lines = [];
  for (let start = 0; start < bytes.length && lines.length < most; start += 16) {
    const part = [...bytes.subarray(start, start + 16)];
    lines.push({
      start,
      hex: part.map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      text: part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(''),
    });
  }
  return lines;
}
