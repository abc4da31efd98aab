/** What the sidecar is at the moment, as the console's thread is given it with each question, and what is wrong with it. */
import { describeSource, REMEDY, type Silence } from '../silence/index.ts';
import type { Now, ProblemNow, RecordRate, SinkNow } from './api.ts';
import type { Book } from './book.ts';

/** Of the rules that decide, as the processing thread says. */
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
  /** When a set of rules last took the place of another, or the process began. */
  rulesSince: Date;
  spools: Readonly<Record<string, { kind: 'full' | 'failing'; since: Date }>>;
  /** The sources that are silent. */
  silences: readonly Silence[];
  records: RecordRate[];
  lag: Now['lag'];
  sinks: SinkNow[];
  /** Since when sinks are down, by name. */
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

/** Gravest first: what loses records, what holds them up, what decides by older rules. */
export function problemsOf({ at, rules, rulesSince, spools, silences, down }: Status): ProblemNow[] {
  const problems: ProblemNow[] = [];
  const add = (code: string, since: Date, message: string, remedy: string) =>
    problems.push({ code, message, remedy, since: since.toISOString() });
  for (const [sink, { kind, since }] of Object.entries(spools)) {
    if (kind === 'full') {
      const remedy =
        'See why its receiver takes nothing, or give the spool more room (spool.maxBytes). Senders retry meanwhile.';
      add('spool.full', since, `The spool of ${sink} is full, and its batches are refused`, remedy);
    } else {
      const remedy = 'See the log for the error of the disk. Senders retry meanwhile.';
      add('spool.failing', since, `The spool of ${sink} cannot be written, and its batches are refused`, remedy);
    }
  }
  for (const [sink, since] of Object.entries(down)) {
    const remedy = 'See whether it is up, and whether address and credentials of the sink are right.';
    add('sink.down', since, `The receiver of ${sink} does not take records`, remedy);
  }
  for (const silence of silences) {
    add('source.silent', silence.since, `${describeSource(silence)} sends no audit records`, REMEDY);
  }
  if (rules.refused !== undefined) {
    const { since, files } = rules.refused;
    const remedy = 'Run tripline check, which says what is wrong and where. The rules before stay live.';
    add('rules.refused', since, `Nothing of the rule files can be loaded: ${files.join(', ')}`, remedy);
  }
  if (rules.stateUnwritten !== undefined) {
    const { since, code } = rules.stateUnwritten;
    const remedy = 'See to the disk and to the rights of state.path. A restart would forget what correlations count.';
    add('state.unwritten', since, `The state of correlations cannot be written: ${code}`, remedy);
  }
  if (rules.stateUnavailable !== undefined) {
    const { since, code } = rules.stateUnavailable;
    const remedy =
      'See whether it is up, takes writes and has room, and whether address and credentials of state are right.';
    add('state.unavailable', since, `The server of the state cannot be used: ${code}`, remedy);
  }
  for (const { rule, at: place, now } of rules.broken ?? []) {
    const remedy = 'Mend it; no restart is needed.';
    add(
      'rules.broken',
      rulesSince < at ? rulesSince : at,
      `${rule} cannot be used as ${place} says it: ${now}`,
      remedy,
    );
  }
  return problems;
}
