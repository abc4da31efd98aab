/** Rows as a table for a person, with columns that line up. */
import { truncateText } from '../truncate.ts';
import type { Output } from './process-io.ts';
import { styled, styleOf, visible } from './text.ts';

export interface Column<Row> {
  /** As in JSON: the name of a column for programs. */
  name: string;
  /** Set for a column that a table shows, too. */
  heading?: string;
  cell: (row: Row) => string | number;
  /** Whether the texts are levels, which have colours. */
  isLevel?: boolean;
  /** Whether texts are right-aligned, as numbers are. */
  isAmount?: boolean;
}

const GAP = '  ';

/** Begins a table. The returned function prints rows as lines, each ended, the first time below the headings. Numbers are
 * right-aligned. A line is cut, with `…`, to the columns of the terminal, if there is one, and coloured if wanted. Later rows
 * line up with earlier ones, unless they need more space. */
export function startTable<Row>(
  columns: readonly Column<Row>[],
  { columns: width = Number.POSITIVE_INFINITY, hasColors }: Pick<Output, 'columns' | 'hasColors'>,
): (rows: readonly Row[]) => string {
  const shown = columns.filter(({ heading }) => heading !== undefined);
  const headings = shown.map(({ heading }) => heading!);
  const widths = headings.map(({ length }) => length);
  const level = shown.findIndex(({ isLevel }) => isLevel);
  /** Which columns are right-aligned. */
  let isNumber: boolean[] | undefined;
  const printLine = (line: readonly string[]) => {
    const padded = line.map((text, i) => (isNumber?.[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)));
    return truncateText(padded.join(GAP).trimEnd(), Math.max(1, width));
  };
  const coloured = (line: string, text: string) => {
    const style = styleOf(text);
    const levelAt = widths.slice(0, Math.max(0, level)).reduce((sum, each) => sum + each + GAP.length, 0);
    const isWhole = line.startsWith(text, levelAt);
    if (style === undefined || !isWhole) return line;
    return line.slice(0, levelAt) + styled(style, text, { hasColors }) + line.slice(levelAt + text.length);
  };
  return (rows) => {
    const cells = rows.map((row) => shown.map(({ cell }) => cell(row)));
    const texts = cells.map((line) => line.map((value) => visible(String(value))));
    for (const line of texts) for (const [i, text] of line.entries()) widths[i] = Math.max(widths[i]!, text.length);
    const lines: string[] = [];
    if (isNumber === undefined) {
      const areNumbers = (i: number) => cells.length > 0 && cells.every((line) => typeof line[i] === 'number');
      isNumber = shown.map(({ isAmount = false }, i) => isAmount || areNumbers(i));
      lines.push(styled('bold', printLine(headings), { hasColors }));
    }
    for (const line of texts) lines.push(coloured(printLine(line), line[level] ?? ''));
    return lines.map((line) => `${line}\n`).join('');
  };
}

/** A number with its noun: `1 rule`, `2 rules`. */
export function numbered(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
