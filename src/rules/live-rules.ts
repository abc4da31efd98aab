/**
 * Keeps the live rule set in step with the files: notices that they changed, compiles them aside, and swaps the whole
 * set.
 *
 * Changes are found by polling: every two seconds, the name, the real path, the size and the times of each file. Events
 * would be faster but miss changes: network and overlay file systems send none, and a ConfigMap's files change through a
 * link beside them. A change is applied when two looks in a row agree, so that a file that is still being written is not
 * read.
 *
 * What cannot be used is left out and the rest is live, both at the start and later. If a change breaks a document, its
 * last good version stays live, since a typo would otherwise switch off its detection unintentionally. A file that is
 * removed takes its rules with it, as that is how rules are removed; the log warns of those. A reload is refused only if a
 * path is gone, or not one rule can be used: a start fails for the same reasons.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Ruleset } from '../detect.ts';
import type { Enrichment } from '../enrichment/index.ts';
import { printRuleProblem, quote, type Rule, type RuleProblem } from '../sigma/index.ts';
import { countReload, gaugeBroken, gaugeRefused, gaugeRules } from '../telemetry/index.ts';
import type { Broken } from './broken.ts';
import { filesSeen } from './files-seen.ts';
import type { LoadedRules } from './index.ts';

export interface LiveRules {
  /** The live set; a batch asks for it once. */
  ruleset(): Ruleset;
  /** What cannot be used as written, and what became of it. */
  broken(): readonly Broken[];
  /** Why the current files were refused; undefined while they can be loaded. */
  refusal(): Refusal | undefined;
  /** Looks at the files once, and reloads them if they have changed and settled. Not to be called again before it has
   * resolved. */
  look(): Promise<void>;
}

export interface Refusal {
  /** When the files were first refused since a set of them was live. */
  since: Date;
  /** What is gone, or the paths without a usable rule. */
  files: string[];
  /** What is wrong, as it is printed. */
  text: string;
}

export interface RuleFiles {
  /** Files and folders that the rule set is made of. */
  paths: readonly string[];
  /** Builds the rule set from the files as they are now, with what was loaded before in place of what is broken. */
  load: (before?: LoadedRules) => LoadedRules;
  logger: Logger;
}

const lookMilliseconds = 2000;
/** Looks after which files that were refused or could not be read are retried though unchanged: the fault may have been
 * the file system's. */
const looksToRetry = 30;
/** Looks after which a warning is logged that files do not settle. */
const looksToWarn = 30;
const toldAtMost = 20;

/** Loads the rules; logs what is wrong with files that are not used.
 * @throws Problem `rule.invalid` when not one rule can be used, or whatever `load` throws */
export async function openLiveRules({ paths, load, logger }: RuleFiles): Promise<LiveRules> {
  let seen = await linesOf(paths);
  /** The files of the last attempt to load them, whatever its outcome. */
  let tried = seen;
  let live = load();
  let refusal: Refusal | undefined;
  let looksSinceTry = 0;
  let restless = 0;

  tell(live);

  async function look(): Promise<void> {
    const now = await linesOf(paths);
    looksSinceTry++;
    if (now !== seen) {
      seen = now;
      if (++restless === looksToWarn) warnOfUnrest();
      return;
    }
    restless = 0;
    const retry = (refusal !== undefined || live.isUnread) && looksSinceTry >= looksToRetry;
    if (now === tried && !retry) return;

    const loaded = attempt();
    // Files that changed while they were read may be inconsistent.
    if ((await linesOf(paths)) !== now) return;
    const changed = now !== tried;
    tried = now;
    looksSinceTry = 0;
    if ('text' in loaded) refuse(loaded, changed);
    else accept(loaded);
  }

  function attempt(): LoadedRules | Omit<Refusal, 'since'> {
    try {
      return load(live);
    } catch (error) {
      const { message, path } = error as NodeJS.ErrnoException;
      return { files: path === undefined ? [...paths] : [path], text: message };
    }
  }

  function refuse({ files, text }: Omit<Refusal, 'since'>, changed: boolean): void {
    const news = changed || text !== refusal?.text;
    refusal = { since: refusal?.since ?? new Date(), files, text };
    countReload('refused');
    gaugeRefused(true);
    if (!news) return;
    logger.error(
      { files, ruleset: live.ruleset.hash, since: refusal.since },
      `The changed rules are not applied: set ${live.ruleset.hash} stays live. ` +
        `Fix this, or undo the change; no restart is needed:\n${text}`,
    );
  }

  function accept(loaded: LoadedRules): void {
    const before = live;
    const isFixed = refusal !== undefined || (before.broken.length > 0 && loaded.broken.length === 0);
    live = loaded;
    refusal = undefined;
    gaugeRefused(false);
    tell(loaded, before);
    const { ruleset } = loaded;
    const enrichment = enrichmentChanged(before.ruleset, ruleset);
    if (ruleset.hash === before.ruleset.hash) {
      countReload('unchanged');
      if (enrichment !== undefined) logger.info({ enrichment }, 'The changed enrichment is live');
      if (isFixed) logger.info({ ruleset: ruleset.hash }, 'The rule files match the live set again');
      return;
    }
    countReload('swapped');
    gaugeRules(ruleset);
    const changes = changesOf(before.ruleset, ruleset);
    // Not every mistake is a problem: with another logsource, a rule is about something else.
    logger[changes.removed.length > 0 ? 'warn' : 'info'](
      { before: before.ruleset.hash, ruleset: ruleset.hash, ...countsOf(ruleset), ...changes, enrichment },
      'The changed rules are live',
    );
  }

  /** Logs what is wrong with what is loaded and was not wrong before. */
  function tell({ broken, warnings, leftOut }: LoadedRules, before?: LoadedRules): void {
    gaugeBroken(broken.length);
    const old = new Set(before?.broken.map(said));
    const news = broken.filter((one) => !old.has(said(one)));
    for (const one of news.slice(0, toldAtMost)) {
      const { path, line, column } = one.problems[0]!;
      const text = one.problems.map(printRuleProblem).join('\n');
      logger.error(
        { rule: one.name, path, line, column, now: one.now },
        `${sentences[one.now](quote(one.name))}\n${text}`,
      );
    }
    const more = news.length - toldAtMost;
    if (more > 0) logger.error(`${more} more cannot be used: tripline lint lists them all`);
    const known = new Set(before?.leftOut.map(({ name }) => name));
    warn(
      problemsAdded(before?.warnings ?? [], warnings),
      leftOut.filter(({ name }) => !known.has(name)),
    );
  }

  /** Warns of rules that are loaded and can never match, or are about other logs. */
  function warn(warnings: readonly RuleProblem[], leftOut: readonly Rule[]): void {
    for (const warning of warnings.slice(0, toldAtMost)) logger.warn({ path: warning.path }, printRuleProblem(warning));
    const more = warnings.length - toldAtMost;
    if (more > 0) logger.warn(`${more} more rules have fields that no event has: tripline lint lists them all`);
    if (leftOut.length === 0) return;
    const names = leftOut.slice(0, toldAtMost).map(({ name }) => name);
    logger.warn(
      { rules: names, leftOut: leftOut.length },
      'These rules are left out: their logsource names logs other than the audit log of Kubernetes (product: ' +
        'kubernetes, service: audit)',
    );
  }

  function warnOfUnrest(): void {
    logger.warn(
      { ruleset: live.ruleset.hash, paths },
      `Rule files keep changing, and are reloaded only once they stop: set ${live.ruleset.hash} stays live. ` +
        'See what writes to these paths',
    );
  }

  return { ruleset: () => live.ruleset, broken: () => live.broken, refusal: () => refusal, look };
}

/** Keeps looking until the signal is aborted. */
export async function keepLooking({ look }: LiveRules, logger: Logger, signal: AbortSignal): Promise<void> {
  const rest = () => sleep(lookMilliseconds, true, { signal, ref: false }).catch(() => false);
  while (await rest()) await look().catch((error) => logger.error({ err: error }, 'Looking for changed rules failed'));
}

async function linesOf(paths: readonly string[]): Promise<string> {
  return [...(await filesSeen(paths, /\.ya?ml$/)).values()].join('\n');
}

/** The problems that were not there before. Lines move as a file is edited, so a problem is identified by its file and
 * message, and by how often it occurs: of two rules in a file, the second can acquire the problem of the first. */
function problemsAdded(before: readonly RuleProblem[], after: readonly RuleProblem[]): RuleProblem[] {
  const known = new Map<string, number>();
  const keyOf = ({ path, message }: RuleProblem) => `${path}\0${message}`;
  for (const problem of before) known.set(keyOf(problem), (known.get(keyOf(problem)) ?? 0) + 1);
  return after.filter((problem) => {
    const left = known.get(keyOf(problem)) ?? 0;
    known.set(keyOf(problem), left - 1);
    return left <= 0;
  });
}

export function countsOf({ rules, correlations }: Ruleset): { rules: number; correlations: number } {
  return { rules: rules.length, correlations: correlations.length };
}

/** What is logged about something broken. */
const sentences = {
  'left out': (name: string) => `${name} cannot be used and is left out; all the rest is live:`,
  'as before': (name: string) => `${name} cannot be used as it is now, and stays live in its last good version:`,
  live: (name: string) => `${name} is live, but parts of it have no effect:`,
} satisfies Record<Broken['now'], (name: string) => string>;

/** Identifies what was logged about something broken. Lines move as a file is edited, so line numbers are left out. */
function said({ path, name, now, problems }: Broken): string {
  return JSON.stringify([path, name, now, problems.map(({ message }) => message)]);
}

/** The parts of the enrichment that have changed; undefined if none has. */
function enrichmentChanged(before: Ruleset, after: Ruleset): (keyof Enrichment)[] | undefined {
  const changed = (['databases', 'owners'] as const).filter((key) => before.enrichment[key] !== after.enrichment[key]);
  return changed.length === 0 ? undefined : changed;
}

/** What became of rules and correlations, by name; a change of its exceptions or lists also changes a rule. */
function changesOf(before: Ruleset, after: Ruleset): Record<'added' | 'removed' | 'changed', string[]> {
  const [old, fresh] = [before, after].map(
    ({ rules, correlations }) =>
      new Map<string, object>([
        ...rules.map(({ rule, exceptions }) => [rule.name, [rule, exceptions.map(({ filter }) => filter)]] as const),
        ...correlations.map(({ correlation }) => [correlation.name, correlation] as const),
      ]),
  );
  const names = [...fresh.keys()];
  return {
    added: names.filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !fresh.has(name)),
    changed: names.filter((name) => old.has(name) && !isDeepStrictEqual(old.get(name), fresh.get(name))),
  };
}
