/** Counts of what was found in many records: by rule and level, and by verdict. */
import type { Detection } from '../detect.ts';
import { type Level, levels } from '../record.ts';
import type { RuleHead } from '../sigma/index.ts';
import { type Verdict, verdicts } from '../tag.ts';

export interface Tally {
  records: number;
  verdicts: Record<Verdict, number>;
  /** What was found in events of records other than the one that it came with. */
  reports: number;
  /** Records with findings on which another rule could not be decided. */
  matchedInPart: number;
  rules: ReadonlyMap<string, RuleTally>;
}

/** What one rule found at one level. */
export interface RuleTally {
  rule: string;
  level: Level;
  title: string;
  findings: number;
  /** Findings while the rule was in shadow mode. */
  shadow: number;
  /** Events on which the rule could not be decided. */
  undecided: number;
  /** Matches for which an exception left no finding. */
  silenced: number;
}

/** The verdict with which a record was counted before. */
export interface CountedVerdict {
  verdict: Verdict;
  /** Whether a rule could not be decided on it. */
  isUndecided: boolean;
}

type FoundMore = Pick<Extract<Detection, { findings: unknown }>, 'findings' | 'reports' | 'shadow' | 'shadowReports'>;

export interface Counter {
  /** Counts one more record. */
  count(detection: Detection): void;
  /** Counts what was found later in a record that was counted before. */
  countMore(before: CountedVerdict, more: FoundMore): void;
  /** Adds the counts of another tally. */
  add(tally: Tally): void;
  tally: Tally;
}

/** Counts from zero.
 * @param heads of the rules, whose own level is used for what is undecided */
export function startTally(heads: Iterable<Pick<RuleHead, 'name' | 'title' | 'level'>>): Counter {
  const known = new Map([...heads].map((head) => [head.name, head]));
  const rules = new Map<string, RuleTally>();
  const tally = {
    records: 0,
    verdicts: Object.fromEntries(verdicts.map((name) => [name, 0])) as Tally['verdicts'],
    reports: 0,
    matchedInPart: 0,
    rules,
  };

  const rowOf = (rule: string, level: Level, title: string): RuleTally => {
    const key = `${rule}\0${level}`;
    let row = rules.get(key);
    if (row === undefined)
      rules.set(key, (row = { rule, level, title, findings: 0, shadow: 0, undecided: 0, silenced: 0 }));
    return row;
  };
  function countFound({ findings, reports, shadow, shadowReports }: FoundMore): void {
    tally.reports += reports.length;
    for (const { rule, level, title } of [...findings, ...reports]) rowOf(rule, level, title).findings++;
    for (const { rule, level, title } of [...shadow, ...shadowReports]) rowOf(rule, level, title).shadow++;
  }
  return {
    tally,
    countMore({ verdict, isUndecided }, more) {
      countFound(more);
      if (verdict === 'match' || more.findings.length === 0) return;
      tally.verdicts[verdict]--;
      tally.verdicts.match++;
      if (isUndecided) tally.matchedInPart++;
    },
    add(other) {
      tally.records += other.records;
      tally.reports += other.reports;
      tally.matchedInPart += other.matchedInPart;
      for (const verdict of verdicts) tally.verdicts[verdict] += other.verdicts[verdict];
      for (const { rule, level, title, ...counts } of other.rules.values()) {
        const row = rowOf(rule, level, title);
        row.findings += counts.findings;
        row.shadow += counts.shadow;
        row.undecided += counts.undecided;
        row.silenced += counts.silenced;
      }
    },
    count(detection) {
      tally.records++;
      tally.verdicts[detection.verdict]++;
      if (!('findings' in detection)) return;
      countFound(detection);
      const ownRow = (rule: string) => {
        const { level, title } = known.get(rule)!;
        return rowOf(rule, level, title);
      };
      for (const { rule } of detection.undecided) ownRow(rule).undecided++;
      for (const { rule } of detection.silenced) ownRow(rule).silenced++;
      if (detection.verdict === 'match' && detection.undecided.length > 0) tally.matchedInPart++;
    },
  };
}

/** The rules of a tally, highest level first, then most frequent. */
export function gravestFirst({ rules }: Tally): RuleTally[] {
  const rank = ({ level }: RuleTally) => levels.indexOf(level);
  return [...rules.values()].sort((a, b) => rank(b) - rank(a) || b.findings - a.findings || b.undecided - a.undecided);
}
