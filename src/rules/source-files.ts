/** Finds and reads the YAML files that a setting names: rules, lists, exceptions. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem.ts';
import type { RuleProblem } from '../sigma/index.ts';

/** Bytes of a file; no reader accepts a longer one. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;

export interface SourceFile {
  path: string;
  text: string;
}

/** The files of the given paths, in their order, those of a folder sorted; what cannot be read is a problem.
 * @param paths files, or folders that are searched for `*.yml` and `*.yaml`
 * @param setting that the paths come from
 * @returns with `isUnread`, whether the system did not let something be read, which may resolve itself
 * @throws Problem `rule.invalid` when a path does not exist */
export function readSources(
  paths: readonly string[],
  setting: string,
): { files: SourceFile[]; problems: RuleProblem[]; isUnread: boolean } {
  let isUnread = false;
  const files: SourceFile[] = [];
  const problems: RuleProblem[] = [];
  const refuse = (path: string, message: string, hint: string) =>
    problems.push({ path, line: 1, column: 1, message, hint });
  const unreadable = (path: string, error: unknown) => {
    isUnread = true;
    refuse(path, `it cannot be read: ${(error as Error).message}`, 'let Tripline read it, or remove it');
  };
  for (const path of paths.flatMap((path) => filesOf(path, setting, unreadable))) {
    try {
      const status = statSync(path);
      if (!status.isFile()) refuse(path, 'this is not a file', 'name a file with YAML, or a folder of them');
      else if (status.size > MAX_FILE_BYTES)
        refuse(path, `the file is longer than ${MAX_FILE_BYTES} bytes`, 'split the file');
      else files.push({ path, text: readFileSync(path, 'utf8') });
    } catch (error) {
      unreadable(path, error);
    }
  }
  return { files, problems, isUnread };
}

type Unreadable = (path: string, error: unknown) => void;

function filesOf(path: string, setting: string, unreadable: Unreadable): string[] {
  if (!existsSync(path)) throw new Problem('rule.invalid', `${path} does not exist; check the setting '${setting}'`);
  return statSync(path).isDirectory() ? filesBelow(path, new Set(), unreadable) : [path];
}

/** Hidden files are skipped: a ConfigMap's files are in `..data` and `..2026_01_02_03_04_05.67` as well as beside them,
 * and editors keep copies and locks as `.#x.yml`. Links are followed, since a mounted file is one; but each folder is
 * entered once, so that a link to a folder above does not loop.
 * @param entered the real paths of the folders so far */
function filesBelow(folder: string, entered: Set<string>, unreadable: Unreadable): string[] {
  try {
    const place = realpathSync(folder);
    if (entered.has(place)) return [];
    entered.add(place);
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.'))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        const { name } = entry;
        const path = join(folder, name);
        if (!entry.isFile() && isFolder(path)) return filesBelow(path, entered, unreadable);
        return /\.ya?ml$/.test(name) ? [path] : [];
      });
  } catch (error) {
    unreadable(folder, error);
    return [];
  }
}

/** Whatever cannot be examined counts as a file: reading it reports why. */
function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}
