/** Reads a filter: an exception that is applied to rules from outside. */
import { isMap, isScalar, isSeq } from 'yaml';
import type { Detection, Filter } from '../ast.ts';
import { type DetectionContext, readDetection } from './detection.ts';
import { readTexts } from './read-entry.ts';
import { type Entry, entriesOf, offsetOf, positionOf, type RuleFile, startOf, withoutEntry } from './rule-file.ts';

/** Most names of rules; a filter for more should use `any`. */
const MAX_RULES = 100;

/** What a filter says below `filter`, or undefined after reporting why there is nothing.
 * @see Sigma specification 2.1.0, "Sigma Filters" */
export function readFilter(
  file: RuleFile,
  entry: Entry,
  context: DetectionContext,
): Pick<Filter, 'rules' | 'position' | keyof Detection> | undefined {
  const { value } = entry;
  const rulesEntry = isMap(value) ? entriesOf(value).find(({ key }) => key === 'rules') : undefined;
  // The rest is a detection: selections and a condition.
  const rest = isMap(value) && rulesEntry !== undefined ? { ...entry, value: withoutEntry(value, rulesEntry) } : entry;
  const detection = readDetection(file, rest, context);
  const rules = readRules(file, entry, rulesEntry);
  return detection && { rules, position: positionOf(file, offsetOf(entry.keyNode)), ...detection };
}

function readRules(file: RuleFile, entry: Entry, rules: Entry | undefined): Filter['rules'] {
  const hint = "write the names or ids of rules, or 'any'";
  if (rules === undefined) {
    file.report(offsetOf(entry.keyNode), "the filter has no 'rules'", hint);
    return [];
  }
  if (isScalar(rules.value) && rules.value.value === 'any') return 'any';
  if (isSeq(rules.value) && rules.value.items.length > MAX_RULES) {
    file.report(offsetOf(rules.value), `the filter names more than ${MAX_RULES} rules`, "split it, or write 'any'");
    return [];
  }
  const names = readTexts(file, rules, { maxLength: 256, example: 'the names or ids of rules' });
  if (isSeq(rules.value) && rules.value.items.length === 0) file.report(startOf(rules), "'rules' names no rule", hint);
  return names;
}
