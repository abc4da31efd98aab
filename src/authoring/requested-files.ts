/** The files that a command is asked about, among all files of a rule set. */
import { existsSync, realpathSync } from 'node:fs';
import { Problem } from '../problem.ts';
import type { RuleSources } from '../rules/index.ts';
import { bundledLists } from '../rules/lists.ts';
import { readSources, type SourceFile } from '../rules/source-files.ts';
import type { RuleProblem } from '../sigma/index.ts';

export interface RequestedFiles {
  /** Rules, correlations and filters. */
  documents: SourceFile[];
  lists: SourceFile[];
  /** Owner lists; those of the configuration are read with its rules. */
  owners: SourceFile[];
  /** Problems of files that cannot be read. */
  problems: RuleProblem[];
  /** The requested files first, then the others of the configuration, which those may refer to. */
  sources: RuleSources;
}

/** The files at the paths, or, without a path, all that the configuration names.
 * @throws Problem `rule.invalid` if a path does not exist */
export function requestedFiles(paths: readonly string[], config: RuleSources): RequestedFiles {
  const { rules, lists = [], exceptions = [] } = config;
  if (paths.length === 0) {
    const documents = [readSources(rules, 'rules'), readSources(exceptions, 'exceptions')];
    const values = readSources([bundledLists, ...lists], 'lists');
    return {
      documents: documents.flatMap(({ files }) => files),
      lists: values.files,
      owners: [],
      problems: [...documents, values].flatMap(({ problems }) => problems),
      sources: config,
    };
  }
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) throw new Problem('rule.invalid', `${missing} does not exist`);
  const { files, problems } = readSources(paths, 'rules');
  const { documents = [], lists: listed = [], owners = [] } = Object.groupBy(files, kindOf);
  const requested = { documents, lists: listed, owners };
  const places = new Set(files.map(({ path }) => realpathSync(path)));
  const others = (named: readonly string[], setting: string) =>
    readSources(named, setting)
      .files.map(({ path }) => path)
      .filter((path) => !places.has(realpathSync(path)));
  return {
    ...requested,
    problems,
    sources: {
      ...config,
      rules: [...requested.documents.map(({ path }) => path), ...others(rules, 'rules')],
      lists: [...requested.lists.map(({ path }) => path), ...others(lists, 'lists')],
      exceptions: others(exceptions, 'exceptions'),
    },
  };
}

/** Identifies a file by its keys, as nothing else says what it is meant to be. */
function kindOf({ text }: SourceFile): 'documents' | 'lists' | 'owners' {
  if (/^(detection|correlation|filter)\s*:/m.test(text)) return 'documents';
  if (/^values\s*:/m.test(text)) return 'lists';
  return /^owners\s*:/m.test(text) ? 'owners' : 'documents';
}
