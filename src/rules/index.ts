/** Loads the rule set that is live: rules, with the lists that they call by name, their exceptions and overrides. */
import { hash } from 'node:crypto';
import { Ruleset } from '../detect.ts';
import { findFlaw } from '../fields/flaw.ts';
import { fields } from '../fields/index.ts';
import { Problem } from '../problem.ts';
import { AuditEvent } from '../record.ts';
import {
  type CompiledCorrelation,
  Compiler,
  type Filter,
  type ParsedFile,
  type Placeholders,
  parseRules,
  printRuleProblem,
  quote,
  type Rule,
  type RuleMode,
  type RuleProblem,
} from '../sigma/index.ts';
import { type Broken, brokenIn, keyOf, stemOf } from './broken.ts';
import { type EnrichmentSources, loadEnrichment } from './enrichment.ts';
import { atTop, type Document, isRule, isWithin, joinWithLastGood, type Overrides, type Usable } from './join.ts';
import { loadLists, placeholdersOf } from './lists.ts';
import { type Reader, readOnce } from './readings.ts';
import { readSources, type SourceFile } from './source-files.ts';

export type { Override } from './join.ts';

/** The names of the taxonomy, and those of audit.k8s.io. */
export const knownFields = [...fields.keys(), ...Object.keys(AuditEvent.properties)];

/** Where a rule set comes from. The configuration is one. */
export interface RuleSources extends Overrides {
  /** Files and folders with rules and correlations. */
  rules: readonly string[];
  /** Files and folders with lists, besides those that come with Tripline. */
  lists?: readonly string[];
  /** Values that replace those of lists, by the name of the list. */
  values?: Readonly<Record<string, readonly string[]>>;
  /** Files and folders with filters. */
  exceptions?: readonly string[];
  /** Files with what is known besides the log. */
  enrichment?: EnrichmentSources;
}

/** All files and folders that a rule set is made of. */
export function pathsOf({ rules, lists = [], exceptions = [], enrichment = {} }: RuleSources): string[] {
  const { mmdb = [], owners = [] } = enrichment;
  return [rules, lists, exceptions, mmdb, owners].flat();
}

export interface LoadedRules {
  ruleset: Ruleset;
  /** What is wrong in files that are not used, or refers to a name that does not exist; the rest is live regardless. */
  problems: RuleProblem[];
  /** The same, grouped by what is broken, and what became of that. */
  broken: Broken[];
  /** What is wrong with rules that are used: names of fields that can never match. */
  warnings: RuleProblem[];
  /** Rules whose logsource matches no event here. */
  leftOut: Rule[];
  /** How many files were read. */
  files: number;
  /** Whether a file could not be read, which may resolve itself without a change of any file. */
  isUnread: boolean;
  /** What the files contain that can be used, live or not: it stays if the next version cannot be used. */
  usable: Usable;
}

/** Loads every rule of the given files and folders, in the order of their paths.
 * @param before what was loaded before from the same sources: anything in it that is broken by now stays as it was
 * @param modeOf the mode that a rule or a correlation is loaded in; by default, the one that it or its override says
 * @throws Problem `rule.invalid` when a path does not exist, or not one rule can be used */
export function loadRules(
  sources: RuleSources,
  { before, modeOf = ({ mode }) => mode }: { before?: LoadedRules; modeOf?: (document: Document) => RuleMode } = {},
): LoadedRules {
  const { rules: paths, exceptions = [], overrides = {} } = sources;
  const past = before?.usable ?? { documents: [], filters: [], lists: [], textOf: () => '' };
  const listed = loadLists(sources.lists ?? [], past.lists);
  const placeholders = placeholdersOf(listed.lists, sources.values);
  const ruleFiles = readSources(paths, 'rules');
  const exceptionFiles = readSources(exceptions, 'exceptions');
  const files = [...listed.files, ...ruleFiles.files, ...exceptionFiles.files];
  const unusable = [...ruleFiles.problems, ...exceptionFiles.problems];
  const misplaced: RuleProblem[] = [];
  const warnings: RuleProblem[] = [];

  const reader = ruleReader(placeholders);
  const read = (file: SourceFile): ParsedFile => {
    const parsed = readOnce(reader, file);
    unusable.push(...parsed.problems);
    warnings.push(...parsed.warnings);
    return parsed;
  };
  const inRules = ruleFiles.files.map(read);
  const inExceptions = exceptionFiles.files.map(read);
  for (const { path, name } of inExceptions.flatMap(documentsOf)) {
    const hint = "move it to a folder that the setting 'rules' names";
    misplaced.push({ ...atTop(path, 'this is not a filter, and is not used', hint), name });
  }

  const known = loadEnrichment(sources.enrichment, before?.ruleset.enrichment);
  const { databases } = known.enrichment;
  const documents = inRules.flatMap(documentsOf);
  const filters = [...inRules, ...inExceptions].flatMap((parsed) => parsed.filters);
  const joined = joinWithLastGood({ documents, filters, unusable }, past, sources, { knownFields, modeOf });
  const problems = [...listed.problems, ...misplaced, ...joined.problems, ...known.problems];

  const rules = joined.documents.filter(isRule);
  const idle = idleIn(joined.correlations);
  const liveCorrelations = joined.correlations.filter(({ correlation }) => !idle.has(correlation.name));
  const off = new Set(joined.documents.filter(({ mode }) => mode === 'off').map(({ name }) => name));
  for (const { correlation, rules } of liveCorrelations) {
    for (const name of rules.filter((name) => off.has(name))) {
      const hint = 'switch this off as well, or the rule on; in shadow mode a rule counts but raises no verdict';
      const message = `${quote(correlation.name)} counts what ${quote(name)} finds, which is off`;
      problems.push({ path: correlation.path, ...correlation.position, name: correlation.name, message, hint });
    }
  }
  const compiler = new Compiler();
  const compiledFilters = joined.filters.map((filter) => compiler.filter(filter));
  const compiled = rules
    .filter((rule) => rule.mode !== 'off' && !idle.has(rule.name) && isAboutAudit(rule))
    .map((rule) =>
      compiler.rule(
        rule,
        compiledFilters.filter(({ filter }) => isAbout(filter, rule)),
      ),
    );
  if (compiled.length === 0) {
    const why = problems.map(printRuleProblem).join('\n') || 'no file there is a rule about Kubernetes audit events';
    throw new Problem('rule.invalid', `no rule that can be used in ${paths.join(', ')}:\n${why}`);
  }

  const live = [...compiled.map(({ rule }) => rule), ...liveCorrelations.map(({ correlation }) => correlation)];
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const keptTexts = new Map(joined.kept.map((one) => [keyOf(one), past.textOf(one)]));
  const textOf = (document: Document | Filter) => keptTexts.get(keyOf(document)) ?? texts.get(document.path) ?? '';
  const decisive = [
    [...live, ...joined.filters].map((document) => [document.name, textOf(document)]),
    [...placeholders],
    Object.entries(overrides).sort(),
    ...(databases.files.length > 0 ? [databases.files.map(({ build }) => build)] : []),
  ];
  const rulesetHash = hash('sha256', JSON.stringify(decisive)).slice(0, 12);
  const keptFiles = known.kept.map((path) => ({ path, name: stemOf(path) }));
  return {
    ruleset: new Ruleset(compiled, liveCorrelations, rulesetHash, known.enrichment),
    problems,
    broken: brokenIn(
      problems,
      [...listed.kept, ...joined.kept, ...keptFiles],
      [...listed.lists, ...live, ...joined.filters],
    ),
    warnings,
    leftOut: rules.filter((rule) => !isAboutAudit(rule)),
    files: files.length,
    isUnread: [listed, ruleFiles, exceptionFiles, known].some(({ isUnread }) => isUnread),
    usable: { ...joined.usable, lists: listed.lists, textOf },
  };
}

/** Stands for the names of all lists, which are searched for one that may be meant. */
const EVERY_NAME = '*';

/** Reads files with rules, correlations and filters. */
export function ruleReader(placeholders: Placeholders): Reader<ParsedFile> {
  const versions = new Map<string, string>();
  const versionOf = (list: string) => {
    let version = versions.get(list);
    if (version === undefined) {
      const held = list === EVERY_NAME ? [...placeholders.keys()] : placeholders.get(list);
      version = held === undefined ? '' : hash('sha256', JSON.stringify(held), 'base64');
      versions.set(list, version);
    }
    return version;
  };
  return {
    read({ path, text }, asks) {
      const asked: Placeholders = {
        get(list) {
          asks(list);
          return placeholders.get(list);
        },
        keys() {
          asks(EVERY_NAME);
          return placeholders.keys();
        },
      };
      return parseRules(text, path, { knownFields, findFlaw, placeholders: asked });
    },
    dependsOn: hash('sha256', JSON.stringify(knownFields)),
    versionOf,
    moved: ({ rules, correlations, filters, ...faults }, path) => ({
      rules: rules.map((rule) => ({ ...rule, path })),
      correlations: correlations.map((correlation) => ({ ...correlation, path })),
      filters: filters.map((filter) => ({ ...filter, path })),
      ...faults,
    }),
  };
}

function documentsOf({ rules, correlations }: ParsedFile): Document[] {
  return [...rules, ...correlations];
}

/** The names of correlations that are off, and of the documents beside them that serve them alone.
 * @param correlations ordered so that each follows those it refers to */
function idleIn(correlations: readonly CompiledCorrelation[]): ReadonlySet<string> {
  const idle = new Set<string>();
  for (const { correlation, beside } of correlations.toReversed()) {
    if (correlation.mode === 'off') idle.add(correlation.name);
    if (!idle.has(correlation.name) || correlation.generate) continue;
    for (const name of beside) {
      const counters = correlations.filter(({ rules }) => rules.includes(name));
      if (counters.every((counter) => idle.has(counter.correlation.name))) idle.add(name);
    }
  }
  return idle;
}

/** Whether a filter is an exception of a rule. */
export function isAbout({ rules, logsource }: Filter, rule: Rule): boolean {
  const isNamed =
    rules === 'any' || rules.some((name) => name === rule.name || name.toLowerCase() === rule.id?.toLowerCase());
  return isNamed && isWithin(rule.logsource, logsource);
}

/** Whether a rule is about the events that Tripline has: each key of its logsource that is set must have the value that
 * stands for them. */
export function isAboutAudit({
  logsource: { category, product, service, custom },
  taxonomy,
}: Pick<Rule, 'logsource' | 'taxonomy'>): boolean {
  return (
    taxonomy === 'sigma' &&
    custom === undefined &&
    (product === undefined || product === 'kubernetes') &&
    (service === undefined || service === 'audit') &&
    (category === undefined || category === 'application')
  );
}
