/** `--output`: the form of what a command writes, the same words for every command.
 *
 * - `table`: for a person. Aligned rows or, for a command that reports what is wrong, text with places.
 * - `json`: one document, an array; `ndjson`: one object per line. Both are exact: nothing is cut or replaced.
 * - `csv`, `tsv`: one row per line under a line of names, for spreadsheets and `cut`; see delimited.ts.
 * - `junit`: what passed and failed, as CI shows it; see junit.ts. */
import { delimitedRow } from './delimited.ts';
import { junit, type Suite } from './junit.ts';
import type { Output, ProcessIo } from './process-io.ts';
import { type Column, startTable } from './table.ts';

export const listingForms = ['table', 'json', 'ndjson', 'csv', 'tsv'] as const;
export type ListingForm = (typeof listingForms)[number];

export const reportForms = [...listingForms, 'junit'] as const;
export type ReportForm = (typeof reportForms)[number];

/** The option, for a command that has these forms. */
export function outputOption<const Forms extends readonly ReportForm[]>(choices: Forms, byDefault: string) {
  const doc = `output form: ${choices.join(', ')}. Default: ${byDefault}`;
  return { kind: 'value', short: 'o', placeholder: 'FORM', choices, doc } as const;
}

/** For a command that lists rows: what goes into a pipe is read by a program. */
export const listingOutput = outputOption(listingForms, 'table on a terminal, ndjson in a pipe');

/** For a command that reports what is wrong: a person also reads it in the log of CI, which is a pipe. */
export const reportOutput = outputOption(reportForms, 'table (text), also in a pipe');

/** The requested form, or the one that suits the output. */
export function listingFormOf(output: Pick<Output, 'columns'>, asked: ListingForm | undefined): ListingForm {
  return asked ?? (output.columns === undefined ? 'ndjson' : 'table');
}

/** A value as JSON on one line. */
export function jsonText(value: unknown): string {
  return harmlessJson(JSON.stringify(value));
}

/** Equivalent JSON in which characters that would move a cursor or reorder what a person reads are escaped. */
function harmlessJson(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, at) => escaped(character.charCodeAt(at))).join(''),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

export interface RowWriter<Row> {
  /** Writes rows at once, so that a list may have any length.
   * @throws OutputClosed */
  write(rows: readonly Row[]): Promise<void>;
  /** Ends the document, if it is one. */
  end(): Promise<void>;
}

/** Begins a list.
 * @param json a row as JSON on one line */
export function openRows<Row>(
  output: Output,
  columns: readonly Column<Row>[],
  form: ListingForm,
  json: (row: Row) => string = JSON.stringify,
): RowWriter<Row> {
  const lines = (head: string, lineOf: (row: Row) => string): RowWriter<Row> => {
    let rest = head;
    const flush = async (text: string) => {
      rest = '';
      if (text !== '') await output.write(text);
    };
    return {
      write: (rows) => flush(rest + rows.map(lineOf).join('')),
      end: () => flush(rest),
    };
  };
  switch (form) {
    case 'table': {
      const table = startTable(columns, output);
      const write = async (rows: readonly Row[]) => {
        if (rows.length > 0) await output.write(table(rows));
      };
      return { write, async end() {} };
    }
    case 'ndjson':
      return lines('', (row) => `${harmlessJson(json(row))}\n`);
    case 'csv':
    case 'tsv': {
      const head = delimitedRow(
        columns.map(({ name }) => name),
        form,
      );
      return lines(head, (row) =>
        delimitedRow(
          columns.map(({ cell }) => cell(row)),
          form,
        ),
      );
    }
    case 'json': {
      let before = '[\n';
      const { write } = lines('', (row) => {
        const line = `${before}${harmlessJson(json(row))}`;
        before = ',\n';
        return line;
      });
      return { write, end: () => output.write(before === '[\n' ? '[]\n' : '\n]\n') };
    }
  }
}

export interface Listing<Row> {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
}

/** Writes a list as a whole. */
export async function writeRows<Row>(
  output: Output,
  { columns, rows }: Listing<Row>,
  asked: ListingForm | undefined,
): Promise<void> {
  const writer = openRows(output, columns, listingFormOf(output, asked));
  await writer.write(rows);
  await writer.end();
}

/** What a command has found wrong. */
export interface Report<Row> extends Listing<Row> {
  /** Text for a person, each line ended. */
  text: string;
  suites: readonly Suite[];
  /** One line, which is not part of what a program reads. */
  totals: string;
}

/** Writes a report: with its totals for a person, without them for a program; they then go to stderr. */
export async function writeReport<Row>(
  { stdout, stderr }: Pick<ProcessIo, 'stdout' | 'stderr'>,
  { text, suites, totals, ...listing }: Report<Row>,
  form: ReportForm = 'table',
): Promise<void> {
  if (form === 'table') return stdout.write(`${text}${totals}\n`);
  if (form === 'junit') await stdout.write(junit(suites));
  else await writeRows(stdout, listing, form);
  await stderr.write(`${totals}\n`);
}
