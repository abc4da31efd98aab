/** What is wrong with a rule, and where: a line a person can act on, the source line, and a caret under the place. */
import { truncateText } from '../truncate.ts';
import type { Position } from './ast.ts';

export interface RuleProblem {
  path: string;
  line: number;
  column: number;
  /** Name of the document that the problem is in; absent if it is not known. */
  name?: string;
  /** What is wrong. */
  message: string;
  /** What to write instead. */
  hint: string;
  /** The source line, cut to what fits a screen, and a caret below it; absent if no single line is at fault. */
  excerpt?: string;
  /** Fixes it without changing what a rule matches; absent if a person has to decide. */
  fix?: Edit;
}

/** Other text for a part of a file; positions are offsets into its text after a byte order mark. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** The problem as text: `path:line:column: message; hint`, then the excerpt. */
export function printRuleProblem(problem: RuleProblem): string {
  const { path, line, column, message, hint, excerpt } = problem;
  const shown = excerpt === undefined ? '' : `\n${excerpt}`;
  return `${printable(`${path}:${line}:${column}: ${message}; ${hint}`)}${shown}`;
}

const EXCERPT_WIDTH = 120;

/** The source line at a position with a caret below; a long line is cut to a window around the place. */
export function excerptOf(line: string, position: Position): string {
  const at = Math.min(position.column - 1, line.length);
  const start = Math.max(0, at - EXCERPT_WIDTH / 2);
  const shown = printable(line.slice(start, start + EXCERPT_WIDTH));
  const gutter = `${String(position.line).padStart(5)} | `;
  return `${gutter}${shown}\n${' '.repeat(gutter.length - 2)}| ${' '.repeat(at - start)}^`;
}

/** A name from a file, quoted for a message: short, on one line, without control characters. */
export function quote(name: string): string {
  return `'${printable(truncateText(name, 60))}'`;
}

/** Text with each control or formatting character and each lone surrogate replaced by one that can be seen, so that
 * nothing from a file or an event can move a terminal's cursor or reorder what a person reads. */
export function printable(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => (character === '\t' ? ' ' : '�'));
}

/** The candidate that someone who wrote `name` most likely meant, or undefined if none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  if (name === '' || name.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `did you mean 'x'?` if a candidate is near, else the fallback. */
export function didYouMean(name: string, candidates: Iterable<string>, otherwise: string): string {
  const meant = nearest(name, candidates);
  return meant === undefined ? otherwise : `did you mean ${quote(meant)}?`;
}

/** How many inserted, dropped, changed and swapped letters lead from one word to the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      row[j] = Math.min(
        last[j]! + 1,
        row[j - 1]! + 1,
        last[j - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[j - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length]!;
}
