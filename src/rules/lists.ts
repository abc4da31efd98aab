/** The lists that rules call by name: those that come with Tripline, and the operator's own. */
import { fileURLToPath } from 'node:url';
import { type List, parseList, type RuleProblem } from '../sigma/index.ts';
import { lastGood } from './broken.ts';
import { type Reader, readOnce } from './readings.ts';
import { readSources, type SourceFile } from './source-files.ts';

/** The folder of the lists that come with Tripline. */
export const bundledLists = fileURLToPath(new URL('../../lists', import.meta.url));

export interface LoadedLists {
  /** Sorted by name. */
  lists: List[];
  files: SourceFile[];
  problems: RuleProblem[];
  /** Earlier lists that are used in place of what cannot be read. */
  kept: List[];
  /** As in readSources. */
  isUnread: boolean;
}

/** Loads the bundled lists, and those of the given paths, which replace bundled ones of the same name.
 * @param before what was loaded before: anything in it that is broken by now stays as it was
 * @throws Problem `rule.invalid` when a path does not exist */
export function loadLists(paths: readonly string[], before: readonly List[] = []): LoadedLists {
  const bundled = listsIn([bundledLists], []);
  const own = listsIn(paths, before);
  const lists = new Map([...bundled.lists, ...own.lists].map((list) => [list.name, list]));
  return {
    lists: [...lists.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    files: [...bundled.files, ...own.files],
    problems: [...bundled.problems, ...own.problems],
    kept: own.kept,
    isUnread: own.isUnread,
  };
}

export const listReader: Reader<ReturnType<typeof parseList>> = {
  read: ({ path, text }) => parseList(text, path),
  dependsOn: 'a list',
  versionOf: () => '',
  moved: ({ list, problems }, path) => ({ list: list && { ...list, path }, problems }),
};

function listsIn(paths: readonly string[], before: readonly List[]): LoadedLists {
  const { files, problems, isUnread } = readSources(paths, 'lists');
  const lists = new Map<string, List>();
  for (const file of files) {
    const { path } = file;
    const parsed = readOnce(listReader, file);
    problems.push(...parsed.problems);
    const { list } = parsed;
    if (list === undefined) continue;
    const other = lists.get(list.name);
    if (other === undefined) lists.set(list.name, list);
    else {
      const message = `the list in ${other.path} already has the name '${list.name}'`;
      problems.push({ path, line: 1, column: 1, message, hint: 'rename the file, or merge the two' });
    }
  }
  const kept = lastGood(before, [...lists.values()], problems).filter(({ name }) => !lists.has(name));
  return { lists: [...lists.values(), ...kept], files, problems, kept, isUnread };
}

/** What `%name%` stands for in rules.
 * @param instead values that replace those of lists, by name */
export function placeholdersOf(
  lists: readonly List[],
  instead: Readonly<Record<string, readonly string[]>> = {},
): ReadonlyMap<string, readonly string[]> {
  return new Map([...lists.map(({ name, values }) => [name, values] as const), ...Object.entries(instead)]);
}
