/** Who is responsible for what a finding is about, from a file of entries with patterns: the first that matches counts. */
import { isMap, isSeq, type Node } from 'yaml';
import { compilePattern, parsePattern } from '../sigma/match/pattern.ts';
import { readMap, readText, readTexts } from '../sigma/parse/read-entry.ts';
import {
  type Entry,
  entriesOf,
  offsetOf,
  openFile,
  type RuleFile,
  readYaml,
  startOf,
} from '../sigma/parse/rule-file.ts';
import { didYouMean, quote, type RuleProblem } from '../sigma/rule-problem.ts';

export interface Owner {
  /** A team or a person, as the file spells it. */
  name: string;
  /** An address, a channel. */
  contact?: string;
  /** URL of the instructions. */
  runbook?: string;
}

/** What an owner is found by. */
export interface Owned {
  /** Name of the rule or correlation. */
  rule: string;
  /** Undefined if it is not known. */
  cluster: string | undefined;
  /** Empty for a cluster-scoped object; undefined if it is not known. */
  namespace: string | undefined;
  /** Labels of the object, as far as the record has them. */
  labels: Readonly<Record<string, string>>;
}

export interface Owners {
  /** The whole file. */
  text: string;
  of(owned: Owned): Owner | undefined;
}

export const noOwners: Owners = { text: '', of: () => undefined };

type Matches = (owned: Owned) => boolean;

const MAX_ENTRIES = 10_000;
const shape = { noun: 'list of owners', hint: 'write owners: and below it entries, such as - namespace: shop' };
const texts = ['rule', 'cluster', 'namespace'] as const;
const keys: readonly string[] = [...texts, 'labels', 'owner', 'contact', 'runbook'];
const MAX_LENGTH = { maxLength: 1024 };

/** The owners that a file lists, unless anything is wrong with it.
 * @param text the whole file, decoded as UTF-8 */
export function parseOwners(text: string, path: string): { owners?: Owners; problems: RuleProblem[] } {
  const file = openFile(text, path);
  const entries = itemsOf(file).map((item) => readEntry(file, item));
  checkLast(file, entries);
  if (file.count() > 0) return { problems: file.problems() };
  const of: Owners['of'] = (owned) => entries.find((entry) => entry?.tests.every((test) => test(owned)))?.owner;
  return { owners: { text, of }, problems: [] };
}

function itemsOf(file: RuleFile): (Node | null)[] {
  const [root, ...others] = readYaml(file, shape);
  for (const other of others) file.report(offsetOf(other), 'a file has one list of owners', 'merge the documents');
  if (root === undefined) return [];
  const members = entriesOf(root);
  for (const { key, keyNode } of members) {
    if (key !== 'owners')
      file.report(offsetOf(keyNode), `unknown key ${quote(key)}`, didYouMean(key, ['owners'], 'use owners'));
  }
  const list = members.find(({ key }) => key === 'owners');
  if (list === undefined || !isSeq(list.value)) {
    file.report(list === undefined ? offsetOf(root) : startOf(list), `there is no list under 'owners'`, shape.hint);
    return [];
  }
  if (list.value.items.length > MAX_ENTRIES) {
    file.report(startOf(list), `there are more than ${MAX_ENTRIES} entries`, 'use * in patterns to merge some');
    return [];
  }
  return list.value.items as (Node | null)[];
}

interface OwnerEntry {
  offset: number;
  tests: readonly Matches[];
  owner: Owner;
}

function readEntry(file: RuleFile, item: Node | null): OwnerEntry | undefined {
  if (!isMap(item)) {
    file.report(
      item === null ? 0 : offsetOf(item),
      'an entry must be a map',
      'write - namespace: shop, and owner: below it',
    );
    return undefined;
  }
  const members = new Map(entriesOf(item).map((entry) => [entry.key, entry]));
  for (const { key, keyNode } of members.values()) {
    if (keys.includes(key)) continue;
    file.report(offsetOf(keyNode), `unknown key ${quote(key)}`, didYouMean(key, keys, `use ${keys.join(', ')}`));
  }
  const offset = offsetOf(item);
  if (!members.has('owner')) file.report(offset, `the entry has no 'owner'`, 'add owner: with the name of a team');
  const name = readText(file, members.get('owner'), MAX_LENGTH) ?? '';
  const contact = readText(file, members.get('contact'), MAX_LENGTH);
  const runbook = readText(file, members.get('runbook'), {
    ...MAX_LENGTH,
    pattern: /^https?:\/\/\S+$/,
    example: 'an http or https URL',
  });
  const owner = { name, ...(contact !== undefined && { contact }), ...(runbook !== undefined && { runbook }) };
  const tests = [
    ...texts.flatMap((key) => testsOf(file, members.get(key), (owned) => owned[key])),
    ...(readMap(file, members.get('labels')) ?? []).flatMap((label) =>
      testsOf(file, label, ({ labels }) => (Object.hasOwn(labels, label.key) ? labels[label.key] : undefined)),
    ),
  ];
  return { offset, tests, owner };
}

/** The test whether a text matches one of the patterns of a member; a text that is not known matches none. */
function testsOf(file: RuleFile, entry: Entry | undefined, read: (owned: Owned) => string | undefined): Matches[] {
  if (entry === undefined) return [];
  const patterns = readTexts(file, entry, MAX_LENGTH).map((text) => compilePattern(parsePattern(text), true));
  if (isSeq(entry.value) && entry.value.items.length === 0) {
    file.report(startOf(entry), `${quote(entry.key)} is an empty list`, 'write a pattern, or remove the key');
  }
  return [
    (owned) => {
      const text = read(owned);
      return text !== undefined && patterns.some((matches) => matches(text));
    },
  ];
}

/** No entry is reached after one that matches everything. */
function checkLast(file: RuleFile, entries: readonly (OwnerEntry | undefined)[]): void {
  const all = entries.findIndex((entry) => entry?.tests.length === 0);
  const next = all === -1 ? undefined : entries[all + 1];
  if (next === undefined) return;
  file.report(
    next.offset,
    'no finding reaches this entry: the one before it matches everything',
    'put the entry without patterns last',
  );
}
