/** Rows as a table for a person, with columns that line up. */
import { printable } from '../sigma/rule-problem.ts';
import { truncateText } from '../truncate.ts';
import type { Output } from './process-io.ts';
import { styled, styleOf } from './text.ts';

export interface Column<Row> {
  heading: string;
  cell: (row: Row) => string | number;
  /** Whether the texts are levels, which have colours. */
  isLevel?: boolean;
}

const GAP = '  ';

/** The table as lines, each ended: headings, then rows. Numbers stand to the right. A line is cut, with `…`, to the columns
 * of the terminal, if there is one, and coloured if it is wanted. */
export function printTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { columns: width = Number.POSITIVE_INFINITY, hasColors }: Pick<Output, 'columns' | 'hasColors'>,
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const texts = cells.map((line) => line.map((value) => printable(String(value))));
  const widths = columns.map(({ heading }, i) => Math.max(heading.length, ...texts.map((line) => line[i].length)));
  const isNumber = columns.map((_, i) => cells.length > 0 && cells.every((line) => typeof line[i] === 'number'));
  const printLine = (line: readonly string[]) => {
    const padded = line.map((text, i) => (isNumber[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)));
    return truncateText(padded.join(GAP).trimEnd(), Math.max(1, width));
  };
  const level = columns.findIndex(({ isLevel }) => isLevel);
  const levelAt = widths.slice(0, Math.max(0, level)).reduce((sum, each) => sum + each + GAP.length, 0);
  const coloured = (line: string, text: string) => {
    const style = styleOf(text);
    const isWhole = line.startsWith(text, levelAt);
    if (style === undefined || !isWhole) return line;
    return line.slice(0, levelAt) + styled(style, text, { hasColors }) + line.slice(levelAt + text.length);
  };
  const headings = printLine(columns.map(({ heading }) => heading));
  const lines = texts.map((line) => coloured(printLine(line), line[level] ?? ''));
  return [styled('bold', headings, { hasColors }), ...lines].map((line) => `${line}\n`).join('');
}

/** A number with its noun: `1 rule`, `2 rules`. */
export function numbered(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
