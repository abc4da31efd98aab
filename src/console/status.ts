/** The current state of the sidecar, which the console's thread receives with each question, and its problems. */
import { describeSource, REMEDY, type Silence } from '../silence/index.ts';
import type { Now, ProblemNow, RecordRate, SinkNow } from './api.ts';
import type { Book } from './book.ts';

/** The live rules, as reported by the processing thread. */
export interface RulesNow {
  ruleset: string;
  rules: number;
  correlations: number;
  broken?: readonly { rule: string; at: string; now: string }[];
  refused?: { since: Date; files: string[] };
  stateUnwritten?: { since: Date; code: string };
  stateUnavailable?: { since: Date; code: string };
}

export interface Status {
  version: string;
  /** When the process began. */
  started: Date;
  at: Date;
  rules: RulesNow;
  /** When a rule set last replaced another, or the process began. */
  rulesSince: Date;
  spools: Readonly<Record<string, { kind: 'full' | 'failing'; since: Date }>>;
  /** The sources that are silent. */
  silences: readonly Silence[];
  records: RecordRate[];
  lag: Now['lag'];
  sinks: SinkNow[];
  /** By name, the time since which a sink has been down. */
  down: Readonly<Record<string, Date>>;
}

export function nowOf(status: Status, book: Pick<Book, 'minutes'>): Now {
  const { at, rules, rulesSince, records, lag, sinks } = status;
  const { ruleset, rules: count, correlations, refused } = rules;
  const { findings, silenced } = book.minutes();
  return {
    at: at.toISOString(),
    ...{ ruleset, rules: count, correlations },
    rulesSince: rulesSince.toISOString(),
    ...(refused && { refused: { since: refused.since.toISOString(), files: refused.files } }),
    ...{ records, findings, silenced, lag, sinks },
    problems: problemsOf(status),
  };
}

/** Gravest first: what loses records, what delays them, what evaluates outdated rules. */
export function problemsOf({ at, rules, rulesSince, spools, silences, down }: Status): ProblemNow[] {
  const problems: ProblemNow[] = [];
  const add = (code: string, since: Date, message: string, remedy: string) =>
    problems.push({ code, message, remedy, since: since.toISOString() });
  for (const [sink, { kind, since }] of Object.entries(spools)) {
    if (kind === 'full') {
      const remedy =
        'Check why its receiver accepts nothing, or give the spool more space (spool.maxBytes). Senders retry meanwhile.';
      add('spool.full', since, `The spool of ${sink} is full, and its batches are refused`, remedy);
    } else {
      const remedy = 'See the log for the disk error. Senders retry meanwhile.';
      add('spool.failing', since, `The spool of ${sink} cannot be written, and its batches are refused`, remedy);
    }
  }
  for (const [sink, since] of Object.entries(down)) {
    const remedy = 'Check whether it is up, and whether the address and credentials of the sink are right.';
    add('sink.down', since, `The receiver of ${sink} does not accept records`, remedy);
  }
  for (const silence of silences) {
    add('source.silent', silence.since, `${describeSource(silence)} sends no audit records`, REMEDY);
  }
  if (rules.refused !== undefined) {
    const { since, files } = rules.refused;
    const remedy = 'Run tripline check, which reports what is wrong and where. The previous rules stay live.';
    add('rules.refused', since, `The rule files cannot be loaded at all: ${files.join(', ')}`, remedy);
  }
  if (rules.stateUnwritten !== undefined) {
    const { since, code } = rules.stateUnwritten;
    const remedy = 'Check the disk and the permissions of state.path. A restart would lose what correlations count.';
    add('state.unwritten', since, `The state of correlations cannot be written: ${code}`, remedy);
  }
  if (rules.stateUnavailable !== undefined) {
    const { since, code } = rules.stateUnavailable;
    const remedy =
      'Check whether it is up, accepts writes and has space, and whether address and credentials of state are right.';
    add('state.unavailable', since, `The server of the state cannot be used: ${code}`, remedy);
  }
  for (const { rule, at: place, now } of rules.broken ?? []) {
    const remedy = 'Fix it; no restart is needed.';
    add(
      'rules.broken',
      rulesSince < at ? rulesSince : at,
      `${rule} cannot be used as ${place} says it: ${now}`,
      remedy,
    );
  }
  return problems;
}
