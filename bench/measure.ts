/** Rows of a benchmark: what they do, how long it takes, and the table that shows it. */

const rounds = 9;

export interface Row {
  name: string;
  bytes: number;
  /** Makes ready what is timed. */
  prepare: () => () => unknown;
  milliseconds: number[];
}

export function row(name: string, bytes: number, run: () => unknown): Row {
  return preparedRow(name, bytes, () => run);
}

/** @param prepare is called before each run, and not timed itself */
export function preparedRow(name: string, bytes: number, prepare: Row['prepare']): Row {
  return { name, bytes, prepare, milliseconds: [] };
}

/** Runs the rows in turn, several times over. */
export async function measure(rows: readonly Row[]): Promise<void> {
  for (let round = 0; round < rounds + 2; round++) {
    for (const { prepare, milliseconds } of rows) {
      const run = prepare();
      const started = performance.now();
      await run();
      // The first rounds warm the compiler up.
      if (round >= 2) milliseconds.push(performance.now() - started);
    }
  }
}

/** The table of the medians; its last column is in times of the first row. */
export function table(rows: readonly Row[], records: number, about: string): string {
  const unit = median(rows[0]!.milliseconds);
  const head = ['records/s', 'MB/s', 'ms', 'µs/record', 'x parse'];
  const lines = rows.map(({ name, bytes, milliseconds }) => {
    const ms = median(milliseconds);
    const cells = [
      Math.round(records / (ms / 1000)).toString(),
      (bytes / 1000 / ms).toFixed(0),
      ms.toFixed(1),
      ((ms / records) * 1000).toFixed(1),
      (ms / unit).toFixed(2),
    ];
    return [name.padEnd(44), ...cells.map((cell) => cell.padStart(11))].join('');
  });
  const bytes = Math.round(rows[0]!.bytes / records);
  return [
    `${records} records of ${bytes} bytes (JSON), ${about}, median of ${rounds}, Node ${process.version}\n`,
    [''.padEnd(44), ...head.map((cell) => cell.padStart(11))].join(''),
    ...lines,
  ].join('\n');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
