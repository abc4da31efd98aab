/** Rows as CSV (RFC 4180) and TSV, for spreadsheets and for tools that cut lines into cells.
 *
 * Texts come from those who send records, and a spreadsheet runs a cell that begins like a formula. Such a cell therefore gets
 * a leading apostrophe, which makes a spreadsheet show it as text; as a file is also read with `;` between cells in locales
 * that use `,` in numbers, the same applies to what follows a separator within a cell. A row is one line, in which control and
 * formatting characters are spelled out, as in tables. For exact values, use JSON. */
import { visible } from './text.ts';

export type Delimited = 'csv' | 'tsv';

/** Characters with which a formula begins, including full-width ones, at the start of a cell, whatever the separator. */
const formula = /(^|[,;|])([=+\-@＝＋－＠])/gu;

/** One line with its end: CRLF in CSV, as in RFC 4180. */
export function delimitedRow(cells: readonly (string | number)[], form: Delimited): string {
  const texts = cells.map((cell) => (typeof cell === 'number' ? String(cell) : harmless(cell)));
  return form === 'tsv' ? `${texts.join('\t')}\n` : `${texts.map(quoted).join(',')}\r\n`;
}

/** Leaves no tabs or line breaks either. */
function harmless(text: string): string {
  return visible(text).replace(formula, "$1'$2");
}

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
