/** Reads a list: the values that rules refer to by one name. */
import { isScalar, isSeq, type Node } from 'yaml';
import { didYouMean, quote, type RuleProblem } from '../rule-problem.ts';
import { readText } from './read-entry.ts';
import { type Entry, entriesOf, isNull, offsetOf, openFile, type RuleFile, readYaml, startOf } from './rule-file.ts';

/** As many as a value of a rule may stand for. */
const MAX_VALUES = 10_000;

export interface List {
  path: string;
  /** The file's name without its extension: `%name%` in a rule. */
  name: string;
  title: string;
  description: string;
  /** As a rule would spell them, including wildcards. An empty list is legal: nothing matches through it. */
  values: string[];
}

const shape = { noun: 'list', hint: 'write a map with title, description, values' };
const keys: readonly string[] = ['title', 'description', 'values'];

/** The list that a file contains, unless anything is wrong with it.
 * @param text the whole file, decoded as UTF-8
 * @param path of the file: its name is the list's */
export function parseList(text: string, path: string): { list?: List; problems: RuleProblem[] } {
  const file = openFile(text, path);
  const [root, ...others] = readYaml(file, shape);
  for (const other of others) file.report(offsetOf(other), 'a file holds one list', 'write a file for each');
  const name = path.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/i, '');
  if (!/^\w+$/.test(name)) {
    const hint = `use only letters, digits and _ in %name%: ${name.replace(/\W+/g, '_').slice(0, 60)}.yml`;
    file.report(0, `a list cannot be called ${quote(name)}`, hint);
  }
  const members = new Map(root && entriesOf(root).map((entry) => [entry.key, entry]));
  for (const { key, keyNode } of members.values()) {
    if (keys.includes(key)) continue;
    file.report(offsetOf(keyNode), `unknown key ${quote(key)}`, didYouMean(key, keys, `use ${keys.join(', ')}`));
  }
  if (root !== undefined) {
    for (const key of ['title', 'values'].filter((key) => !members.has(key))) {
      file.report(offsetOf(root), `the list has no ${quote(key)}`, `add ${key}:`);
    }
  }
  const title = readText(file, members.get('title'), { maxLength: 256 }) ?? '';
  const description = readText(file, members.get('description'), {}) ?? '';
  const values = readValues(file, members.get('values'));
  return file.count() > 0
    ? { problems: file.problems() }
    : { list: { path, name, title, description, values }, problems: [] };
}

function readValues(file: RuleFile, entry: Entry | undefined): string[] {
  if (entry === undefined) return [];
  if (!isSeq(entry.value)) {
    file.report(startOf(entry), "'values' has to be a list", 'write - value, one a line, or [] for none');
    return [];
  }
  const { items } = entry.value;
  if (items.length > MAX_VALUES) {
    file.report(offsetOf(entry.value), `the list has more than ${MAX_VALUES} values`, 'split it');
    return [];
  }
  return (items as (Node | null)[]).flatMap((item) => {
    if (item === null || !isScalar(item) || isNull(item)) {
      const offset = item === null ? startOf(entry) : offsetOf(item);
      file.report(offset, 'a value has to be text, a number, true or false', 'write one value');
      return [];
    }
    return [typeof item.value === 'string' ? item.value : (item.source ?? String(item.value))];
  });
}
