/** Compares what rules find in a corpus of records with what they are expected to find. Pure: the caller reads and writes. */
import { isMap, member } from '../json/map.ts';
import { didYouMean, quote } from '../sigma/index.ts';

/** A finding or report in a file of the corpus, without repeats. */
export interface Found {
  id: string;
  rule: string;
  level: string;
  summary: string;
  /** That of its event; for a correlation those of all events that it counts, starting with the one that carries it. */
  auditIDs: readonly string[];
}

/** One finding: any of the rule with this auditID, or the one with this id. */
export interface ExpectedFinding {
  rule: string;
  auditID?: string;
  id?: string;
}

/** What is expected in one file; nothing if both are absent. */
export interface Expected {
  findings?: readonly ExpectedFinding[];
  /** The number of findings of rules that have too many to be listed. */
  counts?: Readonly<Record<string, number>>;
}

/** By the path of a file, relative to the folder of the expectations. */
export type Expectations = ReadonlyMap<string, Expected>;

export interface Difference {
  file: string;
  rule: string;
  /** `count`: a number other than expected. */
  difference: 'missed' | 'new' | 'count';
  expected: number;
  found: number;
  /** For a single finding: its auditID, or else its id. */
  finding?: string;
  /** For a new finding. */
  level?: string;
  summary?: string;
}

/** What differs in one file, by rule. */
export function compareFound(file: string, found: readonly Found[], expected: Expected): Difference[] {
  const { findings = [], counts = {} } = expected;
  const differences: Difference[] = [];
  const listed = new Set<Found>();
  for (const one of findings) {
    const meant = found.filter((each) => isMeant(one, each));
    for (const each of meant) listed.add(each);
    if (meant.length > 0) continue;
    const { rule, auditID, id } = one;
    differences.push({ file, rule, difference: 'missed', expected: 1, found: 0, finding: auditID ?? id! });
  }
  for (const [rule, number] of Object.entries(counts)) {
    const all = found.filter((each) => each.rule === rule);
    for (const each of all) listed.add(each);
    if (all.length !== number)
      differences.push({ file, rule, difference: 'count', expected: number, found: all.length });
  }
  for (const each of found) {
    if (listed.has(each)) continue;
    const { rule, level, summary, id, auditIDs } = each;
    const finding = auditIDs[0] || id;
    differences.push({ file, rule, difference: 'new', expected: 0, found: 1, finding, level, summary });
  }
  return differences.sort((a, b) => (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0));
}

function isMeant({ rule, auditID, id }: ExpectedFinding, found: Found): boolean {
  return found.rule === rule && (id === undefined ? found.auditIDs.includes(auditID!) : found.id === id);
}

/** Beyond this many findings of a rule in a file, they are counted instead of listed. */
const MAX_LISTED = 20;

/** Turns findings into expectations. A rule that was counted before stays counted. */
export function expectedOf(found: readonly Found[], before: Expected = {}): Expected {
  const byRule = Map.groupBy(found, ({ rule }) => rule);
  const isCounted = (rule: string) => Object.hasOwn(before.counts ?? {}, rule) || byRule.get(rule)!.length > MAX_LISTED;
  const rules = [...byRule.keys()].sort();
  const counts = rules.filter(isCounted).map((rule) => [rule, byRule.get(rule)!.length] as const);
  const findings = rules.filter((rule) => !isCounted(rule)).flatMap((rule) => listedOf(byRule.get(rule)!));
  return { ...(findings.length > 0 && { findings }), ...(counts.length > 0 && { counts: Object.fromEntries(counts) }) };
}

/** By auditID, which a person can find in the log, if only one finding has it. */
function listedOf(found: readonly Found[]): ExpectedFinding[] {
  return found.map(({ rule, id, auditIDs: [auditID = ''] }) => {
    const isAlone = auditID !== '' && found.filter(({ auditIDs }) => auditIDs.includes(auditID)).length === 1;
    return isAlone ? { rule, auditID } : { rule, id };
  });
}

/** The expectations as the text of a file: JSON with a line for each finding, so that a changed finding changes one line. */
export function printExpectations(expectations: Expectations): string {
  const files = [...expectations]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, { findings = [], counts = {} }]) => {
      const parts = [
        ...(findings.length === 0 ? [] : [block('"findings": [', findings.map(spaced), ']')]),
        ...(Object.keys(counts).length === 0 ? [] : [`    "counts": ${spaced(counts)}`]),
      ];
      return `  ${JSON.stringify(file)}: ${parts.length === 0 ? '{}' : `{\n${parts.join(',\n')}\n  }`}`;
    });
  return files.length === 0 ? '{}\n' : `{\n${files.join(',\n')}\n}\n`;
}

function block(open: string, items: readonly string[], close: string): string {
  return `    ${open}\n${items.map((item) => `      ${item}`).join(',\n')}\n    ${close}`;
}

function spaced(map: object): string {
  const members = Object.entries(map).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{ ${members.join(', ')} }`;
}

/** The expectations in the text of a file, or, if it has problems, a line for each of them. */
export function parseExpectations(text: string, path: string): { expectations?: Expectations; problems: string[] } {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    return { problems: [`${path}: ${(error as Error).message}`] };
  }
  if (!isMap(root)) return { problems: [`${path}: expected a map of files, { "attack.log": { "findings": […] } }`] };
  const problems: string[] = [];
  const expectations = new Map<string, Expected>();
  for (const file of Object.keys(root)) {
    const report = (message: string) => problems.push(`${path}: ${quote(file)}: ${message}`);
    const expected = readExpected(member(root, file), report);
    if (expected !== undefined) expectations.set(file, expected);
  }
  return problems.length > 0 ? { problems } : { expectations, problems };
}

const keys = ['findings', 'counts'];

function readExpected(value: unknown, report: (message: string) => void): Expected | undefined {
  if (!isMap(value)) return void report('expected { "findings": […], "counts": {…} }, or {} for none');
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    return void report(`unknown key ${quote(unknown)}; ${didYouMean(unknown, keys, 'remove it')}`);
  const findings = Object.hasOwn(value, 'findings') ? member(value, 'findings') : [];
  const counts = Object.hasOwn(value, 'counts') ? member(value, 'counts') : {};
  if (!Array.isArray(findings) || !findings.every(isExpectedFinding)) {
    return void report('"findings" has to be a list of { "rule": "…", "auditID": "…" } or { "rule": "…", "id": "…" }');
  }
  if (!isMap(counts) || !Object.values(counts).every((count) => Number.isSafeInteger(count) && Number(count) >= 0)) {
    return void report('"counts" has to be a map from rules to numbers, { "pods-deleted": 48 }');
  }
  const twice = findings.find(({ rule }) => Object.hasOwn(counts, rule));
  if (twice !== undefined) return void report(`${quote(twice.rule)} is in findings and in counts; keep one`);
  return { findings, counts: counts as Record<string, number> };
}

function isExpectedFinding(value: unknown): value is ExpectedFinding {
  if (!isMap(value) || typeof member(value, 'rule') !== 'string') return false;
  const [auditID, id] = [member(value, 'auditID'), member(value, 'id')];
  const isText = (text: unknown) => text === undefined || (typeof text === 'string' && text !== '');
  const isKnown = Object.keys(value).every((key) => ['rule', 'auditID', 'id'].includes(key));
  return isKnown && isText(auditID) && isText(id) && (auditID !== undefined || id !== undefined);
}
