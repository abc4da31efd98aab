/** Reads a correlation: a rule about how other rules match. */
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { Bound, Condition, Correlation, CorrelationTest, Position, RuleHead } from '../ast.ts';
import { didYouMean, quote } from '../rule-problem.ts';
import { mostEventsOf } from '../window-limits.ts';
import { parseCondition } from './condition.ts';
import { dnfOf } from './dnf.ts';
import { readMap, readText, readTexts } from './read-entry.ts';
import {
  type Entry,
  entriesOf,
  isNull,
  offsetOf,
  offsetWithin,
  positionOf,
  type RuleFile,
  startOf,
} from './rule-file.ts';
import { type Members, membersOf } from './rule-head.ts';
import { secondsOf, timespanHint } from './timespan.ts';

const types = [
  'event_count',
  'value_count',
  'value_sum',
  'value_avg',
  'value_median',
  'value_percentile',
  'temporal',
  'temporal_ordered',
  'new_terms',
] as const satisfies CorrelationTest['type'][];

const keys = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'] as const;
const operators = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const satisfies Bound['operator'][];

const MAX_RULES = 100;
const MAX_FIELDS = 20;

/** The correlation of a document, or undefined after reporting why there is none. What it refers to is not looked up yet:
 * see `resolveCorrelations`.
 * @see Sigma specification 2.1.0, "Correlation Rules" */
export function readCorrelation(file: RuleFile, root: YAMLMap, head: RuleHead): Correlation | undefined {
  const before = file.count();
  const document = membersOf(root);
  const entry = document.get('correlation')!;
  const members = readMembers(file, entry);
  const stray = document.get('generate');
  if (stray !== undefined) {
    file.report(offsetOf(stray.keyNode), "'generate' is beside correlation", 'move it below correlation:');
  }
  if (members === undefined) return undefined;
  const type = readType(file, entry, members.get('type'));
  const positions = new Map<string, Position>();
  const note = (text: string, node: Node) => {
    if (!positions.has(text)) positions.set(text, positionOf(file, offsetOf(node)));
  };
  const timespan = readTimespan(file, entry, members.get('timespan'), 1);
  const groupBy = readNames(file, members.get('group-by'), MAX_FIELDS, note) ?? [];
  const aliases = readAliases(file, members.get('aliases'), note);
  const generate = readBoolean(file, members.get('generate')) ?? false;
  const listed = readNames(file, members.get('rules'), MAX_RULES, note);
  const learning = readLearning(file, document.get('tripline'), type);
  if (type === undefined) return undefined;

  const condition = members.get('condition');
  const isTemporal = type === 'temporal' || type === 'temporal_ordered';
  const spelled = condition !== undefined && isScalar(condition.value) && !isNull(condition.value);
  const rules = listed ?? (isTemporal && spelled ? namesIn(condition, note) : undefined);
  if (rules === undefined) {
    if (!members.has('rules')) {
      file.report(offsetOf(entry.keyNode), "the correlation has no 'rules'", 'add rules: and the names of some');
    }
    return undefined;
  }
  const test = isTemporal
    ? readTemporal(file, type, rules, condition)
    : readMeasure(file, entry, type, condition, { learning: learning ?? timespan, note });
  if (test === undefined || timespan === undefined || file.count() > before) return undefined;
  const position = positionOf(file, offsetOf(entry.keyNode));
  return { ...head, position, positions, rules, groupBy, timespan, aliases, generate, test };
}

/** The names that a correlation's summary and context may have besides those of fields: what it groups by, and `value`, the
 * number that it compares. */
export function namesWithin(root: YAMLMap): string[] {
  const body = membersOf(root).get('correlation')?.value;
  const members = isMap(body) ? entriesOf(body) : [];
  return ['value'].concat(
    ...members.map(({ key, value }) => {
      if (key === 'aliases' && isMap(value)) return entriesOf(value).map((alias) => alias.key);
      if (key !== 'group-by') return [];
      const names = isSeq(value) ? value.items : [value];
      return names.flatMap((name) => (isScalar(name) && typeof name.value === 'string' ? name.value : []));
    }),
  );
}

type Note = (text: string, node: Node) => void;

function readMembers(file: RuleFile, entry: Entry): Members | undefined {
  const members = readMap(file, entry);
  for (const { key, keyNode } of members ?? []) {
    if ((keys as readonly string[]).includes(key)) continue;
    const hint = didYouMean(key, keys, `the keys are ${keys.join(', ')}`);
    file.report(offsetOf(keyNode), `unknown key ${quote(key)} below correlation`, hint);
  }
  return members && new Map(members.map((member) => [member.key, member]));
}

function readType(file: RuleFile, parent: Entry, entry: Entry | undefined): CorrelationTest['type'] | undefined {
  if (entry === undefined) {
    file.report(offsetOf(parent.keyNode), "the correlation has no 'type'", `add type: ${types[0]}, or another`);
    return undefined;
  }
  const text = readText(file, entry, {});
  const type = types.find((candidate) => candidate === text?.toLowerCase());
  if (type === undefined && text !== undefined) {
    const hint = didYouMean(text, types, `write one of ${types.join(', ')}`);
    file.report(startOf(entry), `${quote(text)} is not a type of correlation`, hint);
  }
  return type;
}

/** @param least fewest seconds allowed */
function readTimespan(file: RuleFile, parent: Entry, entry: Entry | undefined, least: number): number | undefined {
  if (entry === undefined) {
    file.report(offsetOf(parent.keyNode), "the correlation has no 'timespan'", 'add timespan: 15m, or another');
    return undefined;
  }
  const text = readText(file, entry, {});
  const found = text === undefined ? undefined : secondsOf(text);
  if (found !== undefined && found >= least) return found;
  if (text !== undefined) file.report(startOf(entry), `${quote(text)} is not a valid ${entry.key}`, timespanHint);
  return undefined;
}

/** How long new terms are gathered before the first is reported. */
function readLearning(file: RuleFile, tripline: Entry | undefined, type: string | undefined): number | undefined {
  const map = tripline?.value;
  const entry = isMap(map) ? entriesOf(map).find(({ key }) => key === 'learning') : undefined;
  if (entry === undefined) return undefined;
  if (type !== undefined && type !== 'new_terms') {
    file.report(offsetOf(entry.keyNode), `'learning' has no effect with ${type}`, 'drop it, or use type: new_terms');
    return undefined;
  }
  return readTimespan(file, entry, entry, 0);
}

/** A list of distinct names; a single one is a list of one. */
function readNames(file: RuleFile, entry: Entry | undefined, most: number, note: Note): string[] | undefined {
  if (entry === undefined) return undefined;
  const names = readTexts(file, entry, { maxLength: 256, example: 'a name, or a list of names' });
  const nodes = isSeq(entry.value) ? (entry.value.items as Node[]) : [entry.value!];
  if (isSeq(entry.value) && nodes.length === 0) {
    file.report(startOf(entry), `${quote(entry.key)} is empty`, 'name at least one');
  }
  if (names.length > most) file.report(startOf(entry), `${quote(entry.key)} names more than ${most}`, 'name fewer');
  // If one of them is not a name, that has been reported already.
  if (names.length !== nodes.length || names.length === 0 || names.length > most) return undefined;
  for (const [index, name] of names.entries()) {
    const node = nodes[index]!;
    if (names.indexOf(name) < index) file.report(offsetOf(node), `${quote(name)} is here twice`, 'drop one');
    note(name, node);
  }
  return names;
}

function readAliases(file: RuleFile, entry: Entry | undefined, note: Note): Correlation['aliases'] {
  const aliases = new Map<string, ReadonlyMap<string, string>>();
  for (const alias of readMap(file, entry) ?? []) {
    const fields = new Map<string, string>();
    for (const member of readMap(file, alias) ?? []) {
      note(member.key, member.keyNode);
      const field = readText(file, member, { maxLength: 256, example: 'the name of a field' });
      if (field === undefined) continue;
      note(field, member.value!);
      fields.set(member.key, field);
    }
    aliases.set(alias.key, fields);
  }
  return aliases;
}

function readBoolean(file: RuleFile, entry: Entry | undefined): boolean | undefined {
  if (entry === undefined) return undefined;
  const value = isScalar(entry.value) ? entry.value.value : undefined;
  if (typeof value === 'boolean') return value;
  file.report(startOf(entry), `${quote(entry.key)} has to be true or false`, 'write true or false, without quotes');
  return undefined;
}

const words = /[A-Za-z0-9_-]+/g;
const reserved: ReadonlySet<string> = new Set(['and', 'or', 'not']);

/** The rules that a condition names, if no list does. */
function namesIn({ value }: Entry, note: Note): string[] {
  const found = String((value as { value?: unknown }).value).match(words) ?? [];
  const names = [...new Set(found)].filter((word) => !reserved.has(word));
  for (const name of names) note(name, value!);
  return names;
}

function readTemporal(
  file: RuleFile,
  type: 'temporal' | 'temporal_ordered',
  rules: readonly string[],
  entry: Entry | undefined,
): CorrelationTest | undefined {
  const condition = readCombination(file, rules, entry);
  if (condition === undefined) return undefined;
  const place = entry === undefined ? 0 : startOf(entry);
  const dnf = dnfOf(condition, rules);
  if (dnf === undefined) {
    file.report(place, 'the condition can come true in more than 100 ways', 'name fewer rules, or split it');
  } else if (dnf.length === 0) {
    file.report(place, 'the condition can never come true', 'fix it');
  } else if (dnf.some(({ required }) => required.length === 0)) {
    file.report(place, 'the condition is true if no rule matches', 'require a rule, too: a and not b');
  } else {
    return { type, condition };
  }
  return undefined;
}

function readCombination(file: RuleFile, rules: readonly string[], entry: Entry | undefined): Condition | undefined {
  const operands = rules.map((name): Condition => ({ kind: 'selection', name }));
  const atLeast = (count: number): Condition => ({ kind: 'atLeast', count, operands });
  if (entry === undefined) return atLeast(rules.length);
  if (isScalar(entry.value) && typeof entry.value.value === 'string') {
    const text = entry.value.value;
    const condition = parseCondition(text, rules, 'rule');
    if ('message' in condition) {
      file.report(offsetWithin(file, entry.value, text, condition.at), condition.message, condition.hint);
      return undefined;
    }
    const used = namesOf(condition);
    const idle = rules.find((name) => !used.has(name));
    if (idle === undefined) return condition;
    file.report(startOf(entry), `the condition does not name ${quote(idle)}`, 'name it, or remove it from rules');
    return undefined;
  }
  const read = readBounds(file, entry, []);
  if (read === undefined) return undefined;
  const broken = read.bounds.find(({ value }) => !Number.isInteger(value) || value < 0 || value > rules.length);
  if (broken !== undefined) {
    const hint = `write a number of rules, up to ${rules.length}`;
    file.report(startOf(entry), `${broken.value} is not a valid number of the ${rules.length} rules`, hint);
    return undefined;
  }
  const not = (operand: Condition): Condition => ({ kind: 'not', operand });
  const holds: Record<Bound['operator'], (count: number) => Condition> = {
    gte: atLeast,
    gt: (count) => atLeast(count + 1),
    lt: (count) => not(atLeast(count)),
    lte: (count) => not(atLeast(count + 1)),
    eq: (count) => ({ kind: 'and', operands: [atLeast(count), not(atLeast(count + 1))] }),
    neq: (count) => ({ kind: 'or', operands: [not(atLeast(count)), atLeast(count + 1)] }),
  };
  return { kind: 'and', operands: read.bounds.map(({ operator, value }) => holds[operator](value)) };
}

function namesOf(condition: Condition): Set<string> {
  switch (condition.kind) {
    case 'selection':
      return new Set([condition.name]);
    case 'not':
      return namesOf(condition.operand);
    default:
      return new Set(condition.operands.flatMap((operand) => [...namesOf(operand)]));
  }
}

type Measure = Exclude<CorrelationTest['type'], 'temporal' | 'temporal_ordered'>;

/** What the condition of each type has besides bounds. */
const extras: Record<Measure, readonly string[]> = {
  event_count: [],
  value_count: ['field'],
  value_sum: ['field'],
  value_avg: ['field'],
  value_median: ['field'],
  value_percentile: ['field', 'percentile'],
  new_terms: ['field'],
};

function readMeasure(
  file: RuleFile,
  parent: Entry,
  type: Measure,
  entry: Entry | undefined,
  { learning, note }: { learning: number | undefined; note: Note },
): CorrelationTest | undefined {
  if (entry === undefined) {
    const example = type === 'new_terms' ? '{ field: username }' : '{ gte: 10 }';
    file.report(offsetOf(parent.keyNode), "the correlation has no 'condition'", `add condition: ${example}`);
    return undefined;
  }
  if (isScalar(entry.value) && !isNull(entry.value)) {
    const message = `the condition of ${type} has to be a map`;
    file.report(startOf(entry), message, 'write gte: 10, or name rules in temporal or temporal_ordered');
    return undefined;
  }
  const read = readBounds(file, entry, extras[type], type === 'new_terms');
  if (read === undefined) return undefined;
  const { bounds, members } = read;
  const owesField = extras[type].includes('field');
  if (owesField && !members.has('field')) {
    file.report(startOf(entry), `the condition of ${type} has no 'field'`, 'add field: and the name of one');
    return undefined;
  }
  const fields = readNames(file, members.get('field'), MAX_FIELDS, note);
  if (owesField && fields === undefined) return undefined;
  const [field = '', another] = fields ?? [];
  switch (type) {
    case 'new_terms':
      return learning === undefined ? undefined : { type, fields: fields!, learning };
    case 'value_count':
    case 'event_count': {
      const most = mostEventsOf({ type } as CorrelationTest);
      const beyond = bounds.find(({ value }) => value >= most);
      if (beyond !== undefined) {
        const message = `${beyond.value} is more than ${type} can count`;
        file.report(startOf(entry), message, `write a number below ${most}, and a shorter timespan`);
        return undefined;
      }
      return type === 'event_count' ? { type, bounds } : { type, fields: fields!, bounds };
    }
    default: {
      if (another !== undefined) {
        file.report(startOf(members.get('field')!), `${type} accepts only one field`, 'drop the others');
        return undefined;
      }
      if (type !== 'value_percentile') return { type, field, bounds };
      const percentile = readPercentile(file, members.get('percentile'));
      return percentile === undefined ? undefined : { type, field, percentile, bounds };
    }
  }
}

/** @param isBare whether the condition has no bounds */
function readBounds(
  file: RuleFile,
  entry: Entry,
  more: readonly string[],
  isBare = false,
): { bounds: Bound[]; members: Members } | undefined {
  const members = readMap(file, entry);
  if (members === undefined) return undefined;
  const before = file.count();
  const bounds: Bound[] = [];
  for (const member of members) {
    if (more.includes(member.key)) continue;
    const operator = isBare ? undefined : operators.find((candidate) => candidate === member.key);
    if (operator === undefined) {
      const allowed = [...(isBare ? [] : operators), ...more];
      const hint = didYouMean(member.key, allowed, `use ${allowed.join(', ')}`);
      file.report(offsetOf(member.keyNode), `unknown key ${quote(member.key)} below condition`, hint);
      continue;
    }
    const value = numberOf(member.value);
    if (value === undefined) file.report(startOf(member), `${quote(operator)} accepts only a number`, 'write one: 10');
    else bounds.push({ operator, value });
  }
  if (bounds.length === 0 && !isBare && file.count() === before) {
    file.report(startOf(entry), 'the condition has no bound', `add one of ${operators.join(', ')}, such as gte: 10`);
  }
  return file.count() > before ? undefined : { bounds, members: new Map(members.map((one) => [one.key, one])) };
}

function readPercentile(file: RuleFile, entry: Entry | undefined): number | undefined {
  if (entry === undefined) return 50;
  const value = numberOf(entry.value);
  if (value !== undefined && value >= 0 && value <= 100) return value;
  file.report(startOf(entry), "'percentile' has to be a number from 0 to 100", 'write one: 95');
  return undefined;
}

/** A number, or text that spells one. */
function numberOf(node: Node | null): number | undefined {
  const value = isScalar(node) ? node.value : undefined;
  const isText = typeof value === 'string' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim());
  const number = typeof value === 'number' || isText ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}
