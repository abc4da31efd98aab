/** Loads the rule set that is live: rules, with the lists that they call by name, their exceptions and overrides. */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Ruleset } from '../detect.ts';
import { findFlaw } from '../fields/flaw.ts';
import { fields } from '../fields/index.ts';
import { Problem } from '../problem.ts';
import { AuditEvent } from '../record.ts';
import {
  type CompiledCorrelation,
  Compiler,
  type Correlation,
  didYouMean,
  type Filter,
  type Logsource,
  type ParsedFile,
  type Placeholders,
  parseRules,
  printRuleProblem,
  quote,
  type Rule,
  type RuleLevel,
  type RuleMode,
  type RuleProblem,
  resolveCorrelations,
} from '../sigma/index.ts';
import { loadLists, placeholdersOf } from './lists.ts';
import { type Reader, readOnce } from './prepared.ts';
import { readSources, type SourceFile } from './source-files.ts';

/** The names of the taxonomy, and those of audit.k8s.io. */
export const knownFields = [...fields.keys(), ...Object.keys(AuditEvent.properties)];

/** Where a rule set comes from. The configuration is one. */
export interface RuleSources {
  /** Files and folders with rules and correlations. */
  rules: readonly string[];
  /** Files and folders with lists, beside those that come with Tripline. */
  lists?: readonly string[];
  /** Values that lists have instead of their own, by name. */
  values?: Readonly<Record<string, readonly string[]>>;
  /** Files and folders with filters. */
  exceptions?: readonly string[];
  /** By name or id of a rule or a correlation. */
  overrides?: Readonly<Record<string, Override>>;
}

/** What is to be in the place of what a rule says. */
export interface Override {
  /** Whatever the conditions of its levels say. */
  level?: RuleLevel;
  mode?: RuleMode;
}

export interface LoadedRules {
  ruleset: Ruleset;
  /** What is wrong in files that are not used, or names what there is not; the rest is live all the same. */
  problems: RuleProblem[];
  /** What is wrong with rules that are used: names of fields that can never match. */
  warnings: RuleProblem[];
  /** Rules that no event here is for, by their logsource. */
  leftOut: Rule[];
  /** How many files were read. */
  files: number;
}

type Document = Rule | Correlation;

/** Loads every rule of the given files and folders, in the order of their paths.
 * @param modeOf the mode that a rule or a correlation is loaded in; without it, the one that it or its override says
 * @throws Problem `rule.invalid` when a path does not exist, or not one rule can be used */
export function loadRules(
  sources: RuleSources,
  modeOf: (document: Document) => RuleMode = ({ mode }) => mode,
): LoadedRules {
  const { rules: paths, exceptions = [], overrides = {} } = sources;
  const listed = loadLists(sources.lists ?? []);
  const placeholders = placeholdersOf(listed.lists, sources.values);
  const ruleFiles = readSources(paths, 'rules');
  const exceptionFiles = readSources(exceptions, 'exceptions');
  const files = [...listed.files, ...ruleFiles.files, ...exceptionFiles.files];
  const problems = [...listed.problems, ...ruleFiles.problems, ...exceptionFiles.problems];
  const warnings: RuleProblem[] = [];

  const reader = ruleReader(placeholders);
  const read = (file: SourceFile): ParsedFile => {
    const parsed = readOnce(reader, file);
    problems.push(...parsed.problems);
    warnings.push(...parsed.warnings);
    return parsed;
  };
  const inRules = ruleFiles.files.map(read);
  const inExceptions = exceptionFiles.files.map(read);
  for (const { path } of inExceptions.flatMap(documentsOf)) {
    problems.push(atTop(path, 'this is no filter, and not used', "move it to a folder that the setting 'rules' names"));
  }

  const written = named(inRules.flatMap(documentsOf), problems);
  const filters = named(
    [...inRules, ...inExceptions].flatMap((parsed) => parsed.filters),
    problems,
  );
  const byReference = referencesTo(written);
  const documents = overridden(written, overrides, byReference, problems).map((document) => ({
    ...document,
    mode: modeOf(document),
  }));
  checkFilters(filters, byReference, problems);

  const rules = documents.filter(isRule);
  const correlations = documents.filter((document): document is Correlation => !isRule(document));
  const resolved = resolveCorrelations(correlations, rules, knownFields);
  problems.push(...resolved.problems);
  const idle = idleIn(resolved.correlations);
  const liveCorrelations = resolved.correlations.filter(({ correlation }) => !idle.has(correlation.name));
  const off = new Set(documents.filter(({ mode }) => mode === 'off').map(({ name }) => name));
  for (const { correlation, rules } of liveCorrelations) {
    for (const name of rules.filter((name) => off.has(name))) {
      const hint = 'switch this off as well, or the rule on; in mode shadow a rule counts and tells nothing';
      const message = `${quote(correlation.name)} counts what ${quote(name)} finds, which is off`;
      problems.push({ path: correlation.path, ...correlation.position, message, hint });
    }
  }
  const compiler = new Compiler();
  const compiledFilters = filters.map((filter) => compiler.filter(filter));
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
  const textOf = new Map(files.map(({ path, text }) => [path, text]));
  const decisive = [
    [...live, ...filters].map(({ name, path }) => [name, textOf.get(path)]),
    [...placeholders],
    Object.entries(overrides).sort(),
  ];
  return {
    ruleset: new Ruleset(compiled, liveCorrelations, hash('sha256', JSON.stringify(decisive)).slice(0, 12)),
    problems,
    warnings,
    leftOut: rules.filter((rule) => !isAboutAudit(rule)),
    files: files.length,
  };
}

/** Reads files with rules, correlations and filters. */
export function ruleReader(placeholders: Placeholders): Reader<ParsedFile> {
  return {
    read: ({ path, text }) => parseRules(text, path, { knownFields, findFlaw, placeholders }),
    dependsOn: hash('sha256', JSON.stringify([knownFields, [...placeholders]])),
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

function isRule(document: Document): document is Rule {
  return 'logsource' in document;
}

/** Those that have a name and an id of their own; of two with the same, the first. */
function named<T extends Document | Filter>(documents: readonly T[], problems: RuleProblem[]): T[] {
  const taken = new Map<string, string>();
  return documents.filter(({ name, id, path }) => {
    const keys = { name: `name ${name}`, id: id && `id ${id.toLowerCase()}` };
    for (const [what, key] of Object.entries(keys)) {
      const other = key && taken.get(key);
      if (!other) continue;
      const message = `the one in ${other} has the ${what} ${quote((what === 'id' ? id : name) ?? '')} already`;
      problems.push(atTop(path, message, `give each rule ${what === 'id' ? 'an id' : 'a name'} of its own`));
      return false;
    }
    for (const key of Object.values(keys)) if (key) taken.set(key, path);
    return true;
  });
}

/** Each document by its name, and by its id. */
function referencesTo(documents: readonly Document[]): ReadonlyMap<string, Document> {
  return new Map([
    ...documents.flatMap((document) =>
      document.id === undefined ? [] : [[document.id.toLowerCase(), document] as const],
    ),
    ...documents.map((document) => [document.name, document] as const),
  ]);
}

function refer(byReference: ReadonlyMap<string, Document>, reference: string): Document | undefined {
  return byReference.get(reference) ?? byReference.get(reference.toLowerCase());
}

function unknownRule(
  reference: string,
  byReference: ReadonlyMap<string, Document>,
): Pick<RuleProblem, 'message' | 'hint'> {
  const hint = didYouMean(reference, byReference.keys(), 'write the name or the id of one, or take this away');
  return { message: `there is no rule ${quote(reference)}`, hint };
}

function overridden(
  documents: readonly Document[],
  overrides: NonNullable<RuleSources['overrides']>,
  byReference: ReadonlyMap<string, Document>,
  problems: RuleProblem[],
): Document[] {
  const changes = new Map<Document, Override>();
  for (const [reference, override] of Object.entries(overrides)) {
    const document = refer(byReference, reference);
    if (document !== undefined) changes.set(document, { ...changes.get(document), ...override });
    else problems.push({ path: 'overrides', line: 1, column: 1, ...unknownRule(reference, byReference) });
  }
  return documents.map((document) => {
    const { level, mode = document.mode } = changes.get(document) ?? {};
    return { ...document, mode, ...(level !== undefined && { level, ...(isRule(document) && { levels: [] }) }) };
  });
}

/** The names of correlations that are off, and of what stands beside them for them alone.
 * @param correlations those that others refer to before them */
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

/** Tells of references that lead nowhere, or to what a filter cannot silence. */
function checkFilters(
  filters: readonly Filter[],
  byReference: ReadonlyMap<string, Document>,
  problems: RuleProblem[],
): void {
  for (const filter of filters) {
    const report = (message: string, hint: string) =>
      problems.push({ path: filter.path, ...filter.position, message, hint });
    for (const reference of filter.rules === 'any' ? [] : filter.rules) {
      const document = refer(byReference, reference);
      if (document === undefined) {
        const { message, hint } = unknownRule(reference, byReference);
        report(message, hint);
      } else if (!isRule(document)) {
        report(`${quote(reference)} is a correlation, which no filter can silence`, 'name the rules that it refers to');
      } else if (!isWithin(document.logsource, filter.logsource)) {
        report(`the logsource of the filter leaves out that of ${quote(reference)}`, 'write less below logsource');
      }
    }
  }
}

function isAbout({ rules, logsource }: Filter, rule: Rule): boolean {
  const isNamed =
    rules === 'any' || rules.some((name) => name === rule.name || name.toLowerCase() === rule.id?.toLowerCase());
  return isNamed && isWithin(rule.logsource, logsource);
}

/** Whether every key that the wider logsource has is the same in the other. */
function isWithin(logsource: Logsource, { custom = {}, ...wider }: Logsource): boolean {
  const all = { ...logsource.custom, ...logsource };
  return Object.entries({ ...custom, ...wider }).every(([key, value]) =>
    isDeepStrictEqual(all[key as keyof Logsource], value),
  );
}

/** Whether a rule is about the events that Tripline has, by the names that it has for them: each key of its logsource
 * that is given must be theirs. */
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

function atTop(path: string, message: string, hint: string): RuleProblem {
  return { path, line: 1, column: 1, message, hint };
}
