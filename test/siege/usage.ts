/** What a process has used, as Linux says. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Seconds of CPU of all threads that a process has. */
export function cpuOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) => sum + scheduled(`/proc/${pid}/task/${thread}`)[0]!,
    0,
  );
}

/** Seconds that a thread was ready and did not run. @param thread the calling one where it is undefined */
export function waitedOf(pid: number, thread: number | undefined): number {
  try {
    return scheduled(thread === undefined ? '/proc/thread-self' : `/proc/${pid}/task/${thread}`)[1]!;
  } catch {
    return 0;
  }
}

function scheduled(path: string): number[] {
  return readFileSync(`${path}/schedstat`, 'utf8')
    .split(' ')
    .map((nanoseconds) => Number(nanoseconds) / 1e9);
}

/** MiB of resident memory: the most since it was last forgotten, and now. */
export function memoryOf(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { peak: mebibytes('VmHWM'), now: mebibytes('VmRSS') };
}

/** Lets the peak begin anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
