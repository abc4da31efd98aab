/** Reads one member of a document's map as what it should be (text, list, choice or map), and reports it if it is not. */
import { isMap, isScalar, isSeq, type Node } from 'yaml';
import { didYouMean, quote } from '../rule-problem.ts';
import { type Entry, entriesOf, offsetOf, offsetWithin, type RuleFile, startOf, wordFix } from './rule-file.ts';

export interface TextRules {
  maxLength?: number;
  pattern?: RegExp;
  /** What the pattern accepts, for the message. */
  example?: string;
}

/** The text of a member; a number or a date counts as text, as it is spelled. */
export function readText(file: RuleFile, entry: Entry | undefined, rules: TextRules): string | undefined {
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
    file.report(offset, `${quote(key)} has to be ${example}`, `write ${example} after ${key}:`);
    return undefined;
  }
  if (text.length > maxLength) {
    file.report(offset, `${quote(key)} is longer than ${maxLength} characters`, 'shorten it');
    return undefined;
  }
  return text;
}

/** A list of texts; a single text is a list of one. */
export function readTexts(file: RuleFile, entry: Entry | undefined, rules: TextRules): string[] {
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

/** One of several words. */
export function readChoice<T extends string>(
  file: RuleFile,
  entry: Entry | undefined,
  choices: readonly T[],
): T | undefined {
  const text = readText(file, entry, {});
  if (entry === undefined || text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) {
    const hint = didYouMean(text, choices, `write one of ${choices.join(', ')}`);
    const lower = choices.find((candidate) => candidate === text.toLowerCase());
    const fix = lower && wordFix(file, offsetWithin(file, entry.value!, text, 0), text, lower);
    file.report(startOf(entry), `${quote(text)} is not a valid ${entry.key}`, hint, fix);
  }
  return choice;
}

/** The members of a map that is not empty. */
export function readMap(file: RuleFile, entry: Entry | undefined): Entry[] | undefined {
  if (entry === undefined) return undefined;
  if (isMap(entry.value) && entry.value.items.length > 0) return entriesOf(entry.value);
  file.report(startOf(entry), `${quote(entry.key)} has to be a map`, 'write key: value, one a line, further in');
  return undefined;
}
