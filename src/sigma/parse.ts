/** Reads the text of a rule file, and reports at once everything that is wrong with it. */
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import { type Logsource, type Rule, ruleLevels, ruleStatuses, type Template } from './ast.ts';
import { readCollection } from './collection.ts';
import { checkField, type DetectionContext, readDetection } from './detection.ts';
import type { Placeholders } from './placeholder.ts';
import {
  dataOf,
  type Entry,
  entriesOf,
  offsetOf,
  offsetWithin,
  openFile,
  type RuleFile,
  readYaml,
  startOf,
} from './rule-file.ts';
import { didYouMean, nearest, quote, type RuleProblem } from './rule-problem.ts';
import { parseTemplate } from './template.ts';

/** What rules are read with besides their text. */
export interface ParseOptions {
  /** Names that fields of a Kubernetes rule may have, or begin with before a dot; without it any name will do. */
  knownFields?: Iterable<string>;
  /** What `%name%` stands for under the modifier expand. */
  placeholders?: Placeholders;
}

/** The rules that a file spells, but for those that anything is wrong with; and the problems, in order of place.
 * @param text the whole file, decoded as UTF-8: one rule, or several documents that may build on each other (`action`)
 * @param path of the file, for messages and for the names of rules that have none */
export function parseRules(
  text: string,
  path: string,
  options: ParseOptions = {},
): { rules: Rule[]; problems: RuleProblem[] } {
  const file = openFile(text, path);
  const knownFields = options.knownFields && new Set(options.knownFields);
  const rules = readCollection(file, readYaml(file)).flatMap((root, index) => {
    const before = file.count();
    const name = index === 0 ? stem(path) : `${stem(path)}-${index + 1}`;
    const rule = readRule(file, root, name, { knownFields, placeholders: options.placeholders ?? new Map() });
    return rule === undefined || file.count() > before ? [] : [rule];
  });
  return { rules, problems: file.problems() };
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

const knownKeys: readonly string[] = [
  ...['title', 'id', 'name', 'related', 'taxonomy', 'status', 'description', 'license', 'author', 'references'],
  ...['date', 'modified', 'logsource', 'detection', 'fields', 'falsepositives', 'level', 'tags', 'scope'],
  ...['sigma-version', 'tripline'],
];

/** Kinds of document that mean something else than a rule. */
const notSupportedYet: readonly string[] = ['correlation', 'filter'];

function readRule(
  file: RuleFile,
  root: YAMLMap,
  defaultName: string,
  given: Omit<DetectionContext, 'arrays'>,
): Rule | undefined {
  const members = new Map(entriesOf(root).map((entry) => [entry.key, entry]));
  const foreign = notSupportedYet.filter((key) => members.has(key));
  for (const key of foreign) {
    const { keyNode } = members.get(key)!;
    file.report(offsetOf(keyNode), `${quote(key)} documents are not supported yet`, 'write a rule with a detection');
  }
  if (foreign.length > 0) return undefined;

  checkKeys(file, root, members);
  const title = readText(file, members.get('title'), { maxLength: 256 });
  const name = readText(file, members.get('name'), { maxLength: 100 }) ?? defaultName;
  const id = readText(file, members.get('id'), { pattern: uuid, example: 'a UUID' });
  const description = readText(file, members.get('description'), {});
  const level = readChoice(file, members.get('level'), ruleLevels) ?? 'medium';
  const status = readChoice(file, members.get('status'), ruleStatuses);
  const ruleTags = readTexts(file, members.get('tags'), { pattern: ruleTag, example: 'a tag such as attack.t1611' });
  const references = readTexts(file, members.get('references'), {});
  const falsepositives = readTexts(file, members.get('falsepositives'), {});
  const taxonomy = readText(file, members.get('taxonomy'), { maxLength: 100 }) ?? 'sigma';
  const logsource = readLogsource(file, members.get('logsource'));
  // Of the events of other products, and of fields by other names, nothing is known here.
  const isOurs = (logsource === undefined || logsource.product === 'kubernetes') && taxonomy === 'sigma';
  const knownFields = isOurs ? given.knownFields : undefined;
  const arrays = readVersion(file, members.get('sigma-version')) >= 3;
  const detectionEntry = members.get('detection');
  const detection = detectionEntry && readDetection(file, detectionEntry, { ...given, knownFields, arrays });
  const extras = readTripline(file, members.get('tripline'), knownFields);
  const custom = [...members.values()].filter(({ key }) => !knownKeys.includes(key));
  if (title === undefined || logsource === undefined || detection === undefined) return undefined;
  return {
    path: file.path,
    ...(id !== undefined && { id }),
    name,
    title,
    description: description ?? '',
    level,
    ...(status !== undefined && { status }),
    ruleTags,
    logsource,
    taxonomy,
    references,
    falsepositives,
    ...detection,
    summary: extras.summary ?? [title],
    context: extras.context,
    // fromEntries defines own members, whatever their names.
    custom: Object.fromEntries(custom.map((entry) => [entry.key, dataOf(entry)])),
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ruleTag = /^[a-z0-9_-]+\.[a-z0-9._-]+$/i;

/** Reports the keys that a rule owes, and the keys that look like a slip of the pen; other keys are the author's own. */
function checkKeys(file: RuleFile, root: YAMLMap, members: ReadonlyMap<string, Entry>): void {
  for (const key of ['title', 'logsource', 'detection']) {
    if (!members.has(key)) file.report(offsetOf(root), `the rule has no ${quote(key)}`, `add ${key}:`);
  }
  for (const { key, keyNode } of members.values()) {
    if (knownKeys.includes(key)) continue;
    const meant = nearest(key, knownKeys);
    if (meant === undefined || members.has(meant)) continue;
    file.report(offsetOf(keyNode), `unknown key ${quote(key)}`, `did you mean ${quote(meant)}?`);
  }
}

/** The major version of Sigma that the rule is written in; 2 where it does not say. */
function readVersion(file: RuleFile, entry: Entry | undefined): number {
  if (entry === undefined) return 2;
  const version = isScalar(entry.value) ? String(entry.value.value) : '';
  const major = Number(/^v?(\d{1,6})(?:\.|$)/.exec(version)?.[1]);
  if (major === 1 || major === 2 || major === 3) return major;
  file.report(startOf(entry), `sigma-version ${quote(version)} is not supported`, 'write 2, or 3 for array blocks');
  return 2;
}

interface TextRules {
  maxLength?: number;
  pattern?: RegExp;
  /** What the pattern wants, for the message. */
  example?: string;
}

function readText(file: RuleFile, entry: Entry | undefined, rules: TextRules): string | undefined {
  if (entry === undefined) return undefined;
  return readTextNode(file, entry.value, startOf(entry), entry.key, rules);
}

function readTextNode(
  file: RuleFile,
  node: Node | null,
  offset: number,
  key: string,
  { maxLength = 65_536, pattern, example = 'text' }: TextRules,
): string | undefined {
  const text = isScalar(node) && node.value !== null ? (node.source ?? String(node.value)).trim() : '';
  if (text === '' || (pattern !== undefined && !pattern.test(text))) {
    file.report(offset, `${quote(key)} has to be ${example}`, `write ${example} behind ${key}:`);
    return undefined;
  }
  if (text.length > maxLength) {
    file.report(offset, `${quote(key)} is longer than ${maxLength} characters`, 'shorten it');
    return undefined;
  }
  return text;
}

/** A list of texts; a lone text is a list of one. */
function readTexts(file: RuleFile, entry: Entry | undefined, rules: TextRules): string[] {
  if (entry === undefined) return [];
  if (!isSeq(entry.value)) {
    const text = readText(file, entry, rules);
    return text === undefined ? [] : [text];
  }
  return entry.value.items.flatMap((item) => {
    const node = item as Node;
    return readTextNode(file, node, offsetOf(node), entry.key, rules) ?? [];
  });
}

function readChoice<T extends string>(file: RuleFile, entry: Entry | undefined, choices: readonly T[]): T | undefined {
  const text = readText(file, entry, {});
  if (entry === undefined || text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) {
    const hint = didYouMean(text, choices, `write one of ${choices.join(', ')}`);
    file.report(startOf(entry), `${quote(text)} is no ${entry.key}`, hint);
  }
  return choice;
}

function readMap(file: RuleFile, entry: Entry | undefined): Entry[] | undefined {
  if (entry === undefined) return undefined;
  if (isMap(entry.value) && entry.value.items.length > 0) return entriesOf(entry.value);
  file.report(startOf(entry), `${quote(entry.key)} has to be a map`, 'write key: value, one a line, further in');
  return undefined;
}

const logsourceKeys = ['category', 'product', 'service'] as const;

function readLogsource(file: RuleFile, entry: Entry | undefined): Logsource | undefined {
  const members = readMap(file, entry);
  if (members === undefined) return undefined;
  const logsource: Logsource = {};
  const custom: [string, unknown][] = [];
  for (const member of members) {
    const key = logsourceKeys.find((candidate) => candidate === member.key);
    const meant = nearest(member.key, logsourceKeys);
    if (key !== undefined) {
      const text = readText(file, member, {});
      if (text !== undefined) logsource[key] = text;
    } else if (member.key === 'definition') {
      // For people.
    } else if (meant !== undefined && !members.some((other) => other.key === meant)) {
      const unknown = `unknown key ${quote(member.key)} below logsource`;
      file.report(offsetOf(member.keyNode), unknown, `did you mean ${quote(meant)}?`);
    } else {
      custom.push([member.key, dataOf(member)]);
    }
  }
  return custom.length === 0 ? logsource : { ...logsource, custom: Object.fromEntries(custom) };
}

interface Extras {
  summary?: Template;
  context: string[];
}

const triplineKeys: readonly string[] = ['summary', 'context'];

/** What Sigma has no word for. Other tools pass over this key. */
function readTripline(file: RuleFile, entry: Entry | undefined, knownFields: ReadonlySet<string> | undefined): Extras {
  const extras: Extras = { context: [] };
  for (const member of readMap(file, entry) ?? []) {
    if (member.key === 'summary') {
      const summary = readSummary(file, member, knownFields);
      if (summary !== undefined) extras.summary = summary;
    } else if (member.key === 'context') {
      extras.context = readTexts(file, member, { maxLength: 256, example: 'the names of fields' });
      for (const field of extras.context) checkField(file, startOf(member), field, knownFields);
    } else {
      const hint = didYouMean(member.key, triplineKeys, `use ${triplineKeys.join(' or ')}`);
      file.report(offsetOf(member.keyNode), `unknown key ${quote(member.key)} below tripline`, hint);
    }
  }
  return extras;
}

function readSummary(file: RuleFile, entry: Entry, knownFields: ReadonlySet<string> | undefined): Template | undefined {
  const text = readText(file, entry, { maxLength: 1000 });
  if (text === undefined) return undefined;
  const template = parseTemplate(text);
  if ('message' in template) {
    const at = offsetWithin(file, entry.value!, text, template.at);
    file.report(at, template.message, 'name a field in braces: {username}');
    return undefined;
  }
  for (const part of template) {
    if (typeof part === 'string') continue;
    const index = Math.max(0, text.indexOf(`{${part.field}}`) + 1);
    checkField(file, offsetWithin(file, entry.value!, text, index), part.field, knownFields);
  }
  return template;
}

function stem(path: string): string {
  return path.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/i, '');
}
