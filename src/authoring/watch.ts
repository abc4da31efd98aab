/** Notices when files are changed by an author of rules. */
import { setTimeout as sleep } from 'node:timers/promises';
import { filesSeen } from '../rules/files-seen.ts';

export interface Watch {
  /** Yields the paths that changed since the start or the last yield, each time that files have changed and come to rest; the
   * signal ends it. */
  changes(signal: AbortSignal): AsyncGenerator<string[]>;
}

/** Short for a person who waits for an answer, and long for a program that writes a file. */
const lookMilliseconds = 250;

/** Rules, lists, exceptions and settings, and the cases beside rules. */
const isRead = /\.(ya?ml|cases\.json)$/;

/** Records the current state of the files, as the base for changes.
 * @param pathsOf files and folders, called at each look */
export async function openWatch(pathsOf: () => readonly string[]): Promise<Watch> {
  const look = () => filesSeen(pathsOf(), isRead);
  let known = await look();

  async function* changes(signal: AbortSignal): AsyncGenerator<string[]> {
    let seen = known;
    const rest = () => sleep(lookMilliseconds, true, { signal }).catch(() => false);
    while (await rest()) {
      const before = seen;
      seen = await look();
      // Do not read a file that is still being written.
      if (differing(before, seen).length > 0) continue;
      const changed = differing(known, seen);
      known = seen;
      if (changed.length > 0) yield changed;
    }
  }

  return { changes };
}

function differing(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((path) => one.get(path) !== other.get(path));
}
