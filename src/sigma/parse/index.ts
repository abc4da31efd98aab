/** Reads the text of a rule file, and reports at once everything that is wrong with it. */
import { isMap, isScalar, type YAMLMap } from 'yaml';
import type { Correlation, Detection, Filter, Rule } from '../ast.ts';
import { quote, type RuleProblem } from '../rule-problem.ts';
import { readCollection } from './collection.ts';
import { namesWithin, readCorrelation } from './correlation.ts';
import { type DetectionContext, newBudget, readDetection } from './detection.ts';
import type { FindFlaw } from './field-names.ts';
import { readFilter } from './filter.ts';
import { readLevels } from './levels.ts';
import { readLogsource } from './logsource.ts';
import type { Placeholders } from './placeholder.ts';
import { readText } from './read-entry.ts';
import { type Entry, offsetOf, openFile, type RuleFile, readYaml, startOf } from './rule-file.ts';
import { type DocumentKind, membersOf, readHead } from './rule-head.ts';

/** What rules are read with besides their text. */
export interface ParseOptions {
  /** Names that fields of a Kubernetes rule may have, or begin with before a dot; if absent, any name is accepted. */
  knownFields?: Iterable<string>;
  /** Finds those of such names that can never match. */
  findFlaw?: FindFlaw;
  /** What `%name%` stands for under the modifier expand. */
  placeholders?: Placeholders;
}

/** The documents of a file, except those with problems, and the problems, in order of position. */
export interface ParsedFile {
  rules: Rule[];
  correlations: Correlation[];
  filters: Filter[];
  problems: RuleProblem[];
  /** Fields, of documents that can be used, that no event has in the form asked for. */
  warnings: RuleProblem[];
}

/** What a document contains, by its kind. */
export type Document =
  | { kind: 'rule'; document: Rule }
  | { kind: 'correlation'; document: Correlation }
  | { kind: 'filter'; document: Filter };

/** Reads the rules, correlations and filters of a file.
 * @param text the whole file, decoded as UTF-8: one document, or several that may build on each other (`action`)
 * @param path of the file, for messages and for the names of documents that have none */
export function parseRules(text: string, path: string, options: ParseOptions = {}): ParsedFile {
  const file = openFile(text, path);
  const rules: Rule[] = [];
  const correlations: Correlation[] = [];
  const filters: Filter[] = [];
  for (const { parsed, isUsable } of parseDocuments(file, options)) {
    if (!isUsable) continue;
    if (parsed?.kind === 'rule') rules.push(parsed.document);
    if (parsed?.kind === 'correlation') correlations.push(parsed.document);
    if (parsed?.kind === 'filter') filters.push(parsed.document);
  }
  return { rules, correlations, filters, problems: file.problems(), warnings: file.warnings() };
}

export interface ReadDocument {
  root: YAMLMap;
  /** As far as it can be read, if it is not usable. */
  parsed: Document | undefined;
  /** Whether nothing has been reported about it. */
  isUsable: boolean;
}

/** The documents of a file in order. */
export function parseDocuments(file: RuleFile, options: ParseOptions): ReadDocument[] {
  const { findFlaw } = options;
  const fieldNames = options.knownFields && { known: new Set(options.knownFields), findFlaw };
  const ofFile = newBudget();
  return readCollection(file, readYaml(file)).map((root, index) => {
    const before = file.count();
    const defaultName = index === 0 ? stem(file.path) : `${stem(file.path)}-${index + 1}`;
    file.document = nameOf(root) ?? defaultName;
    const given = { defaultName, fieldNames, placeholders: options.placeholders ?? new Map(), ofFile };
    const parsed = readDocument(file, root, given);
    return { root, parsed, isUsable: parsed !== undefined && file.count() === before };
  });
}

/** The rule of a file that contains one, unless anything is wrong with it; see `parseRules`. */
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

function readDocument(file: RuleFile, root: YAMLMap, given: Given): Document | undefined {
  const members = membersOf(root);
  const spelled = ['detection', 'correlation', 'filter'].flatMap((key) => members.get(key) ?? []);
  for (const { key, keyNode } of spelled.slice(1)) {
    const message = `a document with ${quote(spelled[0]!.key)} cannot have ${quote(key)} too`;
    file.report(offsetOf(keyNode), message, 'write a document for each, separated by a line of ---');
  }
  switch (spelled[0]?.key) {
    case 'correlation': {
      const { fieldNames } = given;
      const known = new Set([...(fieldNames?.known ?? []), ...namesWithin(root)]);
      const head = readHead(file, root, kinds.correlation, {
        ...given,
        fieldNames: fieldNames && { ...fieldNames, known },
      });
      const correlation = readCorrelation(file, root, head);
      return correlation && { kind: 'correlation', document: correlation };
    }
    case 'filter': {
      const { head, logsource, context } = readSubject(file, root, kinds.filter, given);
      const read = readFilter(file, spelled[0], context);
      if (logsource === undefined || read === undefined) return undefined;
      const { path, id, name, title, description } = head;
      const filter = { path, ...(id !== undefined && { id }), name, title, description, logsource, ...read };
      return { kind: 'filter', document: filter };
    }
    default: {
      return { kind: 'rule', document: readRule(file, root, given) };
    }
  }
}

/** If something wrong with it has been reported, the result stands for a rule that cannot be used. */
function readRule(file: RuleFile, root: YAMLMap, given: Given): Rule {
  const members = membersOf(root);
  const { head, logsource, taxonomy, context } = readSubject(file, root, kinds.rule, given);
  const entry = members.get('detection');
  const detection = entry && readDetection(file, entry, context);
  const tripline = members.get('tripline')?.value;
  const levelsEntry = isMap(tripline) ? membersOf(tripline).get('levels') : undefined;
  const levels = levelsEntry && detection && readLevels(file, levelsEntry, [...detection.selections.keys()]);
  return { ...head, logsource: logsource ?? {}, taxonomy, ...(detection ?? nothing), levels: levels ?? [] };
}

/** The detection of a rule that has none. */
const nothing: Detection = { selections: new Map(), condition: { kind: 'or', operands: [] } };

/** What a document that has a logsource is about, and how its detection is to be read. */
function readSubject(file: RuleFile, root: YAMLMap, kind: DocumentKind, given: Given) {
  const members = membersOf(root);
  const taxonomy = readText(file, members.get('taxonomy'), { maxLength: 100 }) ?? 'sigma';
  const logsource = readLogsource(file, members.get('logsource'));
  // Nothing is known here about the events of other products, or about fields by other names.
  const isOurs = (logsource === undefined || logsource.product === 'kubernetes') && taxonomy === 'sigma';
  const fieldNames = isOurs ? given.fieldNames : undefined;
  const head = readHead(file, root, kind, { ...given, fieldNames });
  const arrays = readVersion(file, members.get('sigma-version')) >= 3;
  const { placeholders, ofFile } = given;
  const context: DetectionContext = { placeholders, ofFile, fieldNames, arrays };
  return { head, logsource, taxonomy, context };
}

/** The major version of Sigma that a document is written in; 2 if it does not say. */
function readVersion(file: RuleFile, entry: Entry | undefined): number {
  if (entry === undefined) return 2;
  const version = isScalar(entry.value) ? String(entry.value.value) : '';
  const major = Number(/^v?(\d{1,6})(?:\.|$)/.exec(version)?.[1]);
  if (major === 1 || major === 2 || major === 3) return major;
  file.report(startOf(entry), `sigma-version ${quote(version)} is not supported`, 'write 2, or 3 for array blocks');
  return 2;
}

/** The name that a document gives itself, whatever else is wrong with it. */
function nameOf(root: YAMLMap): string | undefined {
  const value = membersOf(root).get('name')?.value;
  return isScalar(value) && typeof value.value === 'string' ? value.value : undefined;
}

function stem(path: string): string {
  return path.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/i, '');
}
