/** Scans units of a plan in several threads. */
import { Worker } from 'node:worker_threads';
import type { Config } from '../config/index.ts';
import type { Failure } from '../server/thread-messages.ts';
import type { ScanPlan } from './plan.ts';

/** What a thread is started with. */
export interface UnitStart {
  folder: string;
  plan: ScanPlan;
  config: Config;
  environment: Readonly<Record<string, string | undefined>>;
}

/** What a thread reports. */
export type UnitNews =
  | { kind: 'bytes'; unit: number; bytes: number }
  | { kind: 'done'; unit: number }
  | { kind: 'failed'; unit: number; failure: Failure };

export interface UnitsProgress {
  /** Called with the bytes, as stored, that have been read of all units, and the number of units that are done. */
  onProgress(bytes: number, done: number): void;
  /** Called with a unit that could not be scanned. */
  onFailed(unit: number, message: string): void;
}

/** Resolves when each unit is done or has failed: one that fails does not affect the others.
 * @param jobs threads at the same time */
export async function runUnits(
  units: readonly number[],
  jobs: number,
  start: UnitStart,
  { onProgress, onFailed }: UnitsProgress,
): Promise<void> {
  const waiting = [...units];
  const reading = new Map<number, number>();
  let bytesDone = 0;
  let done = 0;
  const show = () => onProgress(bytesDone + [...reading.values()].reduce((sum, bytes) => sum + bytes, 0), done);

  /** One thread, until there is no unit left or a defect ends it. */
  async function work(): Promise<void> {
    const worker = startThread(start);
    const ended = Promise.withResolvers<void>();
    let unit: number | undefined;
    const next = () => {
      unit = waiting.shift();
      if (unit === undefined) ended.resolve();
      else worker.postMessage(unit);
    };
    worker.on('message', (news: UnitNews) => {
      if (news.kind === 'bytes') reading.set(news.unit, news.bytes);
      else {
        reading.delete(news.unit);
        bytesDone += bytesOf(start.plan, news.unit);
        if (news.kind === 'done') done++;
        else onFailed(news.unit, news.failure.code === undefined ? describe(news.failure) : news.failure.message);
        next();
      }
      show();
    });
    worker.on('error', (error) => {
      if (unit !== undefined) onFailed(unit, (error as Error).message);
      unit = undefined;
      ended.resolve();
    });
    next();
    await ended.promise;
    await worker.terminate();
  }

  while (waiting.length > 0) await Promise.all(Array.from({ length: Math.min(jobs, waiting.length) }, work));
}

/** A defect is described with its stack. */
function describe({ message, stack }: Failure): string {
  return stack ?? message;
}

function startThread(start: UnitStart): Worker {
  // Works from source and as built, where this code is in a file in a sibling folder.
  const file = new URL(`../scanning/unit-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
  return new Worker(file, { name: 'units', workerData: start, env: { ...start.environment } });
}

/** Bytes of the inputs of a unit, as stored. */
export function bytesOf({ inputs, units }: ScanPlan, unit: number): number {
  const [from, to] = units[unit]!;
  return inputs.slice(from, to).reduce((sum, { size }) => sum + size, 0);
}
