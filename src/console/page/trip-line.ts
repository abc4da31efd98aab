/** Columns of the trip line: above it live findings, by level; below it those in shadow mode or silenced. */

import type { Level } from '../../record.ts';
import type { Findings, Now } from '../api.ts';
import { clock, count } from './numbers.ts';

/** Gravest first. */
export const levels: readonly Level[] = ['critical', 'high', 'medium', 'low', 'informational'];

export type Below = 'shadow' | 'silenced';

export interface Column {
  from: number;
  above: Partial<Record<Level, number>>;
  below: Partial<Record<Below, number>>;
}

export interface TripLine {
  from: number;
  to: number;
  columns: Column[];
}

/** @param minutes number of minutes shown */
export function lineOfNow(
  { at, findings, silenced }: Pick<Now, 'at' | 'findings' | 'silenced'>,
  minutes = 60,
): TripLine {
  const step = 60_000;
  const to = Math.floor(Date.parse(at) / step) * step + step;
  const from = to - minutes * step;
  const columns = emptyColumns(from, step, minutes);
  const columnAt = (time: string) => columns[Math.floor((Date.parse(time) - from) / step)];
  for (const bin of findings) {
    const column = columnAt(bin.from);
    if (column === undefined) continue;
    if (bin.mode === 'shadow') add(column.below, 'shadow', bin.count);
    else add(column.above, bin.level, bin.count);
  }
  for (const bin of silenced) {
    const column = columnAt(bin.from);
    if (column !== undefined) add(column.below, 'silenced', bin.count);
  }
  return { from, to, columns };
}

export function lineOfBins({ from, to, counts }: Findings['bins']): TripLine {
  const start = Date.parse(from);
  const end = Date.parse(to);
  const length = Math.max(0, ...Object.values(counts).map((list) => list.length));
  const columns = emptyColumns(start, length === 0 ? 0 : (end - start) / length, length);
  for (const level of levels) {
    for (const [index, value] of (counts[level] ?? []).entries()) if (value > 0) columns[index]!.above[level] = value;
  }
  return { from: start, to: end, columns };
}

/** The same data in fewer columns. */
export function narrowed({ from, to, columns }: TripLine, most: number): TripLine {
  if (columns.length <= most) return { from, to, columns };
  const each = Math.ceil(columns.length / most);
  const joined: Column[] = [];
  for (let index = 0; index < columns.length; index += each) {
    const sum: Column = { from: columns[index]!.from, above: {}, below: {} };
    for (const { above, below } of columns.slice(index, index + each)) {
      for (const level of levels) if (above[level]) add(sum.above, level, above[level]);
      for (const kind of ['shadow', 'silenced'] as const) if (below[kind]) add(sum.below, kind, below[kind]);
    }
    joined.push(sum);
  }
  return { from, to, columns: joined };
}

/** All its numbers in a sentence, for those who cannot see it. */
export function sentenceOf({ from, to, columns }: TripLine): string {
  const sums = levels.map((level) => ({ level, sum: total(columns.map(({ above }) => above[level])) }));
  const shadow = total(columns.map(({ below }) => below.shadow));
  const silenced = total(columns.map(({ below }) => below.silenced));
  const found = sums.filter(({ sum }) => sum > 0).map(({ level, sum }) => `${count(sum)} ${level}`);
  const range = `${clock(from, to)} to ${clock(to, to)} UTC`;
  const under = [
    shadow > 0 ? `${count(shadow)} in shadow mode` : '',
    silenced > 0 ? `${count(silenced)} silenced` : '',
  ];
  const below = under.filter(Boolean).join(', ');
  return `Findings from ${range}: ${found.join(', ') || 'none'}${below === '' ? '' : `; below the line ${below}`}`;
}

function emptyColumns(from: number, step: number, length: number): Column[] {
  return Array.from({ length }, (_, index) => ({ from: from + index * step, above: {}, below: {} }));
}

function add<Key extends string>(counts: Partial<Record<Key, number>>, key: Key, value: number): void {
  counts[key] = (counts[key] ?? 0) + value;
}

function total(values: (number | undefined)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}
