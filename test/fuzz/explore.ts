/** Extends the corpora of targets by inputs that reach new code. In a thread of its own, because code whose runs are counted is
 * slower for as long as it is loaded. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Explored {
  corpus: readonly Uint8Array[];
  runs: number;
  /** Characters of src/ that ran: with the seeds alone, and at the end. */
  covered: { seeds: number; all: number };
}

/** What `explorer.ts` sends: the result, or why the target failed. */
export type Result = Explored | { failure: string };

/** What it is sent. */
export interface Exploration {
  target: string;
  seed: number;
  seconds: number;
}

/** Starts the thread, which processes one target after another.
 * @throws Error as `fuzz` does */
export function openExplorer(): (exploration: Exploration) => Promise<Explored> {
  const worker = new Worker(new URL('./explorer.ts', import.meta.url));
  worker.unref();
  return async (exploration) => {
    worker.postMessage(exploration);
    const [result] = (await once(worker, 'message')) as [Result];
    if ('failure' in result) throw new Error(result.failure);
    return result;
  };
}
