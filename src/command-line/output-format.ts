/** The form of a command's output: a table for a person, JSON lines for a program. */
import type { OptionTable } from './declaration.ts';
import type { Output } from './process-io.ts';
import { type Column, printTable } from './table.ts';

export const outputFormatOptions = {
  json: { kind: 'flag', doc: 'one JSON object a line, on a terminal too' },
  table: { kind: 'flag', doc: 'a table, in a pipe too' },
} as const satisfies OptionTable;

export interface Listing<Row> {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
}

/** Writes rows as a table on a terminal, and else as JSON lines, unless one of the two is asked for. */
export async function writeRows<Row>(
  output: Output,
  { columns, rows }: Listing<Row>,
  asked: { json: boolean; table: boolean },
): Promise<void> {
  const asTable = asked.table || (output.columns !== undefined && !asked.json);
  await output.write(asTable ? printTable(columns, rows, output) : rows.map(jsonLine).join(''));
}

export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
