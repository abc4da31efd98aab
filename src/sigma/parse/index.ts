/** Reads the text of a rule file, and reports at once everything that is wrong with it. */
import { isMap, isScalar, type YAMLMap } from 'yaml';
import type { Correlation, Filter, Rule } from '../ast.ts';
import { quote, type RuleProblem } from '../rule-problem.ts';
import { readCollection } from './collection.ts';
import { namesWithin, readCorrelation } from './correlation.ts';
import { type DetectionContext, newBudget, readDetection } from './detection.ts';
import { readFilter } from './filter.ts';
import { readLevels } from './levels.ts';
import { readLogsource } from './logsource.ts';
import type { Placeholders } from './placeholder.ts';
import { readText } from './read-entry.ts';
import { type Entry, offsetOf, openFile, type RuleFile, readYaml, startOf } from './rule-file.ts';
import { type DocumentKind, membersOf, readHead } from './rule-head.ts';

/** What rules are read with besides their text. */
export interface ParseOptions {
  /** Names that fields of a Kubernetes rule may have, or begin with before a dot; without it any name will do. */
  knownFields?: Iterable<string>;
  /** What `%name%` stands for under the modifier expand. */
  placeholders?: Placeholders;
}

/** What a file spells, but for documents that anything is wrong with; and the problems, in order of place. */
export interface ParsedFile {
  rules: Rule[];
  correlations: Correlation[];
  filters: Filter[];
  problems: RuleProblem[];
}

/** Reads the rules, correlations and filters of a file.
 * @param text the whole file, decoded as UTF-8: one document, or several that may build on each other (`action`)
 * @param path of the file, for messages and for the names of documents that have none */
export function parseRules(text: string, path: string, options: ParseOptions = {}): ParsedFile {
  const file = openFile(text, path);
  const knownFields = options.knownFields && new Set(options.knownFields);
  const parsed: ParsedFile = { rules: [], correlations: [], filters: [], problems: [] };
  const ofFile = newBudget();
  for (const [index, root] of readCollection(file, readYaml(file)).entries()) {
    const before = file.count();
    const defaultName = index === 0 ? stem(path) : `${stem(path)}-${index + 1}`;
    const given = { defaultName, knownFields, placeholders: options.placeholders ?? new Map(), ofFile };
    const add = readDocument(file, root, given);
    if (file.count() === before) add?.(parsed);
  }
  parsed.problems = file.problems();
  return parsed;
}

/** The rule of a file that spells one, unless anything is wrong with it; see `parseRules`. */
export function parseRule(
  text: string,
  path: string,
  knownFields?: Iterable<string>,
): { rule?: Rule; problems: RuleProblem[] } {
  const { rules, problems } = parseRules(text, path, knownFields && { knownFields });
  const [rule] = rules;
  return rule === undefined || problems.length > 0 ? { problems } : { rule, problems };
}

interface Given extends Omit<DetectionContext, 'arrays'> {
  defaultName: string;
}

const kinds = {
  rule: {
    noun: 'rule',
    owes: ['logsource', 'detection'],
    tripline: ['summary', 'context', 'levels', 'mode', 'covers'],
  },
  correlation: {
    noun: 'correlation',
    owes: ['correlation'],
    tripline: ['summary', 'context', 'learning', 'mode', 'covers'],
  },
  filter: { noun: 'filter', owes: ['logsource', 'filter'], tripline: [] },
} satisfies Record<string, DocumentKind>;

/** Gives what a document spells to the list that it belongs to. */
function readDocument(file: RuleFile, root: YAMLMap, given: Given): ((parsed: ParsedFile) => void) | undefined {
  const members = membersOf(root);
  const spelled = ['detection', 'correlation', 'filter'].flatMap((key) => members.get(key) ?? []);
  for (const { key, keyNode } of spelled.slice(1)) {
    const message = `a document with ${quote(spelled[0]!.key)} cannot have ${quote(key)} too`;
    file.report(offsetOf(keyNode), message, 'write a document for each, parted by a line of ---');
  }
  switch (spelled[0]?.key) {
    case 'correlation': {
      const knownFields = given.knownFields && new Set([...given.knownFields, ...namesWithin(root)]);
      const head = readHead(file, root, kinds.correlation, { ...given, knownFields });
      const correlation = readCorrelation(file, root, head);
      return correlation && (({ correlations }) => correlations.push(correlation));
    }
    case 'filter': {
      const { head, logsource, context } = readSubject(file, root, kinds.filter, given);
      const read = readFilter(file, spelled[0], context);
      if (logsource === undefined || read === undefined) return undefined;
      const { path, id, name, title, description } = head;
      const filter = { path, ...(id !== undefined && { id }), name, title, description, logsource, ...read };
      return ({ filters }) => filters.push(filter);
    }
    default: {
      const rule = readRule(file, root, given);
      return rule && (({ rules }) => rules.push(rule));
    }
  }
}

function readRule(file: RuleFile, root: YAMLMap, given: Given): Rule | undefined {
  const members = membersOf(root);
  const { head, logsource, taxonomy, context } = readSubject(file, root, kinds.rule, given);
  const entry = members.get('detection');
  const detection = entry && readDetection(file, entry, context);
  const tripline = members.get('tripline')?.value;
  const levelsEntry = isMap(tripline) ? membersOf(tripline).get('levels') : undefined;
  const levels = levelsEntry && detection && readLevels(file, levelsEntry, [...detection.selections.keys()]);
  if (logsource === undefined || detection === undefined) return undefined;
  return { ...head, logsource, taxonomy, ...detection, levels: levels ?? [] };
}

/** What a document that has a logsource is about, and how its detection is to be read. */
function readSubject(file: RuleFile, root: YAMLMap, kind: DocumentKind, given: Given) {
  const members = membersOf(root);
  const taxonomy = readText(file, members.get('taxonomy'), { maxLength: 100 }) ?? 'sigma';
  const logsource = readLogsource(file, members.get('logsource'));
  // Of the events of other products, and of fields by other names, nothing is known here.
  const isOurs = (logsource === undefined || logsource.product === 'kubernetes') && taxonomy === 'sigma';
  const knownFields = isOurs ? given.knownFields : undefined;
  const head = readHead(file, root, kind, { ...given, knownFields });
  const arrays = readVersion(file, members.get('sigma-version')) >= 3;
  const { placeholders, ofFile } = given;
  const context: DetectionContext = { placeholders, ofFile, knownFields, arrays };
  return { head, logsource, taxonomy, context };
}

/** The major version of Sigma that a document is written in; 2 where it does not say. */
function readVersion(file: RuleFile, entry: Entry | undefined): number {
  if (entry === undefined) return 2;
  const version = isScalar(entry.value) ? String(entry.value.value) : '';
  const major = Number(/^v?(\d{1,6})(?:\.|$)/.exec(version)?.[1]);
  if (major === 1 || major === 2 || major === 3) return major;
  file.report(startOf(entry), `sigma-version ${quote(version)} is not supported`, 'write 2, or 3 for array blocks');
  return 2;
}

function stem(path: string): string {
  return path.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/i, '');
}
