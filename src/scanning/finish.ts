/** The end of a plan: the findings of all units, and one pass of correlations over what they have counted, in order of time. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { correlateCounted } from '../correlate/counted-records.ts';
import { correlator } from '../correlate/index.ts';
import type { Correlated, Ruleset } from '../detect.ts';
import { parseExactly } from '../json/exact.ts';
import type { Finding, Report } from '../record.ts';
import { memoryStore } from '../state/memory.ts';
import { type CountedRow, DamagedRows, mergeRows, type RowsFile } from './counted-rows.ts';
import type { ScanPlan } from './plan.ts';
import { type Found, foundAt } from './scan-input.ts';
import type { Counter } from './tally.ts';
import { damaged, filesOfUnit, type KeptRecord, resultOf, type UnitResult } from './unit.ts';

export interface PlanEnd {
  folder: string;
  plan: ScanPlan;
  ruleset: Ruleset;
  /** Counts from zero. */
  counter: Counter;
  /** Receives what was found: by units in their order, then by correlations in order of time. */
  write(rows: readonly Found[]): Promise<void>;
  /** Receives what the units have to say about their inputs. */
  tell(notes: string): Promise<void>;
}

/** The units of a plan that are not done. */
export async function unitsLeft(folder: string, { units }: ScanPlan): Promise<number[]> {
  const left: number[] = [];
  for (const unit of units.keys()) if ((await resultOf(folder, unit)) === undefined) left.push(unit);
  return left;
}

/** Findings that are written together. */
const BLOCK = 500;

/** Writes and counts what was found; resolves with whether all inputs could be read. All units must be done.
 * @throws Problem `config.invalid` if a file of a unit is not as it was written */
export async function finishPlan({ folder, plan, ruleset, counter, write, tell }: PlanEnd): Promise<boolean> {
  let isComplete = true;
  const counted: RowsFile[] = [];
  for (const unit of plan.units.keys()) {
    const result = (await resultOf(folder, unit))!;
    isComplete &&= result.isComplete;
    counter.add(tallyOf(result));
    if (result.notes !== '') await tell(result.notes);
    const files = filesOfUnit(folder, unit);
    await writeFound(files.found, result.found, write);
    if (result.counted !== null) counted.push({ path: files.counted, ...result.counted });
  }
  try {
    await correlateRows(counted, { folder, plan, ruleset, counter, write });
  } catch (error) {
    throw error instanceof DamagedRows ? damaged(error.path, error) : error;
  }
  return isComplete;
}

async function correlateRows(
  counted: readonly RowsFile[],
  { folder, plan, ruleset, counter, write }: Omit<PlanEnd, 'tell'>,
): Promise<void> {
  const correlate = correlator(memoryStore());
  const receivedUnixNano = BigInt(Date.now()) * 1_000_000n;
  for await (const rows of mergeRows(counted, join(folder, 'last-'))) {
    const found: Found[] = [];
    for (const row of rows) {
      const kept = parseExactly(row.text) as KeptRecord;
      const correlated = correlateCounted(
        { time: row.time, events: kept.events },
        correlate,
        ruleset,
        receivedUnixNano,
      );
      if (correlated.raised.length + correlated.reported.length === 0) continue;
      const more = byMode(correlated);
      counter.countMore(kept, more);
      found.push(...foundAt(more, placeOf(row, kept, plan)));
    }
    if (found.length > 0) await write(found);
  }
}

function tallyOf({ tally }: UnitResult): Counter['tally'] {
  return { ...tally, rules: new Map(tally.rules.map((row, index) => [String(index), row])) };
}

function placeOf({ input, record }: CountedRow, { line }: KeptRecord, { inputs }: ScanPlan) {
  return { file: inputs[input]!.name, record, line };
}

function byMode({ raised, reported }: Correlated) {
  const findings = (mode: string): Finding[] => raised.filter((one) => one.mode === mode).map(({ finding }) => finding);
  const reports = (mode: string): Report[] => reported.filter((one) => one.mode === mode).map(({ report }) => report);
  return {
    findings: findings('live'),
    shadow: findings('shadow'),
    reports: reports('live'),
    shadowReports: reports('shadow'),
  };
}

/** @param count how many lines the file has */
async function writeFound(path: string, count: number, write: PlanEnd['write']): Promise<void> {
  let rows: Found[] = [];
  let read = 0;
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    rows.push(foundIn(line, path));
    read++;
    if (rows.length < BLOCK) continue;
    await write(rows);
    rows = [];
  }
  if (rows.length > 0) await write(rows);
  if (read !== count) throw damaged(path);
}

function foundIn(line: string, path: string): Found {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw damaged(path, error);
  }
}
