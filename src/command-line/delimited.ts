/** Rows as CSV (RFC 4180) and TSV, for spreadsheets and for tools that cut lines into cells.
 *
 * Texts are of those who send records, and a spreadsheet runs a cell that begins like a formula. So such a cell gets an
 * apostrophe in front, by which a spreadsheet shows it as text; as a file is also read with `;` between cells where `,`
 * stands in numbers, the same goes for what follows a separator within a cell. A row is one line, in which control and
 * formatting characters are spelt, as they are in tables. What has to be exact is read from JSON. */
import { visible } from './text.ts';

export type Delimited = 'csv' | 'tsv';

/** Signs that a formula begins with, the full-width ones as well, at the start of a cell, in whatever separation. */
const formula = /(^|[,;|])([=+\-@＝＋－＠])/gu;

/** One line, ended: by CRLF in CSV, as RFC 4180 has it. */
export function delimitedRow(cells: readonly (string | number)[], form: Delimited): string {
  const texts = cells.map((cell) => (typeof cell === 'number' ? String(cell) : harmless(cell)));
  return form === 'tsv' ? `${texts.join('\t')}\n` : `${texts.map(quoted).join(',')}\r\n`;
}

/** No tabs and line breaks are left either. */
function harmless(text: string): string {
  return visible(text).replace(formula, "$1'$2");
}

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
