/** What files look like from outside, to notice that there is something new to read. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** One line for each file and folder, by its path, which differs when there is something new to read. Errors are a state
 * like any other. A look that hangs, as on an unreachable file server, blocks nothing but the next look.
 * @param isRead names of files that are looked at in folders */
export async function filesSeen(paths: readonly string[], isRead: RegExp): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  for (const path of paths) await see({ path }, isRead, new Set(), lines);
  return lines;
}

/** Visits what the loader would find: nothing hidden, links followed, each folder once. The inode is left out, as some
 * network file systems invent a new one each time; the time of the last change of the inode is included, which nobody can
 * set back.
 * @param place the real path, if it is known already */
async function see(
  { path, place }: { path: string; place?: string },
  isRead: RegExp,
  entered: Set<string>,
  lines: Map<string, string>,
): Promise<void> {
  try {
    const real = place ?? (await realpath(path));
    const file = await stat(path, { bigint: true });
    if (!file.isDirectory()) {
      lines.set(path, `${path} ${real} ${file.size} ${file.mtimeNs} ${file.ctimeNs}`);
      return;
    }
    if (entered.has(real)) return;
    entered.add(real);
    lines.set(path, `${path} ${real}`);
    const entries = await readdir(path, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name } = entry;
      if (name.startsWith('.') || (entry.isFile() && !isRead.test(name))) continue;
      const below = { path: join(path, name), ...(!entry.isSymbolicLink() && { place: join(real, name) }) };
      await see(below, isRead, entered, lines);
    }
  } catch (error) {
    lines.set(path, `${path} ${(error as NodeJS.ErrnoException).code}`);
  }
}
