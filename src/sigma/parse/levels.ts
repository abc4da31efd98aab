/** Reads under which conditions a finding of a rule has another level. */
import { isMap, isSeq, type Node } from 'yaml';
import { type LevelCase, ruleLevels } from '../ast.ts';
import { didYouMean, quote } from '../rule-problem.ts';
import { readCondition } from './detection.ts';
import { readChoice } from './read-entry.ts';
import { type Entry, entriesOf, offsetOf, positionOf, type RuleFile, startOf } from './rule-file.ts';

/** There are five levels; each case can name every selection of the rule again. */
const MAX_CASES = 20;

const keys: readonly string[] = ['condition', 'level'];

/** The cases of `tripline.levels`, except those reported as invalid.
 * @param selections names of the rule's selections */
export function readLevels(file: RuleFile, entry: Entry, selections: readonly string[]): LevelCase[] {
  if (!isSeq(entry.value) || entry.value.items.length === 0) {
    file.report(
      startOf(entry),
      "'levels' has to be a list",
      'write - condition: … and level: …; the first that holds applies',
    );
    return [];
  }
  const nodes = entry.value.items as (Node | null)[];
  if (nodes.length > MAX_CASES) {
    file.report(
      offsetOf(entry.value),
      `there are more than ${MAX_CASES} levels`,
      'join conditions of one level with or',
    );
    return [];
  }
  return nodes.flatMap((node) => {
    if (!isMap(node)) {
      file.report(
        node === null ? startOf(entry) : offsetOf(node),
        'a level has to be a map',
        'write condition: … and level: …',
      );
      return [];
    }
    const members = new Map(entriesOf(node).map((member) => [member.key, member]));
    for (const { key, keyNode } of members.values()) {
      if (keys.includes(key)) continue;
      file.report(
        offsetOf(keyNode),
        `unknown key ${quote(key)} in levels`,
        didYouMean(key, keys, `use ${keys.join(' and ')}`),
      );
    }
    for (const key of keys.filter((key) => !members.has(key))) {
      file.report(offsetOf(node), `the level has no ${quote(key)}`, `add ${key}:`);
    }
    const condition = members.has('condition') && readCondition(file, members.get('condition')!, selections);
    const level = readChoice(file, members.get('level'), ruleLevels);
    return condition && level ? [{ position: positionOf(file, offsetOf(node)), condition, level }] : [];
  });
}
