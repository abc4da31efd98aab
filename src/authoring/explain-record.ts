/** Why rules match or do not match the events in records. */
import { isAnswered } from '../audit/request.ts';
import { type Detection, lookupOf, type Ruleset } from '../detect.ts';
import type { AuditEvent, FieldValues, Finding, FindingCorrelation, Report } from '../record.ts';
import { type Explanation, explain, explainLevels, levelOf, printExplanation, type RuleLevel } from '../sigma/index.ts';
import { printable } from '../sigma/rule-problem.ts';
import { summarize } from '../tagger.ts';
import { truncate } from '../truncate.ts';

/** One statement about a record, or about an event in it. */
export type Explained =
  | { kind: 'unreadable'; problem: string }
  | { kind: 'not_audit' }
  /** The event does not show the outcome, so no rule is evaluated on it: the response to the request is an event of its own. */
  | { kind: 'unanswered'; event: number; about: string }
  | {
      kind: 'event';
      /** Which event of the record, from 0. */
      event: number;
      /** Who did what to which object. */
      about: string;
      rule: string;
      answer: 'matches' | 'ignores' | 'undecided';
      explanation: Explanation;
      /** For a match: its level, and the conditions that could have set another. */
      level?: RuleLevel;
      levels?: { level: RuleLevel; explanation: Explanation }[];
    }
  /** A match that counts in a correlation, and the group in which it counts. */
  | { kind: 'counts'; event: number; about: string; correlation: string; rule: string; group: FieldValues[] }
  /** What a correlation finds with this record. */
  | { kind: 'found'; correlation: string; summary: string; found: FindingCorrelation };

/** The part of a rule set that is explained. */
export type Subject = Pick<Ruleset, 'rules' | 'correlations' | 'enrichment'>;

/** Every event of a record against every rule, in this order, and how it counts in the correlations. */
export function explainRecord(detection: Detection, subject: Subject): Explained[] {
  switch (detection.verdict) {
    case 'not_audit':
      return [{ kind: 'not_audit' }];
    case 'error':
      return [{ kind: 'unreadable', problem: detection.problem.message }];
    case 'match':
    case 'clear':
    case 'indeterminate': {
      const { events, problem } = detection;
      const explained = events.flatMap((event, index) => {
        const answers = explainEvent(event, index, subject);
        return [...answers, ...answers.flatMap((answer) => countsIn(answer, event, subject))];
      });
      const found = [...detection.findings, ...detection.reports].flatMap(foundBy);
      const unreadable: Explained[] = problem === undefined ? [] : [{ kind: 'unreadable', problem: problem.message }];
      return [...explained, ...found, ...unreadable];
    }
  }
}

function explainEvent(event: AuditEvent, index: number, subject: Subject): Explained[] {
  const about = aboutOf(event);
  if (!isAnswered(event.stage)) return [{ kind: 'unanswered', event: index, about }];
  const lookup = lookupOf(event, subject);
  return subject.rules.map((rule) => {
    const explanation = explain(rule, lookup);
    const answer = { true: 'matches', false: 'ignores', unknown: 'undecided' } as const;
    const { name } = rule.rule;
    return {
      kind: 'event',
      event: index,
      about,
      rule: name,
      answer: answer[`${explanation.truth}`],
      explanation,
      ...(explanation.truth === true && { level: levelOf(rule, lookup), levels: explainLevels(rule, lookup) }),
    };
  });
}

function countsIn(answer: Explained, event: AuditEvent, subject: Subject): Explained[] {
  if (answer.kind !== 'event' || answer.answer !== 'matches') return [];
  const lookup = lookupOf(event, subject);
  const { event: index, about, rule } = answer;
  return subject.correlations.flatMap(({ correlation, rules, groupFields }): Explained[] => {
    const at = rules.indexOf(rule);
    if (at === -1) return [];
    const group = groupFields[at]!.map((name, of) => ({
      field: correlation.groupBy[of]!,
      values: lookup(name).values.map((value) => String(value)),
    }));
    return [{ kind: 'counts', event: index, about, correlation: correlation.name, rule, group }];
  });
}

function foundBy({ rule, summary, correlation }: Finding | Report): Explained[] {
  return correlation === undefined ? [] : [{ kind: 'found', correlation: rule, summary, found: correlation }];
}

/** Who did what to which object, on one line. */
export function aboutOf(event: AuditEvent): string {
  const { username, verb, resource, subresource, namespace, name } = summarize(event);
  const object = [resource, subresource].filter((part) => part !== '').join('/');
  const place = [namespace, name].filter((part) => part !== '').join('/');
  return printable(
    `${username || 'an unknown user'}: ${[verb, object, place].filter((part) => part !== '').join(' ')}`,
  );
}

/** The explanation as text, of several lines. */
export function printExplained(record: number, explained: Explained): string {
  switch (explained.kind) {
    case 'unreadable':
      return `record ${record}: cannot be read: ${printable(explained.problem)}\n`;
    case 'not_audit':
      return `record ${record}: there is no audit event in it\n`;
    case 'unanswered':
      return `record ${record}, event ${explained.event}: ${explained.about}: no rule looks at the stage RequestReceived\n`;
    case 'counts': {
      const { event, about, correlation, rule, group } = explained;
      const shared = group.length === 0 ? 'all events of the cluster' : `events with ${printGroup(group)}`;
      return `record ${record}, event ${event}: ${about}: counts in ${correlation} by ${rule}, among ${shared}\n`;
    }
    case 'found': {
      const { correlation, summary, found } = explained;
      const value = found.value === undefined ? '' : `, ${found.value} counted`;
      const window = `${found.from} to ${found.to}`;
      return `record ${record}: ${correlation} finds: ${printable(summary)} (${found.events.length} events, ${window}${value})\n`;
    }
    case 'event': {
      const { event, about, rule, answer, explanation } = explained;
      const head = `record ${record}, event ${event}: ${about}: ${rule} ${verbOf[answer]}`;
      return `${head}\n${printExplanation(explanation, '  ')}\n${printLevels(explained)}`;
    }
  }
}

function printGroup(group: readonly FieldValues[]): string {
  return printable(group.map(({ field, values }) => `${field}=${values.slice(0, 3).join(',') || '-'}`).join(' '));
}

/** Empty if no condition could have set another level. */
function printLevels({ level, levels = [] }: Explained & { kind: 'event' }): string {
  if (levels.length === 0) return '';
  const conditions = levels.map(
    ({ level, explanation }) => `    ${level} if\n${printExplanation(explanation, '      ')}\n`,
  );
  return `  level ${level}: the first that holds, else the rule's own\n${conditions.join('')}`;
}

const verbOf = { matches: 'matches', ignores: 'does not match', undecided: 'cannot be decided' };

/** The explanation as JSON on one line; long values are cut. */
export function explainedJson(record: number, explained: Explained): string {
  return JSON.stringify({ record, ...explained }, (key, value) => {
    if (typeof value === 'bigint') return String(value);
    return (key === 'values' || key === 'passing') && Array.isArray(value) ? truncate(value) : value;
  });
}
