/** Writes an exception that is to be committed. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Proposal } from './proposal.ts';

/** Writes one new file into an existing folder, and resolves with its path.
 * @throws the system's error: `EEXIST` if a file of this name already exists, `ENOENT`, `EACCES` */
export async function writeException(folder: string, { name, yaml }: Pick<Proposal, 'name' | 'yaml'>): Promise<string> {
  const path = join(folder, `${name}.yml`);
  const other = join(folder, `${name}.yaml`);
  if (existsSync(other)) throw Object.assign(new Error(`${other} already exists`), { code: 'EEXIST', syscall: 'open' });
  await writeFile(path, yaml, { flag: 'wx' });
  return path;
}
