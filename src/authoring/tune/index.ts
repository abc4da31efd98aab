/** Tunes a rule from one of its findings: an exception is proposed, tried on records and on the cases of the rule, and
 * returned as YAML to commit. Nothing is written, and no rule set is changed.
 *
 * The console calls `tune` with the records of its ring, `tripline rules tune` with those of a file. Cases and what they
 * need are read from files beside the rules; everything else is passed in. Every record is evaluated twice with the rules
 * that the exception concerns: do not call it on the thread that answers senders. */
import type { Ruleset } from '../../detect.ts';
import type { RuleSources } from '../../rules/index.ts';
import type { Answer } from '../cases.ts';
import { type FileResult, testRuleFile } from '../test-rule.ts';
import { type PipelineOf, type Records, type Silences, silencedBy } from './evaluate-again.ts';
import { identityOf } from './identity.ts';
import { type Proposal, propose, type Subject } from './proposal.ts';
import { affectedBy, withException } from './with-exception.ts';

export type { Batches, FoundAgain, PipelineOf, Records, Silences } from './evaluate-again.ts';
export { identityOf } from './identity.ts';
export { CannotTune, type Proposal, propose, type Subject, type Warning } from './proposal.ts';
export { findById, type Noise, noisiest, subjectOf } from './subject.ts';
export { tunableFields } from './tunable-fields.ts';
export { writeException } from './write.ts';

export interface TuneInput {
  /** What the finding is about, and its id. For one that is known by its id alone, see subject.ts. */
  subject: Subject & { id: string };
  /** Names of fields that the exception tests; by default who, where, and what it is done to. */
  by?: readonly string[];
  /** The records to try it on, in order of arrival; for a correlation, with all the records that it counts. */
  records: Records;
}

export interface TuneParts {
  /** The live rules, as `loadRules` gives them. */
  ruleset: Ruleset;
  /** Where they come from: cases may provide values of lists, with which the rules are reloaded. */
  sources: RuleSources;
  /** `(ruleset) => partsOf(config, () => ruleset, [])` */
  pipelineOf: PipelineOf;
  /** As `2026-11-29`. */
  today: string;
}

export interface TunedCase {
  /** The file of the rule. */
  path: string;
  name: string;
  want: Answer;
  /** With the exception; `unreadable` if a record of the case is. */
  answer: Answer | 'unreadable';
  /** Without it: a case that fails then too does not fail because of the exception. */
  before: Answer | 'unreadable';
}

export interface Tuned extends Omit<Proposal, 'rules'> {
  /** The rule or correlation of the finding. */
  rule: string;
  /** The rules that the exception names. */
  rules: string[];
  silences: Silences;
  /** Cases of the rules that it names and of the correlations that count them; those that fail because of it come first. */
  cases: TunedCase[];
  /** Codes in addition to those of a proposal: `case-fails`, `no-cases`, `unreadable-cases`, `other-identities`, `undecided`,
   * `correlation-shifts`, `not-found-again` (the records do not produce the finding, so nothing can be said about it),
   * `not-silenced` (the finding stays). */
  warnings: Proposal['warnings'];
}

/** Proposes an exception for a finding, and tries it.
 * @throws CannotTune if no exception can be proposed; Problem if records cannot be read */
export async function tune({ subject, by, records }: TuneInput, parts: TuneParts): Promise<Tuned> {
  const { ruleset, sources, pipelineOf, today } = parts;
  const { rules, ...proposal } = propose(subject, { ...(by && { by }), ruleset, today });
  const after = withException(ruleset, proposal);
  const identity = identityOf(subject.event);
  const concern = { rules, before: ruleset, after, identity };
  const { silences, found } = await silencedBy(records(), concern, pipelineOf);
  const tried = await tryCases(affectedBy(rules, ruleset), { ruleset, sources, proposal });
  const warnings = [...proposal.warnings, ...fateOf(subject.id, silences, found), ...warningsOf(silences, tried)];
  return { ...proposal, rule: subject.rule, rules, silences, cases: tried.cases, warnings };
}

interface Tried {
  cases: TunedCase[];
  /** Rule files without cases. */
  without: string[];
  problems: string[];
}

async function tryCases(
  names: ReadonlySet<string>,
  { ruleset, sources, proposal }: { ruleset: Ruleset; sources: RuleSources; proposal: Pick<Proposal, 'name' | 'yaml'> },
): Promise<Tried> {
  const heads = [...ruleset.rules.map(({ rule }) => rule), ...ruleset.correlations.map((one) => one.correlation)];
  const paths = new Set(heads.filter(({ name }) => names.has(name)).map(({ path }) => path));
  const tried: Tried = { cases: [], without: [], problems: [] };
  for (const path of paths) {
    const before = await testRuleFile(path, ruleset, sources);
    const now = await testRuleFile(path, ruleset, sources, (needed) => withException(needed, proposal));
    if (before === undefined || now === undefined) continue;
    tried.problems.push(...now.problems);
    if (now.cases.length === 0 && now.problems.length === 0) tried.without.push(path);
    tried.cases.push(...casesOf(path, before, now));
  }
  tried.cases.sort((a, b) => Number(failsByIt(b)) - Number(failsByIt(a)));
  return tried;
}

function casesOf(path: string, before: FileResult, now: FileResult): TunedCase[] {
  return now.cases.map(({ name, expected, answer }, index) => {
    return { path, name, want: expected, answer, before: before.cases[index]!.answer };
  });
}

/** Whether a case is answered as expected without the exception, but not with it. */
export function failsByIt({ want, answer, before }: Record<'want' | 'answer' | 'before', string>): boolean {
  return answer !== want && before === want;
}

/** What happens to the finding itself if it is not silenced. */
function fateOf(id: string, { ids, undecided }: Silences, found: ReadonlySet<string>): Proposal['warnings'] {
  if (ids.includes(id) || undecided.includes(id)) return [];
  const stays = {
    code: 'not-silenced',
    message: 'the finding itself stays: the correlation counts enough other events',
  };
  const message = 'the finding does not occur again in the records, so the exception was not tried on it';
  return [found.has(id) ? stays : { code: 'not-found-again', message }];
}

function warningsOf(
  { otherIdentities, undecided, instead }: Silences,
  { cases, without, problems }: Tried,
): Proposal['warnings'] {
  const warnings: Proposal['warnings'] = [];
  const warn = (code: string, message: string) => warnings.push({ code, message });
  const failing = cases.filter(failsByIt).length;
  if (failing > 0) warn('case-fails', `it hides what the rules are for: ${failing} of their cases would fail`);
  for (const path of without)
    warn('no-cases', `there are no cases beside ${path}: what it hides of the rule was not tried`);
  for (const problem of problems) warn('unreadable-cases', problem);
  if (otherIdentities > 0) {
    const others = otherIdentities === 1 ? '1 finding of another identity' : `${otherIdentities} findings of others`;
    warn('other-identities', `it silences ${others} too`);
  }
  if (undecided.length > 0) {
    warn(
      'undecided',
      `${undecided.length} findings become undecided: the log does not show whether it applies to them`,
    );
  }
  if (instead.length > 0) {
    warn('correlation-shifts', `${instead.length} findings of correlations replace others`);
  }
  return warnings;
}
