/** Notices that files were changed by whoever writes rules. */
import { setTimeout as sleep } from 'node:timers/promises';
import { filesSeen } from '../rules/files-seen.ts';

export interface Watch {
  /** The paths that have changed since the start or since the last, each time that files have changed and come to rest;
   * ends by the signal. */
  changes(signal: AbortSignal): AsyncGenerator<string[]>;
}

/** Short for who waits for an answer, and long for what writes a file. */
const lookMilliseconds = 250;

/** Rules, lists, exceptions and settings, and the cases beside rules. */
const isRead = /\.(ya?ml|cases\.json)$/;

/** Looks at the files as they are now, for the changes from there on.
 * @param pathsOf files and folders, asked at each look */
export async function openWatch(pathsOf: () => readonly string[]): Promise<Watch> {
  const look = () => filesSeen(pathsOf(), isRead);
  let known = await look();

  async function* changes(signal: AbortSignal): AsyncGenerator<string[]> {
    let seen = known;
    const rest = () => sleep(lookMilliseconds, true, { signal }).catch(() => false);
    while (await rest()) {
      const before = seen;
      seen = await look();
      // A file that is being written is not read half.
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
