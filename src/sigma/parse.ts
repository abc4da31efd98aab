/** Reads the text of a rule file, and reports at once everything that is wrong with it. */
import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import {
  type Condition,
  type Item,
  type Logsource,
  type Rule,
  ruleLevels,
  ruleStatuses,
  type Selection,
  type Template,
  type Test,
} from './ast.ts';
import { parseCondition } from './condition.ts';
import { checkModifiers, findModifier, joinOf, type RuleValue, testOf } from './modifiers.ts';
import {
  type Entry,
  entriesOf,
  isNull,
  offsetOf,
  offsetWithin,
  openFile,
  positionOf,
  type RuleFile,
  readYaml,
  startOf,
} from './rule-file.ts';
import { didYouMean, nearest, quote, type RuleProblem } from './rule-problem.ts';
import { parseTemplate } from './template.ts';
import { compileRegex } from './value-test.ts';

/** Instructions of RE2, for all regular expressions of a rule: what a text costs grows with its length times these. */
const MAX_REGEX_INSTRUCTIONS = 5_000;

/** The rule that a file spells, unless anything is wrong with it; then the problems, in order of place.
 * @param text the whole file, decoded as UTF-8
 * @param path of the file, for messages and for the name of a rule that has none
 * @param knownFields names that fields may have, or begin with before a dot; without it any name will do */
export function parseRule(
  text: string,
  path: string,
  knownFields?: Iterable<string>,
): { rule?: Rule; problems: RuleProblem[] } {
  const file = openFile(text, path);
  const root = readYaml(file);
  const rule = root === undefined ? undefined : readRule(file, root, knownFields && new Set(knownFields));
  const problems = file.problems();
  return rule === undefined || problems.length > 0 ? { problems } : { rule, problems };
}

const knownKeys: readonly string[] = [
  ...['title', 'id', 'name', 'related', 'taxonomy', 'status', 'description', 'license', 'author', 'references'],
  ...['date', 'modified', 'logsource', 'detection', 'fields', 'falsepositives', 'level', 'tags', 'scope'],
  ...['sigma-version', 'tripline'],
];

/** Kinds of document and ways to combine them that mean something else than a rule. */
const notSupportedYet: readonly string[] = ['correlation', 'filter', 'action'];

function readRule(file: RuleFile, root: YAMLMap, knownFields: ReadonlySet<string> | undefined): Rule | undefined {
  const members = new Map(entriesOf(root).map((entry) => [entry.key, entry]));
  const foreign = notSupportedYet.filter((key) => members.has(key));
  for (const key of foreign) {
    const { keyNode } = members.get(key)!;
    file.report(offsetOf(keyNode), `${quote(key)} documents are not supported yet`, 'write a rule with a detection');
  }
  if (foreign.length > 0) return undefined;

  checkKeys(file, members);
  checkVersion(file, members.get('sigma-version'));
  checkTaxonomy(file, members.get('taxonomy'));
  const title = readText(file, members.get('title'), { maxLength: 256 });
  const name = readText(file, members.get('name'), { maxLength: 100 }) ?? stem(file.path);
  const id = readText(file, members.get('id'), { pattern: uuid, example: 'a UUID' });
  const description = readText(file, members.get('description'), {});
  const level = readChoice(file, members.get('level'), ruleLevels) ?? 'medium';
  const status = readChoice(file, members.get('status'), ruleStatuses);
  const ruleTags = readTexts(file, members.get('tags'), { pattern: ruleTag, example: 'a tag such as attack.t1611' });
  const references = readTexts(file, members.get('references'), {});
  const falsepositives = readTexts(file, members.get('falsepositives'), {});
  const logsource = readLogsource(file, members.get('logsource'));
  const detection = readDetection(file, members.get('detection'), knownFields);
  const extras = readTripline(file, members.get('tripline'), knownFields);
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
    references,
    falsepositives,
    ...detection,
    summary: extras.summary ?? [title],
    context: extras.context,
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ruleTag = /^[a-z0-9_-]+\.[a-z0-9._-]+$/i;

/** Reports the keys that a rule owes, and the keys that look like a slip of the pen; other keys are the author's own. */
function checkKeys(file: RuleFile, members: ReadonlyMap<string, Entry>): void {
  for (const key of ['title', 'logsource', 'detection']) {
    if (!members.has(key)) file.report(0, `the rule has no ${quote(key)}`, `add ${key}:`);
  }
  for (const { key, keyNode } of members.values()) {
    if (knownKeys.includes(key)) continue;
    const meant = nearest(key, knownKeys);
    if (meant === undefined || members.has(meant)) continue;
    file.report(offsetOf(keyNode), `unknown key ${quote(key)}`, `did you mean ${quote(meant)}?`);
  }
}

function checkVersion(file: RuleFile, entry: Entry | undefined): void {
  if (entry === undefined) return;
  const version = isScalar(entry.value) ? String(entry.value.value) : '';
  if (/^v?[12](\.|$)/.test(version)) return;
  const hint = 'leave sigma-version out, and spell the rule without array blocks';
  file.report(startOf(entry), `sigma-version ${quote(version)} is not supported yet`, hint);
}

function checkTaxonomy(file: RuleFile, entry: Entry | undefined): void {
  if (entry === undefined || (isScalar(entry.value) && entry.value.value === 'sigma')) return;
  file.report(startOf(entry), 'taxonomies other than sigma are not supported yet', 'write sigma, or leave it out');
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
  for (const member of members) {
    const key = logsourceKeys.find((candidate) => candidate === member.key);
    if (key !== undefined) {
      const text = readText(file, member, {});
      if (text !== undefined) logsource[key] = text;
    } else if (member.key !== 'definition') {
      const hint = didYouMean(member.key, logsourceKeys, `use ${logsourceKeys.join(', ')}`);
      file.report(offsetOf(member.keyNode), `logsource key ${quote(member.key)} is not supported yet`, hint);
    }
  }
  return logsource;
}

interface Detection {
  selections: ReadonlyMap<string, Selection>;
  condition: Condition;
}

function readDetection(
  file: RuleFile,
  entry: Entry | undefined,
  knownFields: ReadonlySet<string> | undefined,
): Detection | undefined {
  const members = readMap(file, entry);
  if (entry === undefined || members === undefined) return undefined;
  const regexes = { instructionsLeft: MAX_REGEX_INSTRUCTIONS };
  const selections = new Map<string, Selection>();
  for (const member of members) {
    if (member.key === 'condition') continue;
    if (member.key === 'timeframe') {
      file.report(offsetOf(member.keyNode), "'timeframe' is not supported", 'write a correlation rule instead');
      continue;
    }
    selections.set(member.key, {
      name: member.key,
      position: positionOf(file, offsetOf(member.keyNode)),
      alternatives: readAlternatives(file, member, { knownFields, regexes }),
    });
  }
  const conditionEntry = members.find(({ key }) => key === 'condition');
  if (conditionEntry === undefined) {
    const names = [...selections.keys()];
    file.report(offsetOf(entry.keyNode), "the detection has no 'condition'", `add condition: ${names[0] ?? '…'}`);
    return undefined;
  }
  const condition = readCondition(file, conditionEntry, [...selections.keys()]);
  return condition && { selections, condition };
}

/** One condition, or a list of which any will do. */
function readCondition(file: RuleFile, entry: Entry, selections: readonly string[]): Condition | undefined {
  const nodes = isSeq(entry.value) ? (entry.value.items as Node[]) : [entry.value];
  const conditions: Condition[] = [];
  for (const node of nodes) {
    if (!isScalar(node) || typeof node.value !== 'string') {
      file.report(startOf(entry), "'condition' has to be text", 'name the selections, joined by and, or, not');
      continue;
    }
    const condition = parseCondition(node.value, selections);
    if ('kind' in condition) conditions.push(condition);
    else file.report(offsetWithin(file, node, node.value, condition.at), condition.message, condition.hint);
  }
  if (conditions.length < nodes.length || conditions.length === 0) return undefined;
  return conditions.length === 1 ? conditions[0] : { kind: 'or', operands: conditions };
}

/** What the items of a rule have in common. */
interface ItemContext {
  knownFields: ReadonlySet<string> | undefined;
  regexes: { instructionsLeft: number };
}

function readAlternatives(file: RuleFile, entry: Entry, context: ItemContext): Item[][] {
  const { key, value } = entry;
  if (isMap(value) && value.items.length > 0) return [readItems(file, value, context)];
  if (isSeq(value) && value.items.length > 0 && value.items.every((item) => isMap(item) && item.items.length > 0)) {
    return value.items.map((item) => readItems(file, item as YAMLMap, context));
  }
  const isKeywords = (isScalar(value) && !isNull(value)) || (isSeq(value) && value.items.some(isScalar));
  if (isKeywords) file.report(startOf(entry), 'keywords without a field are not supported yet', 'write field: value');
  else file.report(startOf(entry), `the selection ${quote(key)} is empty`, 'write field: value, one a line');
  return [];
}

function readItems(file: RuleFile, map: YAMLMap, context: ItemContext): Item[] {
  return entriesOf(map).flatMap((entry) => readItem(file, entry, context) ?? []);
}

function readItem(file: RuleFile, entry: Entry, context: ItemContext): Item | undefined {
  const { key, keyNode } = entry;
  const [field = '', ...spelled] = key.split('|');
  const offsets = spelled.map((_, i) => [field, ...spelled.slice(0, i)].join('|').length + 1);
  const at = (index: number) => offsetWithin(file, keyNode, key, index);

  const isFieldUsable = checkField(file, at(0), field, context.knownFields);
  const names: string[] = [];
  for (const [i, spelling] of spelled.entries()) {
    const found = findModifier(spelling);
    if ('modifier' in found) names.push(found.name);
    else file.report(at(offsets[i]!), found.message, found.hint);
  }
  const areNamesKnown = names.length === spelled.length;
  const clash = areNamesKnown ? checkModifiers(names) : undefined;
  if (clash !== undefined) file.report(at(offsets[clash.index]!), clash.message, clash.hint);
  const values = readValues(file, entry);
  if (!isFieldUsable || !areNamesKnown || clash !== undefined || values === undefined) return undefined;

  const tests = values.flatMap(({ offset, ...value }) => {
    // Reported already, and not worth compiling more of them.
    if (names.includes('re') && context.regexes.instructionsLeft < 0) return [];
    const test = testOf(value, names);
    if ('message' in test) {
      file.report(offset, test.message, test.hint);
      return [];
    }
    if (test.kind === 'regex' && !isWithinBudget(test, context)) {
      file.report(offset, 'the regular expressions of the rule are too large', 'use shorter ones and smaller counts');
    }
    return [test];
  });
  if (names.includes('exists') && values.length > 1) {
    file.report(offsetOf(entry.value!), "'exists' takes one value", 'write true or false');
  }
  return { position: positionOf(file, at(0)), field: unescapeField(field), ...joinOf(values, names), tests };
}

function isWithinBudget(test: Test & { kind: 'regex' }, { regexes }: ItemContext): boolean {
  regexes.instructionsLeft -= compileRegex(test.source, test.flags).programSize();
  return regexes.instructionsLeft >= 0;
}

/** Whether the field is one that an event can have; reports if not. */
function checkField(
  file: RuleFile,
  offset: number,
  field: string,
  knownFields: ReadonlySet<string> | undefined,
): boolean {
  if (field === '') {
    file.report(offset, 'keywords without a field are not supported yet', 'write field: value');
    return false;
  }
  // The place for array blocks (`containers[any]:`) once sigma-version 3 is read.
  if (/(?<!\\)\[/.test(field)) {
    file.report(offset, 'array blocks are not supported yet', 'write the plain path; a literal bracket is written \\[');
    return false;
  }
  if (knownFields === undefined) return true;
  const name = unescapeField(field);
  for (let dot = name.length; dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    if (knownFields.has(name.slice(0, dot))) return true;
  }
  const hint = didYouMean(name, knownFields, 'see docs/rules.md for the fields that an event has');
  file.report(offset, `no event has a field ${quote(name)}`, hint);
  return false;
}

function unescapeField(field: string): string {
  return field.replace(/\\([[\]])/g, '$1');
}

function readValues(file: RuleFile, entry: Entry): (RuleValue & { offset: number })[] | undefined {
  const { value } = entry;
  if (isMap(value)) {
    file.report(offsetOf(value), 'a map below a field is not supported yet', 'write the dotted path of the field');
    return undefined;
  }
  if (!isSeq(value)) return [{ ...ruleValueOf(value as Scalar | null), offset: startOf(entry) }];
  if (value.items.length === 0) {
    file.report(offsetOf(value), 'the list is empty, so that nothing can match', 'write a value');
    return undefined;
  }
  const values: (RuleValue & { offset: number })[] = [];
  for (const item of value.items as (Node | null)[]) {
    const offset = item === null ? offsetOf(value) : offsetOf(item);
    if (isNull(item)) file.report(offset, 'null cannot stand in a list', 'write field: null in a map of its own');
    else if (!isScalar(item)) file.report(offset, 'a value has to be text, a number, true or false', 'write one value');
    else values.push({ ...ruleValueOf(item), offset });
  }
  return values.length === value.items.length ? values : undefined;
}

function ruleValueOf(node: Scalar | null): RuleValue {
  const value = (node?.value ?? null) as RuleValue['value'];
  return { value, text: typeof value === 'string' ? value : (node?.source ?? '') };
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
