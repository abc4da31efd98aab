/** Which part of a plan a command line asks for. */
import { availableParallelism } from 'node:os';
import { UsageError } from '../../command-line/declaration.ts';
import { quote } from '../../sigma/index.ts';

export interface Part {
  /** Of the plan. */
  folder: string;
  /** Units that are scanned at the same time. */
  jobs: number;
  /** Every `of`th unit from the `index`th on; undefined for all of them, and the report. */
  shard: { index: number; of: number } | undefined;
  /** Whether only the report is made. */
  isFinish: boolean;
  /** Whether the contents of the folder are discarded. */
  isRestart: boolean;
}

export interface PartOptions {
  plan: string | undefined;
  jobs: string | undefined;
  shard: string | undefined;
  finish: boolean;
  restart: boolean;
}

/** @returns undefined if no plan is asked for
 * @throws UsageError for options that do not go together */
export function partOf(
  { plan: folder, jobs, shard, finish: isFinish, restart: isRestart }: PartOptions,
  paths: readonly string[],
): Part | undefined {
  if (folder === undefined) {
    if (jobs === undefined && shard === undefined && !isFinish && !isRestart) return undefined;
    throw new UsageError('--jobs, --shard, --finish and --restart are about a plan', 'name its folder with --plan');
  }
  if (folder === '') throw new UsageError('--plan does not name a folder', 'name one, such as --plan backtest');
  if (isFinish && (shard !== undefined || isRestart)) {
    throw new UsageError('--finish cannot be combined with --shard or --restart', 'leave them out');
  }
  if (isFinish && paths.length > 0) throw new UsageError('the plan has the paths', 'leave them out with --finish');
  if (!isFinish && paths.length === 0) {
    throw new UsageError('a plan needs inputs that can be read again', 'name files, folders or addresses of objects');
  }
  if (shard !== undefined && isRestart) {
    throw new UsageError('other parts may be using the folder', 'remove it when none is, and leave out --restart');
  }
  return { folder, jobs: jobsOf(jobs), shard: shardOf(shard), isFinish, isRestart };
}

function jobsOf(text: string | undefined): number {
  if (text === undefined) return availableParallelism();
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`${quote(text)} is not a number of jobs`, 'write 1 or more');
  return Number(text);
}

function shardOf(text: string | undefined): Part['shard'] {
  if (text === undefined) return undefined;
  const [, index, of] = (/^(\d{1,6})\/([1-9]\d{0,5})$/.exec(text) ?? []).map(Number);
  if (index === undefined || of === undefined || index >= of) {
    throw new UsageError(`${quote(text)} is not a part`, 'write 0/8 for the first of eight, 7/8 for the last');
  }
  return { index, of };
}
