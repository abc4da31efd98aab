/** Reads what a rule looks for: its selections, down to the tests of each item, and the condition over them. */
import { isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { BlockBody, Condition, Detection, FieldItem, Item, Selection, Test } from '../ast.ts';
import { compileRegex } from '../match/value-test.ts';
import { quote } from '../rule-problem.ts';
import {
  checkKeywordModifiers,
  checkModifiers,
  findModifier,
  joinOf,
  keywordTestOf,
  testOf,
} from './apply-modifiers.ts';
import { parseCondition } from './condition.ts';
import { checkField, type FieldNames } from './field-names.ts';
import { type ArrayStep, parseFieldPath, unescapeField } from './field-path.ts';
import type { RuleValue } from './modifier.ts';
import type { Placeholders } from './placeholder.ts';
import {
  type Entry,
  entriesOf,
  isNull,
  offsetOf,
  offsetWithin,
  positionOf,
  type RuleFile,
  startOf,
  wordFix,
} from './rule-file.ts';

/** Most RE2 instructions of all regular expressions of a rule: the cost of a text grows with its length times these. */
const MAX_REGEX_INSTRUCTIONS = 5_000;
/** Most values of all rules of a file, including what placeholders and templates make of them. */
const MAX_TESTS = 100_000;
/** More than can be combined. */
const MAX_MODIFIERS = 20;

/** What the reading of a detection depends on besides its text. */
export interface DetectionContext {
  /** If undefined, any field name is accepted. */
  fieldNames: FieldNames | undefined;
  placeholders: Placeholders;
  /** Whether brackets in the names of fields are array blocks, as from sigma-version 3 on. */
  arrays: boolean;
  /** What the file may still spend; shared by all of its documents. */
  ofFile: { testsLeft: number };
}

/** For a file of which nothing has been read yet. */
export function newBudget(): DetectionContext['ofFile'] {
  return { testsLeft: MAX_TESTS };
}

interface ItemContext extends DetectionContext {
  /** What the rule may still spend; shared by all of its items. */
  left: { regexInstructions: number };
  /** The full name of the list whose members have the fields; undefined if they are fields of the event. */
  list: string | undefined;
}

/** For a detection that cannot be used, which has been reported. */
const never: Condition = { kind: 'or', operands: [] };

/** The detection of a rule, or undefined after reporting why there is none. */
export function readDetection(file: RuleFile, entry: Entry, context: DetectionContext): Detection | undefined {
  if (!isMap(entry.value) || entry.value.items.length === 0) {
    file.report(startOf(entry), `${quote(entry.key)} has to be a map`, 'write key: value, one a line, further in');
    return undefined;
  }
  const left = { regexInstructions: MAX_REGEX_INSTRUCTIONS };
  return readSelections(file, entry, entriesOf(entry.value), { ...context, left, list: undefined });
}

function readSelections(file: RuleFile, entry: Entry, members: readonly Entry[], context: ItemContext): Detection {
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
      alternatives: readAlternatives(file, member, context),
    });
  }
  const conditionEntry = members.find(({ key }) => key === 'condition');
  if (conditionEntry === undefined) {
    const names = [...selections.keys()];
    file.report(offsetOf(entry.keyNode), `the ${entry.key} has no 'condition'`, `add condition: ${names[0] ?? '…'}`);
    return { selections, condition: never };
  }
  const condition = readCondition(file, conditionEntry, [...selections.keys()]);
  return { selections, condition: condition ?? never };
}

/** Conditions in a list; each can name every selection again. */
const MAX_CONDITIONS = 100;

/** One condition over the named selections, or a list of conditions, any of which is enough. */
export function readCondition(file: RuleFile, entry: Entry, selections: readonly string[]): Condition | undefined {
  const nodes = isSeq(entry.value) ? (entry.value.items as Node[]) : [entry.value];
  const conditions: Condition[] = [];
  if (nodes.length === 0) {
    file.report(startOf(entry), "'condition' is an empty list", 'name the selections, joined by and, or, not');
  }
  if (nodes.length > MAX_CONDITIONS) {
    file.report(startOf(entry), `there are more than ${MAX_CONDITIONS} conditions`, 'join them, or split the rule');
    return undefined;
  }
  for (const node of nodes) {
    if (!isScalar(node) || typeof node.value !== 'string') {
      file.report(startOf(entry), "'condition' has to be text", 'name the selections, joined by and, or, not');
      continue;
    }
    const condition = parseCondition(node.value, selections);
    if ('kind' in condition) conditions.push(condition);
    else {
      const at = offsetWithin(file, node, node.value, condition.at);
      file.report(at, condition.message, condition.hint, condition.meant && wordFix(file, at, ...condition.meant));
    }
  }
  if (conditions.length < nodes.length || conditions.length === 0) return undefined;
  return conditions.length === 1 ? conditions[0] : { kind: 'or', operands: conditions };
}

/** A map is one alternative, a list of maps is several; the scalars of a list are one more: its keywords. */
function readAlternatives(file: RuleFile, entry: Entry, context: ItemContext): Item[][] {
  const { key, value } = entry;
  const nodes = isSeq(value) ? (value.items as (Node | null)[]) : isNull(value) ? [] : [value];
  if (nodes.length === 0 || nodes.some((node) => isMap(node) && node.items.length === 0)) {
    file.report(startOf(entry), `the selection ${quote(key)} is empty`, 'write field: value, one a line');
    return [];
  }
  const alternatives: Item[][] = [];
  const keywords: Node[] = [];
  for (const node of nodes) {
    if (isMap(node)) alternatives.push(readItems(file, node, context));
    else if (isScalar(node) && !isNull(node)) keywords.push(node);
    else {
      const hint = 'write field: value, or words to look for';
      file.report(node === null ? startOf(entry) : offsetOf(node), 'this is neither a map nor a keyword', hint);
    }
  }
  if (keywords.length === 0) return alternatives;
  const values = keywords.map((node) => ({ ...ruleValueOf(node as Scalar), offset: offsetOf(node) }));
  const tests = readTests(file, values, [], '', context);
  const position = positionOf(file, offsetOf(keywords[0]!));
  return [...alternatives, [{ kind: 'field', position, field: '', quantifier: 'any', negated: false, tests }]];
}

function readItems(file: RuleFile, map: YAMLMap, context: ItemContext): Item[] {
  return entriesOf(map).flatMap((entry) => readItem(file, entry, context) ?? []);
}

function readItem(file: RuleFile, entry: Entry, context: ItemContext): Item | undefined {
  const { key, keyNode, value } = entry;
  const [name = '', ...spelled] = key.split('|');
  if (spelled.length > MAX_MODIFIERS) {
    file.report(
      offsetOf(keyNode),
      `the field has more than ${MAX_MODIFIERS} modifiers`,
      'drop those without an effect',
    );
    return undefined;
  }
  let offset = name.length;
  const offsets = spelled.map((modifier) => {
    const start = offset + 1;
    offset = start + modifier.length;
    return start;
  });
  const at = (index: number) => offsetWithin(file, keyNode, key, index);
  const position = positionOf(file, at(0));

  const path = readPath(file, at(0), name, context, isCompared(value, spelled));
  const modifiers: string[] = [];
  for (const [i, spelling] of spelled.entries()) {
    const found = findModifier(spelling);
    if ('modifier' in found) modifiers.push(found.name);
    else {
      const place = at(offsets[i]!);
      const lower = spelling.toLowerCase();
      const fix = 'modifier' in findModifier(lower) ? wordFix(file, place, spelling, lower) : undefined;
      file.report(place, found.message, found.hint, fix);
    }
  }
  if (modifiers.length < spelled.length) return undefined;
  const clash = checkModifiers(modifiers) ?? (name === '' ? checkKeywordModifiers(modifiers) : undefined);
  if (clash !== undefined) file.report(at(offsets[clash.index]!), clash.message, clash.hint);
  if (path === undefined || clash !== undefined) return undefined;

  if (isMap(value)) {
    const body = readBlock(file, entry, value, modifiers, path, context);
    const last = path.steps.at(-1);
    return body && last && inBlocks(path.steps.slice(0, -1), position, { kind: 'block', position, ...last, body });
  }
  const values = readValues(file, entry);
  if (values === undefined) return undefined;
  if (modifiers.includes('exists') && values.length > 1) {
    file.report(offsetOf(value!), "'exists' accepts only one value", 'write true or false');
  }
  const { field } = path;
  const tests = readTests(file, values, modifiers, field, context);
  const item: FieldItem = { kind: 'field', position, field, ...joinOf(values, modifiers), tests };
  return inBlocks(path.steps, position, item);
}

/** Whether what a field holds is compared with values, not with another field and not only for presence. */
function isCompared(value: Node | null, modifiers: readonly string[]): boolean {
  if (isMap(value) || modifiers.some((modifier) => modifier === 'exists' || modifier === 'fieldref')) return false;
  const values = isSeq(value) ? (value.items as (Node | null)[]) : [value];
  // `*` is any value that is present.
  return !values.some((each) => isNull(each) || (isScalar(each) && each.value === '*'));
}

/** The item with a block around it for each bracket in the path to its field. */
function inBlocks(steps: readonly ArrayStep[], position: Item['position'], item: Item): Item {
  return steps.reduceRight<Item>(
    (inner, step) => ({ kind: 'block', position, ...step, body: { kind: 'items', items: [inner] } }),
    item,
  );
}

function readBlock(
  file: RuleFile,
  entry: Entry,
  map: YAMLMap,
  modifiers: readonly string[],
  path: { steps: readonly ArrayStep[]; field: string },
  context: ItemContext,
): BlockBody | undefined {
  const isBlock = path.steps.length > 0 && path.field === '.';
  if (!isBlock || modifiers.length > 0 || map.items.length === 0) {
    const [message, hint] = !isBlock
      ? [
          'a map cannot be the value of a field',
          'write the dotted path; for members of a list: sigma-version 3, field[any]:',
        ]
      : modifiers.length > 0
        ? ['a block cannot have modifiers', 'append them to the fields inside']
        : ['the block is empty', 'write field: value, one a line'];
    file.report(offsetOf(map), message, hint);
    return undefined;
  }
  const inner = { ...context, list: wholeName(context.list, path) };
  const members = entriesOf(map);
  if (!members.some(({ key }) => key === 'condition')) {
    return { kind: 'items', items: readItems(file, map, inner) };
  }
  const detection = readSelections(file, entry, members, inner);
  return { kind: 'detection', ...detection };
}

function readTests(
  file: RuleFile,
  values: readonly (RuleValue & { offset: number })[],
  modifiers: readonly string[],
  field: string,
  { left, ofFile, placeholders }: ItemContext,
): Test[] {
  return values.flatMap(({ offset, ...value }) => {
    // Reported for each rule, because none that is cut short may be used.
    const tellOfExcess = () =>
      file.report(offset, `the rules of the file have more than ${MAX_TESTS} values`, 'split the file, or use a list');
    if (ofFile.testsLeft < 0) tellOfExcess();
    // Not worth compiling more of them.
    if (left.regexInstructions < 0 || ofFile.testsLeft < 0) return [];
    const test = (field === '' ? keywordTestOf : testOf)(value, modifiers, placeholders);
    if ('message' in test) {
      file.report(offset, test.message, test.hint);
      return [];
    }
    for (const each of test.kind === 'either' ? test.tests : [test]) {
      ofFile.testsLeft--;
      if (each.kind === 'regex') left.regexInstructions -= compileRegex(each.source, each.flags).programSize();
    }
    if (ofFile.testsLeft < 0) tellOfExcess();
    if (left.regexInstructions < 0) {
      file.report(offset, 'the regular expressions of the rule are too large', 'use shorter ones and smaller counts');
    }
    return [test];
  });
}

/** The brackets in the path to a field, and the field after them (`.` if a bracket is last); reports a field that no event
 * has. */
function readPath(
  file: RuleFile,
  offset: number,
  name: string,
  { arrays, list, fieldNames }: ItemContext,
  isCompared: boolean,
): { steps: ArrayStep[]; field: string } | undefined {
  if (name === '') return { steps: [], field: '' };
  const path = arrays ? parseFieldPath(name, list !== undefined) : { steps: [], field: unescapeField(name) };
  if ('message' in path) {
    file.report(offset + path.at, path.message, path.hint);
    return undefined;
  }
  return checkField(file, offset, wholeName(list, path), fieldNames, isCompared) ? path : undefined;
}

/** The name of a field from the event down; members of lists have the name of their list. */
function wholeName(list: string | undefined, { steps, field }: { steps: readonly ArrayStep[]; field: string }): string {
  const parts = [list, ...steps.map((step) => step.field), field];
  return parts.filter((part) => part !== undefined && part !== '.').join('.');
}

function readValues(file: RuleFile, entry: Entry): (RuleValue & { offset: number })[] | undefined {
  const { value } = entry;
  if (!isSeq(value)) return [{ ...ruleValueOf(value as Scalar | null), offset: startOf(entry) }];
  if (value.items.length === 0) {
    file.report(offsetOf(value), 'the list is empty, so that nothing can match', 'write a value');
    return undefined;
  }
  const values: (RuleValue & { offset: number })[] = [];
  for (const item of value.items as (Node | null)[]) {
    const offset = item === null ? offsetOf(value) : offsetOf(item);
    if (item === null || isScalar(item)) values.push({ ...ruleValueOf(item), offset });
    else file.report(offset, 'a value has to be text, a number, true or false', 'write one value');
  }
  return values.length === value.items.length ? values : undefined;
}

function ruleValueOf(node: Scalar | null): RuleValue {
  const value = (node?.value ?? null) as RuleValue['value'];
  return { value, text: typeof value === 'string' ? value : (node?.source ?? '') };
}
