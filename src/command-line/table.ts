/** Rows as a table for a person, with columns that line up. */
import { printable } from '../sigma/rule-problem.ts';
import { truncateText } from '../truncate.ts';

export interface Column<Row> {
  heading: string;
  cell: (row: Row) => string | number;
}

const GAP = '  ';

/** The table as lines, each ended: headings, then rows. Numbers stand to the right. A line is cut, with `…`, to the width
 * of the terminal, if there is one. */
export function printTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number = Number.POSITIVE_INFINITY,
): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const texts = cells.map((line) => line.map((value) => printable(String(value))));
  const widths = columns.map(({ heading }, i) => Math.max(heading.length, ...texts.map((line) => line[i].length)));
  const isNumber = columns.map((_, i) => cells.length > 0 && cells.every((line) => typeof line[i] === 'number'));
  const printLine = (line: readonly string[]) => {
    const padded = line.map((text, i) => (isNumber[i] ? text.padStart(widths[i]) : text.padEnd(widths[i])));
    return `${truncateText(padded.join(GAP).trimEnd(), Math.max(1, width))}\n`;
  };
  return [columns.map(({ heading }) => heading), ...texts].map(printLine).join('');
}

/** A number with its noun: `1 rule`, `2 rules`. */
export function numbered(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
