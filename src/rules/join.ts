/** Joins what files contain: ensures that names are unique, applies overrides, and resolves what exceptions and
 * correlations refer to. */
import { isDeepStrictEqual } from 'node:util';
import {
  type CompiledCorrelation,
  type Correlation,
  didYouMean,
  type Filter,
  type List,
  type Logsource,
  quote,
  type Rule,
  type RuleLevel,
  type RuleMode,
  type RuleProblem,
  resolveCorrelations,
} from '../sigma/index.ts';
import { keyOf, lastGood, stemOf, withKept } from './broken.ts';

export type Document = Rule | Correlation;

/** What files contain that can be used, live or not. */
export interface Usable {
  documents: readonly Document[];
  filters: readonly Filter[];
  lists: readonly List[];
  /** The whole text of the file that contains one of them. */
  textOf: (one: Document | Filter) => string;
}

export interface Overrides {
  /** By name or id of a rule or a correlation. */
  overrides?: Readonly<Record<string, Override>>;
  /** Where they are written, for those that are in a file. */
  overridePlaces?: Readonly<Record<string, Pick<RuleProblem, 'path' | 'line' | 'column'>>>;
}

/** What replaces parts of a rule. */
export interface Override {
  /** Applies whatever the conditions of the rule's levels say. */
  level?: RuleLevel;
  mode?: RuleMode;
}

export interface Joined {
  /** With overrides applied, in the mode that each is loaded in. */
  documents: readonly Document[];
  filters: readonly Filter[];
  /** Ordered so that each follows those it refers to. */
  correlations: readonly CompiledCorrelation[];
  /** The same as written, without what cannot be used. */
  usable: Pick<Usable, 'documents' | 'filters'>;
}

interface Written extends Pick<Usable, 'documents' | 'filters'> {
  /** Why other documents and files cannot be used. */
  unusable: readonly RuleProblem[];
}

/** Joins the documents with the last good version of those that cannot be used, whether because of their own file or of
 * the other documents.
 * @returns with `kept`, what is used in its last good version, and all `problems` */
export function joinWithLastGood(
  { documents, filters, unusable }: Written,
  past: Usable,
  { overrides = {}, overridePlaces = {} }: Overrides,
  { knownFields, modeOf }: Pick<Context, 'knownFields' | 'modeOf'>,
): Joined & { kept: (Document | Filter)[]; problems: RuleProblem[] } {
  const before = [...past.documents, ...past.filters];
  const problems = [...unusable];
  const context: Context = {
    overrides,
    overridePlaces,
    knownFields,
    modeOf,
    before: new Set(before.map(keyOf)),
    broken: new Set(unusable.map(({ path, name }) => name ?? stemOf(path))),
  };
  const kept = new Set(lastGood(before, [...documents, ...filters], unusable));
  // What is kept can make others unusable, for example if both have the same name: each round keeps more, so that there
  // is a last one.
  for (;;) {
    const { unusable, loose, ...joined } = join(
      {
        documents: withKept(documents, kept, past.documents),
        filters: withKept(filters, kept, past.filters),
      },
      context,
    );
    const usable = [...joined.usable.documents, ...joined.usable.filters];
    const more = lastGood(before, usable, unusable).filter((one) => !kept.has(one));
    for (const one of more) kept.add(one);
    const keptKeys = new Set([...kept].map(keyOf));
    const [ofKept, ofOthers] = [true, false].map((wanted) =>
      unusable.filter(({ path, name = '' }) => keptKeys.has(keyOf({ path, name })) === wanted),
    );
    if (more.length > 0) {
      problems.push(...ofKept!);
      continue;
    }
    problems.push(...ofOthers!, ...loose);
    const used = new Set<object>(usable);
    return { ...joined, kept: [...kept].filter((one) => used.has(one)), problems };
  }
}

interface Context {
  overrides: NonNullable<Overrides['overrides']>;
  overridePlaces: NonNullable<Overrides['overridePlaces']>;
  knownFields: readonly string[];
  /** The mode that each is loaded in. */
  modeOf: (document: Document) => RuleMode;
  /** What was used before: it loses its name to no other document. */
  before: ReadonlySet<string>;
  /** Names of what cannot be used: references to it are not reported as missing. */
  broken: ReadonlySet<string>;
}

function join(
  written: Pick<Usable, 'documents' | 'filters'>,
  context: Context,
): Joined & Record<'unusable' | 'loose', RuleProblem[]> {
  const unusable: RuleProblem[] = [];
  const loose: RuleProblem[] = [];
  const own = named(written.documents, context.before, unusable);
  const filters = named(written.filters, context.before, unusable);
  const byReference = referencesTo(own);
  const documents = overridden(own, byReference, context, loose).map((document) => ({
    ...document,
    mode: context.modeOf(document),
  }));
  checkFilters(filters, byReference, context, loose);
  const rules = documents.filter(isRule);
  const unresolved = documents.filter((document): document is Correlation => !isRule(document));
  const { correlations, problems } = resolveCorrelations(unresolved, rules, context.knownFields, context.broken);
  unusable.push(...problems);
  const resolved = new Set(correlations.map(({ correlation }) => correlation.name));
  const usable = own.filter((document) => isRule(document) || resolved.has(document.name));
  return { documents, filters, correlations, usable: { documents: usable, filters }, unusable, loose };
}

export function isRule(document: Document): document is Rule {
  return 'logsource' in document;
}

/** Those with a name and an id of their own; of two with the same, the one that was used before, or else the first. */
function named<T extends Document | Filter>(
  documents: readonly T[],
  before: ReadonlySet<string>,
  problems: RuleProblem[],
): T[] {
  const taken = new Map<string, string>();
  const [old, fresh] = [true, false].map((wasUsed) => documents.filter((one) => before.has(keyOf(one)) === wasUsed));
  const own = new Set([...old!, ...fresh!].filter(isOwn));
  return documents.filter((one) => own.has(one));

  function isOwn({ name, id, path }: T): boolean {
    const keys = { name: `name ${name}`, id: id && `id ${id.toLowerCase()}` };
    for (const [what, key] of Object.entries(keys)) {
      const other = key && taken.get(key);
      if (!other) continue;
      const message = `the one in ${other} already has the ${what} ${quote((what === 'id' ? id : name) ?? '')}`;
      problems.push({
        ...atTop(path, message, `give each rule ${what === 'id' ? 'an id' : 'a name'} of its own`),
        name,
      });
      return false;
    }
    for (const key of Object.values(keys)) if (key) taken.set(key, path);
    return true;
  }
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
  const hint = didYouMean(reference, byReference.keys(), 'write the name or the id of one, or remove this');
  return { message: `there is no rule ${quote(reference)}`, hint };
}

function overridden(
  documents: readonly Document[],
  byReference: ReadonlyMap<string, Document>,
  { overrides, overridePlaces, broken }: Context,
  problems: RuleProblem[],
): Document[] {
  const changes = new Map<Document, Override>();
  for (const [reference, override] of Object.entries(overrides)) {
    const document = refer(byReference, reference);
    if (document !== undefined) changes.set(document, { ...changes.get(document), ...override });
    else if (!broken.has(reference)) {
      const place = overridePlaces[reference] ?? { path: 'overrides', line: 1, column: 1 };
      problems.push({ ...place, name: reference, ...unknownRule(reference, byReference) });
    }
  }
  return documents.map((document) => {
    const { level, mode = document.mode } = changes.get(document) ?? {};
    return { ...document, mode, ...(level !== undefined && { level, ...(isRule(document) && { levels: [] }) }) };
  });
}

/** Reports references that lead nowhere, or to what a filter cannot silence. */
function checkFilters(
  filters: readonly Filter[],
  byReference: ReadonlyMap<string, Document>,
  { broken }: Context,
  problems: RuleProblem[],
): void {
  for (const filter of filters) {
    const report = (message: string, hint: string) =>
      problems.push({ path: filter.path, ...filter.position, name: filter.name, message, hint });
    for (const reference of filter.rules === 'any' ? [] : filter.rules) {
      const document = refer(byReference, reference);
      if (document === undefined) {
        if (broken.has(reference)) continue;
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

/** Whether every key that the wider logsource has is the same in the other. */
export function isWithin(logsource: Logsource, { custom = {}, ...wider }: Logsource): boolean {
  const all = { ...logsource.custom, ...logsource };
  return Object.entries({ ...custom, ...wider }).every(([key, value]) =>
    isDeepStrictEqual(all[key as keyof Logsource], value),
  );
}

export function atTop(path: string, message: string, hint: string): RuleProblem {
  return { path, line: 1, column: 1, message, hint };
}
