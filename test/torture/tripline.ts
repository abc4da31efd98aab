/** Tripline as a process that is restarted whenever it ends, as by a kubelet. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Oracle } from './oracle.ts';

export interface Tripline {
  /** Resolves when it listens, or has ended before. */
  ready(): Promise<void>;
  /** Sends a signal that ends it, and waits this long after its end before it is restarted. */
  end(signal: 'SIGKILL' | 'SIGTERM', pauseMilliseconds: number): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): void;
  /** Stops it permanently.
   * @returns its exit code */
  close(): Promise<number | null>;
  counts: { starts: number; refusedStarts: number };
}

export interface TriplineParts {
  /** The program and its arguments. */
  command: readonly string[];
  log: string;
  oracle: Oracle;
  /** Whether something that it needs for a start and for a clean end was failing at some time since, in terms of
   * performance.now(). */
  mayRefuse(since: number): boolean;
}

const RESTART_MS = 100;

export function startTripline({ command, log, oracle, mayRefuse }: TriplineParts): Tripline {
  const counts = { starts: 0, refusedStarts: 0 };
  let child: ChildProcess;
  let ended: Promise<unknown>;
  let ready = Promise.withResolvers<void>();
  /** Set from a signal until the next start. */
  let asked: NodeJS.Signals | undefined;
  let askedAt = 0;
  let pause = RESTART_MS;
  let isWanted = true;

  async function live(): Promise<void> {
    counts.starts++;
    const begun = performance.now();
    const file = openSync(log, 'a');
    child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', file] });
    closeSync(file);
    let listens = false;
    child.stdout!.on('data', (text) => {
      if (!String(text).includes('listens on')) return;
      listens = true;
      ready.resolve();
    });
    const orphan = () => child.kill('SIGKILL');
    process.once('exit', orphan);
    ended = once(child, 'exit');
    await ended;
    process.off('exit', orphan);
    const { exitCode, signalCode } = child;
    // What was not written is lost; a process that ends by itself writes everything.
    if (exitCode === null || mayRefuse(askedAt)) oracle.stateLost();
    if (asked !== undefined) return;
    if (!listens && exitCode === 2 && mayRefuse(begun)) counts.refusedStarts++;
    else oracle.fault('process', `Tripline ended by itself with ${exitCode ?? signalCode}: see ${log}`);
  }

  const living = (async () => {
    while (isWanted) {
      await live();
      ready.resolve();
      ready = Promise.withResolvers();
      await sleep(pause);
      asked = undefined;
      pause = RESTART_MS;
    }
  })();

  return {
    ready: () => ready.promise,
    async end(signal, pauseMilliseconds) {
      asked = signal;
      askedAt = performance.now();
      pause = pauseMilliseconds;
      child.kill(signal);
      await ended;
    },
    signal: (signal) => void child.kill(signal),
    async close() {
      isWanted = false;
      asked = 'SIGTERM';
      pause = 0;
      child.kill('SIGTERM');
      await living;
      return child.exitCode;
    },
    counts,
  };
}
