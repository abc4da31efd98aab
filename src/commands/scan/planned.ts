/** A scan in units, following a plan that is kept in a folder. */
import { join } from 'node:path';
import type { ListingForm } from '../../command-line/output-format.ts';
import type { ProcessIo } from '../../command-line/process-io.ts';
import { unitsProgress } from '../../command-line/progress.ts';
import { headsOf } from '../../command-line/rule-options.ts';
import { numbered } from '../../command-line/table.ts';
import type { Config } from '../../config/index.ts';
import { Problem } from '../../problem.ts';
import type { LoadedRules } from '../../rules/index.ts';
import { finishPlan, unitsLeft } from '../../scanning/finish.ts';
import { discardPlan, makeFolder, openPlan, readPlan, type ScanPlan, sweepParts } from '../../scanning/plan.ts';
import { bytesOf, runUnits } from '../../scanning/run-units.ts';
import type { Wanted } from '../../scanning/scan-input.ts';
import { startTally } from '../../scanning/tally.ts';
import { printable } from '../../sigma/rule-problem.ts';
import { lockFile } from '../../sinks/disk/lock.ts';
import type { Part } from './part.ts';
import { endReport, openFindings } from './report.ts';

interface PlannedScan {
  wanted: Wanted;
  form: ListingForm | undefined;
  paths: readonly string[];
  config: Config;
  loaded: LoadedRules;
}

/** Resolves with the exit code.
 * @throws Problem `config.invalid` if the folder has another plan */
export async function runPlan(part: Part, scan: PlannedScan, io: ProcessIo): Promise<number> {
  const { folder, shard, isFinish, isRestart } = part;
  if (isFinish && (await readPlan(folder)) === undefined) {
    throw new Problem('config.invalid', `there is no plan in ${folder}: create it with --plan and paths`);
  }
  // Several parts may run at once, as each has its own units; a process that does all units must be alone.
  const unlock = shard === undefined && !isFinish ? await lockPlan(folder) : () => {};
  try {
    if (isRestart) await discardPlan(folder);
    return await workByPlan(part, scan, io);
  } finally {
    unlock();
  }
}

async function lockPlan(folder: string): Promise<() => void> {
  await makeFolder(folder);
  try {
    return lockFile(join(folder, '.lock'));
  } catch (error) {
    throw new Problem('config.invalid', `the plan cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

async function workByPlan(
  { folder, shard, isFinish, ...part }: Part,
  scan: PlannedScan,
  io: ProcessIo,
): Promise<number> {
  const { ruleset, problems } = scan.loaded;
  const request = { folder, paths: scan.paths, version: io.version, ruleset, config: scan.config };
  const plan = await openPlan(request, io, shard !== undefined || isFinish);
  // Files that others are still writing look like leftovers.
  if (shard === undefined && !isFinish) await sweepParts(folder);
  if (!isFinish) {
    const isScanned = await scanUnits(plan, { folder, shard, isFinish, ...part }, scan, io);
    if (!isScanned) return 2;
    if (shard !== undefined) return problems.length === 0 ? 0 : 2;
  }
  const left = await unitsLeft(folder, plan);
  if (left.length > 0) {
    await io.stderr.write(
      `tripline: ${numbered(left.length, 'unit')} of ${plan.units.length} not done yet: ${left.slice(0, 20).join(', ')}\n`,
    );
    return 2;
  }
  const list = openFindings(io, scan.form);
  const counter = startTally(headsOf(ruleset));
  const couldBeRead = await finishPlan({
    folder,
    plan,
    ruleset,
    counter,
    write: async (rows) => {
      if (scan.wanted === 'findings') await list.write(rows);
    },
    tell: (notes) => io.stderr.write(notes),
  });
  const isComplete = couldBeRead && problems.length === 0;
  return endReport(io, { wanted: scan.wanted, form: scan.form, list, tally: counter.tally, isComplete });
}

/** Scans the units of the part that are not done; resolves with whether all of them are done then. */
async function scanUnits(
  plan: ScanPlan,
  { folder, jobs, shard }: Part,
  { config }: PlannedScan,
  { environment, stderr }: ProcessIo,
): Promise<boolean> {
  const isOfPart = (unit: number) => shard === undefined || unit % shard.of === shard.index;
  const units = (await unitsLeft(folder, plan)).filter(isOfPart);
  const bytes = units.reduce((sum, unit) => sum + bytesOf(plan, unit), 0);
  const progress = unitsProgress({ bytes, units: units.length }, stderr);
  let failed = 0;
  let written = Promise.resolve();
  const tell = (write: () => Promise<void>) => {
    written = written.then(write);
  };
  await runUnits(
    units,
    jobs,
    { folder, plan, config, environment },
    {
      onProgress: (read, done) => tell(() => progress.show(read, done)),
      onFailed(unit, message) {
        failed++;
        tell(async () => {
          await progress.hide();
          await stderr.write(`tripline: unit ${unit}: ${message.split('\n').map(printable).join('\n')}\n`);
        });
      },
    },
  );
  await written;
  await progress.hide();
  if (failed > 0) {
    await stderr.write(
      `tripline: ${numbered(failed, 'unit')} could not be scanned; run the same command to retry them\n`,
    );
  }
  return failed === 0;
}
