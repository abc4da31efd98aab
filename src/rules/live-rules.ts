/**
 * Keeps the live rule set what the files say: notices that they changed, compiles them aside, and swaps the whole set.
 *
 * Noticing is looking: every two seconds at the name, the real path, the size and the times of each file. Events would
 * be sooner and miss things: network and overlay file systems send none, and a ConfigMap's files change by a link beside
 * them. A change is acted on when two looks in a row agree, so that a file which is being written is not read half.
 *
 * A set is refused, and the old one stays, when it cannot be loaded or has a problem that the live one had not: by a slip
 * of the pen a rule would fall out of the set, and its detection be off without anybody having meant it. What was
 * wrong at the start does not stand in the way (there the rest went live with a word in the log), and a file that is
 * removed takes its rules with it, as that is how rules are removed; the log warns of those.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Ruleset } from '../detect.ts';
import { printRuleProblem, type Rule, type RuleProblem } from '../sigma/index.ts';
import { countReload, gaugeRefused, gaugeRules } from '../telemetry/index.ts';
import { filesSeen } from './files-seen.ts';
import type { LoadedRules } from './index.ts';

export interface LiveRules {
  /** The set that decides now; a batch asks once. */
  ruleset(): Ruleset;
  /** Why the files as they are now are not live; undefined while they are. */
  refusal(): Refusal | undefined;
  /** Looks at the files once, and takes over what has changed and come to rest. Not to be called again before it has
   * resolved. */
  look(): Promise<void>;
}

export interface Refusal {
  /** When the files were refused first since a set of them was live. */
  since: Date;
  /** Where the problems are; at most `toldAtMost` of them. */
  files: string[];
  /** What is wrong, as it is printed, with lines and carets; at most `toldAtMost` problems. */
  text: string;
}

export interface RuleFiles {
  /** Files and folders that the rule set is made of. */
  paths: readonly string[];
  /** Makes the rule set of what is in the files at the moment. */
  load: () => LoadedRules;
  logger: Logger;
}

const lookMilliseconds = 2000;
/** Looks after which what was refused is tried again unchanged: its fault may have been the file system's. */
const looksToRetry = 30;
/** Looks after which the log is told that files do not come to rest. */
const looksToWarn = 30;
const toldAtMost = 20;

/** Loads the rules; what is wrong with files that are not used is in the log.
 * @throws Problem `rule.invalid` when not one rule can be used, or whatever `load` throws */
export async function openLiveRules({ paths, load, logger }: RuleFiles): Promise<LiveRules> {
  let seen = await linesOf(paths);
  /** The files that were loaded last, whatever came of it. */
  let tried = seen;
  let { ruleset, problems, warnings, leftOut } = load();
  let refusal: Refusal | undefined;
  let looksSinceTry = 0;
  let restless = 0;

  for (const problem of problems) logger.error({ path: problem.path }, printRuleProblem(problem));
  if (problems.length > 0) {
    logger.error(
      { problems: problems.length, rules: ruleset.rules.length },
      'What these problems are in is left out, and the other rules are live. While Tripline runs, a change that brings ' +
        'such a problem is refused as a whole, and the rules before it stay live',
    );
  }
  warn(warnings, leftOut);

  async function look(): Promise<void> {
    const now = await linesOf(paths);
    looksSinceTry++;
    if (now !== seen) {
      seen = now;
      if (++restless === looksToWarn) warnOfUnrest();
      return;
    }
    restless = 0;
    const retry = refusal !== undefined && looksSinceTry >= looksToRetry;
    if (now === tried && !retry) return;

    const loaded = attempt();
    // Changed under the reader, it may be of two minds.
    if ((await linesOf(paths)) !== now) return;
    const changed = now !== tried;
    tried = now;
    looksSinceTry = 0;
    if ('text' in loaded) refuse(loaded, changed);
    else accept(loaded);
  }

  function attempt(): LoadedRules | Omit<Refusal, 'since'> {
    try {
      const loaded = load();
      const added = problemsAdded(problems, loaded.problems);
      return added.length === 0 ? loaded : describe(added);
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
      { files, ruleset: ruleset.hash, since: refusal.since },
      `The changed rules are not taken over: set ${ruleset.hash} stays live (rules: ${ruleset.rules.length}). ` +
        `Mend this, or undo the change; no restart is needed:\n${text}`,
    );
  }

  function accept(loaded: LoadedRules): void {
    const before = ruleset;
    const mended = refusal !== undefined;
    const known = new Set(leftOut.map(({ name }) => name));
    warn(
      problemsAdded(warnings, loaded.warnings),
      loaded.leftOut.filter(({ name }) => !known.has(name)),
    );
    ({ ruleset, problems, warnings, leftOut } = loaded);
    refusal = undefined;
    gaugeRefused(false);
    if (ruleset.hash === before.hash) {
      countReload('unchanged');
      if (mended) logger.info({ ruleset: before.hash }, 'The rule files say again what is live');
      return;
    }
    countReload('swapped');
    gaugeRules(ruleset.hash, ruleset.rules.length);
    const changes = changesOf(before, ruleset);
    // Not every slip is a problem: by another logsource a rule is about something else.
    logger[changes.removed.length > 0 ? 'warn' : 'info'](
      { before: before.hash, ruleset: ruleset.hash, rules: ruleset.rules.length, ...changes },
      'The changed rules are live',
    );
  }

  /** Warns of rules that are loaded and can never match, or are about other logs. */
  function warn(warnings: readonly RuleProblem[], leftOut: readonly Rule[]): void {
    for (const warning of warnings.slice(0, toldAtMost)) logger.warn({ path: warning.path }, printRuleProblem(warning));
    const more = warnings.length - toldAtMost;
    if (more > 0) logger.warn(`${more} more rules have fields that no event has: tripline lint names them all`);
    if (leftOut.length === 0) return;
    const names = leftOut.slice(0, toldAtMost).map(({ name }) => name);
    logger.warn(
      { rules: names, leftOut: leftOut.length },
      'These rules are left out: by their logsource they are about other logs than the audit log of Kubernetes ' +
        '(product: kubernetes, service: audit)',
    );
  }

  function warnOfUnrest(): void {
    logger.warn(
      { ruleset: ruleset.hash, paths },
      `Rule files change at every look, and are taken over only when they rest: set ${ruleset.hash} stays live. ` +
        'See what writes to these paths',
    );
  }

  return { ruleset: () => ruleset, refusal: () => refusal, look };
}

/** Looks again and again, until the signal is given. */
export async function keepLooking({ look }: LiveRules, logger: Logger, signal: AbortSignal): Promise<void> {
  const rest = () => sleep(lookMilliseconds, true, { signal, ref: false }).catch(() => false);
  while (await rest()) await look().catch((error) => logger.error({ err: error }, 'Looking for changed rules failed'));
}

async function linesOf(paths: readonly string[]): Promise<string> {
  return [...(await filesSeen(paths, /\.ya?ml$/)).values()].join('\n');
}

/** The problems that are not among those before. Lines move as a file is edited, so a problem is known by its file and
 * its message, and by how many of it there are: of two rules in a file the second can get what the first has. */
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

function describe(problems: readonly RuleProblem[]): Omit<Refusal, 'since'> {
  const told = problems.slice(0, toldAtMost);
  const more = problems.length - told.length;
  return {
    files: [...new Set(told.map(({ path }) => path))],
    text: [...told.map(printRuleProblem), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'),
  };
}

/** What became of rules and correlations, by name; a rule is changed by its exceptions and lists, too. */
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
