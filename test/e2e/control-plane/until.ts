import { setTimeout as sleep } from 'node:timers/promises';

/** @throws Error if the condition is not met within a minute */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await isSo()); attempt++) {
    if (attempt === 600) throw new Error(`waited in vain for 60 s until ${what}`);
    await sleep(100);
  }
}
