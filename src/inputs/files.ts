/** The files that a path stands for. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The file itself; for a folder the files in it and below it, in the order of their names, except names that begin with a
 * dot.
 * @throws the system's error if there is no such path */
export async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  for (const entry of names) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) files.push(...(await filesOf(inner)));
    // A symbolic link may lead anywhere, even in circles; one to a file is as good as the file.
    else if (entry.isFile() || (entry.isSymbolicLink() && (await stat(inner)).isFile())) files.push(inner);
  }
  return files;
}
