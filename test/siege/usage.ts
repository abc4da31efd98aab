/** The resources that a process has used, as Linux reports them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Seconds of CPU used by all threads of a process. */
export function cpuOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, thread) => sum + scheduled(`/proc/${pid}/task/${thread}`)[0]!,
    0,
  );
}

/** Seconds that a thread was ready but did not run. @param thread the calling one if it is undefined */
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

/** MiB of resident memory: the peak since it was last reset, and now. */
export function memoryOf(pid: number): { peak: number; now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { peak: mebibytes('VmHWM'), now: mebibytes('VmRSS') };
}

/** Resets the peak. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
