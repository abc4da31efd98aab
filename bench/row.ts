/** A row of the table: what was measured, what it is compared with, the target, and the result. */

export interface Row {
  name: string;
  beside: string;
  /** `fast`: speed as a multiple of the other's, more is better. `time`: time as a multiple of the other's, less is better.
   * `MiB`, `ms`: less is better. */
  unit: 'fast' | 'time' | 'MiB' | 'ms';
  least: number;
  aim?: number;
  run: () => Promise<Reached>;
}

export interface Reached {
  value: number;
  /** Absolute figures, for orientation. */
  note: string;
}

const widths = [46, 42, 9, 9, 9, 8];

export function headOfTable(): string {
  return line(['what', 'beside', 'reached', 'at least', 'aim', '']);
}

export function lineOf({ name, beside, unit, least, aim }: Row, { value, note }: Reached): string {
  const isReached = unit === 'fast' ? value >= least : value <= least;
  const bound = unit === 'fast' ? '' : '<= ';
  const cells = [
    name,
    beside,
    show(value, unit),
    bound + show(least, unit),
    aim === undefined ? '' : bound + show(aim, unit),
  ];
  return `${line([...cells, isReached ? 'yes' : 'NO'])}${note}`;
}

function show(value: number, unit: Row['unit']): string {
  return unit === 'MiB' || unit === 'ms' ? `${value.toFixed(0)} ${unit}` : `${value.toFixed(value < 0.1 ? 3 : 2)} x`;
}

function line(cells: readonly string[]): string {
  return cells.map((cell, at) => cell.padEnd(widths[at]!)).join(' ');
}

/** Runs the rows whose name contains a word of the command line, or all if there is none, and prints each when it is done. */
export async function runRows(rows: readonly Row[], words: readonly string[]): Promise<void> {
  const wanted = rows.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (wanted.length === 0) throw new Error(`no row has ${words.join(' or ')} in its name`);
  console.log(`Node ${process.version}; medians\n\n${headOfTable()}`);
  for (const row of wanted) console.log(lineOf(row, await row.run()));
}
