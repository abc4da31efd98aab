/** One unit of a plan: scans its inputs with rules alone, and keeps what correlations will count. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { describeError } from '../command-line/cli-errors.ts';
import type { Output } from '../command-line/process-io.ts';
import { headsOf } from '../command-line/rule-options.ts';
import type { Config } from '../config/index.ts';
import { type CountedRecord, counter as countedStep } from '../correlate/counted-records.ts';
import type { Ruleset } from '../detect.ts';
import { documentBytes } from '../inputs/open.ts';
import { openInOrder, type Source, sourceFinder } from '../inputs/sources.ts';
import { stringifyExactly } from '../json/exact.ts';
import { partsOf } from '../pipeline-dependencies.ts';
import { Problem } from '../problem.ts';
import { printable } from '../sigma/rule-problem.ts';
import type { Verdict } from '../tag.ts';
import { type RowsFile, sortRows } from './counted-rows.ts';
import type { ScanPlan } from './plan.ts';
import { type Found, type Scan, scanInput } from './scan-input.ts';
import { type RuleTally, startTally, type Tally } from './tally.ts';
import { renameWhole, writeWhole } from './whole-file.ts';

/** The result of a unit, besides the files of its findings and of its counted records. */
export interface UnitResult {
  isComplete: boolean;
  /** What there is to say about its inputs, for stderr. */
  notes: string;
  tally: Omit<Tally, 'rules'> & { rules: readonly RuleTally[] };
  /** The times that its counted records cover; null if there are none. */
  counted: Pick<RowsFile, 'from' | 'to'> | null;
  /** Number of lines in the file of its findings. */
  found: number;
}

/** What is kept of a record for the correlations, besides its place. */
export interface KeptRecord extends Pick<CountedRecord, 'events'> {
  line?: number;
  verdict: Verdict;
  isUndecided: boolean;
}

export interface UnitSurroundings {
  folder: string;
  plan: ScanPlan;
  config: Config;
  ruleset: Ruleset;
  environment: Readonly<Record<string, string | undefined>>;
  /** Called now and then with the number of bytes, as stored, that have been read of the unit. */
  onBytes(bytes: number): void;
}

/** The files of a unit. The result is written once the others are complete. */
export function filesOfUnit(folder: string, unit: number) {
  const at = (kind: string) => join(folder, `unit-${unit}.${kind}`);
  return { result: at('result'), found: at('found'), counted: at('counted') };
}

/** @returns undefined for a unit that is not done
 * @throws Problem `config.invalid` for a file that is not as it was written */
export async function resultOf(folder: string, unit: number): Promise<UnitResult | undefined> {
  const { result: path } = filesOfUnit(folder, unit);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const result = JSON.parse(text) as UnitResult;
    if (Array.isArray(result.tally.rules) && Number.isInteger(result.found)) return result;
  } catch {
    // Reported below.
  }
  throw damaged(path);
}

/** @param path of a file of a unit */
export function damaged(path: string, cause?: unknown): Problem {
  const result = path.replace(/[^.]*$/, 'result');
  const remedy = `remove ${printable(result)}, and run the same command, which scans that unit again`;
  return new Problem('config.invalid', `${printable(path)} differs from what was written; ${remedy}`, { cause });
}

/** Scans a unit and writes its result, which includes what is wrong with the contents of an input.
 * @throws Problem, or the system's error, if an input cannot be read now, or is not as it was when planned */
export async function scanUnit(unit: number, around: UnitSurroundings): Promise<void> {
  const { folder, plan, config, ruleset } = around;
  const files = filesOfUnit(folder, unit);
  const part = randomUUID();
  const [first, end] = plan.units[unit]!;
  const sources = await findSources(plan, first, end, around.environment);
  const foundPart = `${files.found}.${part}`;
  const countedPart = `${files.counted}.${part}`;
  const found = openLines(foundPart);
  const sorter = sortRows(countedPart);
  const notes: string[] = [];
  const stderr: Output = { ...plain, write: async (text) => void notes.push(String(text)) };
  const counter = startTally(headsOf(ruleset));

  /** For the records of a batch, in order. */
  let counted: (CountedRecord | undefined)[] = [];
  let last = 0;
  let index = first;
  let bytesBefore = 0;
  let bytesRead = () => 0;
  const scan: Scan = {
    parts: partsOf(
      config,
      () => ruleset,
      [],
      countedStep((record) => void counted.push(record)),
    ),
    wanted: 'findings',
    list: { write: (rows) => found.write(rows), async end() {} },
    counter,
    stdout: { ...plain, async write() {} },
    stderr,
    isLineOpen: false,
    onRecord(detection, { record, line }) {
      const one = counted.shift();
      if (one === undefined) return;
      const isUndecided = 'undecided' in detection && detection.undecided.length > 0;
      const kept: KeptRecord = {
        ...(line !== undefined && { line }),
        verdict: detection.verdict,
        isUndecided,
        events: one.events,
      };
      last = one.time ?? last;
      sorter.add({ time: last, input: index, record, text: stringifyExactly(kept) });
    },
    async onBatch() {
      counted = [];
      await sorter.settle();
      around.onBytes(bytesBefore + bytesRead());
    },
  };

  let isComplete = true;
  try {
    for (const input of openInOrder(sources, { maxBytes: documentBytes(config.limits.maxDecompressedBytes) })) {
      bytesRead = input.bytesRead;
      try {
        isComplete = (await scanInput(input, scan)) && isComplete;
      } catch (error) {
        // An input that cannot be fetched now may be available later; one that cannot be understood stays as it is.
        if (!(error instanceof Problem) || error.code === 'storage.failed') throw named(input.name, error);
        isComplete = false;
        notes.push(`tripline: ${printable(input.name)}: ${error.message}\n`);
      }
      bytesBefore += sources[index - first]!.size ?? 0;
      index++;
    }
    await found.end();
    const rows = await sorter.end();
    const { rules, ...tally } = counter.tally;
    const result: UnitResult = {
      isComplete,
      notes: notes.join(''),
      tally: { ...tally, rules: [...rules.values()] },
      counted: rows === undefined ? null : { from: rows.from, to: rows.to },
      found: found.count(),
    };
    if (rows !== undefined) await rename(countedPart, files.counted);
    await renameWhole(foundPart, files.found);
    await writeWhole(files.result, JSON.stringify(result));
  } catch (error) {
    found.destroy();
    await rm(foundPart, { force: true });
    await rm(countedPart, { force: true });
    throw error;
  }
}

const plain = { columns: undefined, rows: undefined, hasColors: false };

async function findSources(
  { inputs }: ScanPlan,
  first: number,
  end: number,
  environment: UnitSurroundings['environment'],
): Promise<Source[]> {
  const find = sourceFinder(environment);
  const sources: Source[] = [];
  for (const input of inputs.slice(first, end)) {
    sources.push(await find(input).catch((error) => Promise.reject(named(input.name, error))));
  }
  return sources;
}

/** The error with the input's name in its message. */
function named(name: string, error: unknown): unknown {
  if (error instanceof Problem)
    return new Problem(error.code, `${printable(name)}: ${error.message}`, { cause: error });
  const { syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  return new Problem('body.unreadable', `${printable(name)}: ${describeError(error)}`, { cause: error });
}

/** A file of findings, one per line. */
function openLines(path: string) {
  const stream = createWriteStream(path, { flush: true, mode: 0o600 });
  let failure: { error: Error } | undefined;
  let count = 0;
  stream.on('error', (error) => (failure = { error }));
  return {
    count: () => count,
    async write(rows: readonly Found[]): Promise<void> {
      if (failure !== undefined) throw failure.error;
      count += rows.length;
      if (!stream.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))) {
        await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
      }
    },
    async end(): Promise<void> {
      if (failure !== undefined) throw failure.error;
      stream.end();
      await finished(stream);
    },
    destroy: () => stream.destroy(),
  };
}
