/** Reads what events a rule is about. */
import type { Logsource } from '../ast.ts';
import { nearest, quote } from '../rule-problem.ts';
import { readMap, readText } from './read-entry.ts';
import { dataOf, type Entry, offsetOf, type RuleFile } from './rule-file.ts';

const logsourceKeys = ['category', 'product', 'service'] as const;

/** The logsource of a document, or undefined after reporting why there is none. */
export function readLogsource(file: RuleFile, entry: Entry | undefined): Logsource | undefined {
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
