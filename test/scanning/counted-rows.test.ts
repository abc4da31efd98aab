/** Rows in any order come back in order of time, however few fit in memory. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type CountedRow, mergeRows, type RowsFile, sortRows } from '../../src/scanning/counted-rows.ts';
import fc from '../properties.ts';

const folder = mkdtempSync(join(tmpdir(), 'tripline-rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function merged(files: readonly RowsFile[], maxOpen: number): Promise<CountedRow[]> {
  const rows: CountedRow[] = [];
  for await (const block of mergeRows(files, join(folder, 'last-'), maxOpen)) rows.push(...block);
  return rows;
}

const rowOf = (time: number, input: number, record: number): CountedRow => {
  return {
    time,
    input,
    record,
    text: JSON.stringify({ of: [time, input, record], more: '\n  ü 日本 '.repeat(record % 3) }),
  };
};

test('rows are sorted in runs of a few rows, and merged a few files at a time', async () => {
  const times = fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }), { maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(times, fc.integer({ min: 2, max: 12 }), async (units, maxOpen) => {
      const files: RowsFile[] = [];
      for (const [input, unit] of units.entries()) {
        const sorter = sortRows(join(folder, `unit-${input}`), 300);
        for (const [index, time] of unit.entries()) {
          sorter.add(rowOf(time, input, index + 1));
          await sorter.settle();
        }
        const file = await sorter.end();
        if (file === undefined) expect(unit).toEqual([]);
        else {
          expect([file.from, file.to]).toEqual([Math.min(...unit), Math.max(...unit)]);
          files.push(file);
        }
      }
      const all = units.flatMap((unit, input) => unit.map((time, index) => rowOf(time, input, index + 1)));
      const inOrder = all.toSorted((a, b) => a.time - b.time || a.input - b.input || a.record - b.record);
      expect(await merged(files, maxOpen)).toEqual(inOrder);
      expect(readdirSync(folder).filter((name) => /\.|last/.test(name))).toEqual([]);
    }),
    { numRuns: 30 },
  );
});

test('a file that is cut is an error, not the end of the rows', async () => {
  const path = join(folder, 'cut');
  const sorter = sortRows(path);
  for (let record = 1; record < 20_000; record++) sorter.add(rowOf(record * 7919, 0, record));
  const file = (await sorter.end())!;
  const { truncateSync, statSync } = await import('node:fs');
  truncateSync(path, statSync(path).size - 100);
  await expect(merged([file], 2)).rejects.toThrow();
});
