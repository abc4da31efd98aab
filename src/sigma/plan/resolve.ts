/** Looks up what correlations refer to, once all rules are read. */
import type { Correlation, Position, Rule } from '../ast.ts';
import { type Conjunction, dnfOf } from '../parse/dnf.ts';
import { didYouMean, quote, type RuleProblem } from '../rule-problem.ts';

/** A correlation, ready to be run: everything that it refers to exists. */
export interface CompiledCorrelation {
  readonly correlation: Correlation;
  /** Names of rules and correlations, in the order of the correlation's list. */
  readonly rules: readonly string[];
  /** Those of them that are in its own file, and so exist for it. */
  readonly beside: ReadonlySet<string>;
  /** For each of the rules, the fields that `group-by` names, in order, aliases looked up. */
  readonly groupFields: readonly (readonly string[])[];
  /** For each of the rules, the fields whose values are counted or compared, aliases looked up. */
  readonly valueFields: readonly (readonly string[])[];
  /** The condition of a temporal correlation in disjunctive normal form; empty for the others. */
  readonly dnf: readonly Conjunction[];
}

const MAX_CHAIN = 10;

/** The correlations that can be run, each after those that it refers to, and what is wrong with the others.
 * @param rules all existing rules, including those that are off
 * @param knownFields as in ParseOptions
 * @param broken names of existing rules that cannot be used */
export function resolveCorrelations(
  correlations: readonly Correlation[],
  rules: readonly Pick<Rule, 'name' | 'id' | 'path'>[],
  knownFields?: Iterable<string>,
  broken: ReadonlySet<string> = new Set(),
): { correlations: CompiledCorrelation[]; problems: RuleProblem[] } {
  const known = knownFields && new Set(knownFields);
  const problems: RuleProblem[] = [];
  const report = ({ path, name }: Correlation, { line, column }: Position, message: string, hint: string) => {
    problems.push({ path, line, column, name, message, hint });
  };

  const byReference = new Map<string, Pick<Rule, 'name' | 'path'>>();
  for (const rule of rules) {
    byReference.set(rule.name, rule);
    if (rule.id !== undefined) byReference.set(rule.id.toLowerCase(), rule);
  }
  const byName = new Map<string, Correlation>();
  for (const correlation of correlations) {
    const { name, id } = correlation;
    const other = byReference.get(name);
    if (other !== undefined) {
      const message = `${quote(name)} is already the name of the rule in ${other.path}`;
      report(correlation, correlation.position, message, 'give each rule and correlation a name of its own');
      continue;
    }
    byName.set(name, correlation);
    byReference.set(name, correlation);
    if (id !== undefined && !byReference.has(id.toLowerCase())) byReference.set(id.toLowerCase(), correlation);
  }
  const lookUp = (reference: string) => (byReference.get(reference) ?? byReference.get(reference.toLowerCase()))?.name;

  const resolved = new Map<string, CompiledCorrelation>();
  const refused = new Set<string>();
  const refuse = (correlation: Correlation, at: string, message: string, hint: string) => {
    report(correlation, correlation.positions.get(at) ?? correlation.position, message, hint);
    refused.add(correlation.name);
  };

  /** @param chain names of the correlations that led to this one, no more than a chain may have */
  function resolve(correlation: Correlation, chain: readonly string[]): void {
    const { name } = correlation;
    if (resolved.has(name) || refused.has(name)) return;
    const names = correlation.rules.map(lookUp);
    for (const [index, reference] of correlation.rules.entries()) {
      const found = names[index];
      if (found === undefined && broken.has(reference)) {
        refuse(correlation, reference, `${quote(reference)} cannot be used`, 'fix that first');
      } else if (found === undefined) {
        const message = `there is no rule or correlation ${quote(reference)}`;
        const hint = didYouMean(reference, byReference.keys(), 'write the name or the id of one, and load its file');
        refuse(correlation, reference, message, hint);
      } else if (names.indexOf(found) < index) {
        refuse(correlation, reference, `${quote(reference)} is ${quote(found)}, which is already listed`, 'drop one');
      }
      const next = found === undefined ? undefined : byName.get(found);
      if (next === undefined) continue;
      const links = [...chain, name];
      if (links.includes(next.name)) {
        const cycle = [...links.slice(links.indexOf(next.name)), next.name].map(quote).join(' -> ');
        refuse(correlation, reference, `correlations wait for each other: ${cycle}`, 'break the cycle');
      } else if (links.length >= MAX_CHAIN) {
        const hint = 'join some of them';
        refuse(correlation, reference, `correlations are chained deeper than ${MAX_CHAIN}`, hint);
      } else {
        resolve(next, links);
        if (refused.has(next.name) && !refused.has(name)) {
          refuse(correlation, reference, `the correlation ${quote(next.name)} cannot be used`, 'fix that first');
        }
      }
    }
    if (refused.has(name)) return;
    const compiled = compile(correlation, names as string[]);
    if (compiled !== undefined) resolved.set(name, compiled);
  }

  function compile(correlation: Correlation, names: readonly string[]): CompiledCorrelation | undefined {
    const aliases = new Map<string, Map<string, string>>();
    for (const [alias, fields] of correlation.aliases) {
      const resolvedFields = new Map<string, string>();
      for (const [reference, field] of fields) {
        const rule = lookUp(reference);
        if (rule !== undefined && names.includes(rule)) resolvedFields.set(rule, field);
        else {
          const message = `the alias ${quote(alias)} is for ${quote(reference)}, which is not among the rules`;
          const hint = didYouMean(reference, correlation.rules, `write one of ${correlation.rules.join(', ')}`);
          refuse(correlation, reference, message, hint);
        }
      }
      aliases.set(alias, resolvedFields);
    }
    const within = (fields: readonly string[]) =>
      names.map((rule) => fields.map((name) => aliases.get(name)?.get(rule) ?? name));
    const groupFields = within(correlation.groupBy);
    const valueFields = within(fieldsOf(correlation));
    for (const [index, rule] of names.entries()) {
      const used = new Set([...groupFields[index]!, ...valueFields[index]!]);
      for (const field of used) checkField(correlation, rule, field);
    }
    if (refused.has(correlation.name)) return undefined;
    const { test } = correlation;
    const dnf = 'condition' in test ? dnfOf(test.condition, correlation.rules)! : [];
    const beside = new Set(names.filter((name) => byReference.get(name)?.path === correlation.path));
    return { correlation, rules: names, beside, groupFields, valueFields, dnf };
  }

  /** A correlation has what it groups by, and the fields of the event that completes it. */
  function checkField(correlation: Correlation, rule: string, field: string): void {
    if (known === undefined || byName.get(rule)?.groupBy.includes(field)) return;
    for (let dot = field.length; dot > 0; dot = field.lastIndexOf('.', dot - 1)) {
      if (known.has(field.slice(0, dot))) return;
    }
    const aliases = [...correlation.aliases.keys()];
    const isAlias = aliases.includes(field);
    const message = isAlias
      ? `the alias ${quote(field)} does not say which field it is in ${quote(rule)}`
      : `no event has a field ${quote(field)}`;
    const hint = isAlias
      ? `add ${rule}: and the name of a field below it`
      : didYouMean(field, [...aliases, ...known], 'see docs/reference/fields.md for the fields that an event has');
    if (!refused.has(correlation.name)) refuse(correlation, field, message, hint);
  }

  for (const correlation of byName.values()) resolve(correlation, []);
  return { correlations: [...resolved.values()], problems };
}

function fieldsOf({ test }: Correlation): readonly string[] {
  switch (test.type) {
    case 'value_count':
    case 'new_terms':
      return test.fields;
    case 'event_count':
    case 'temporal':
    case 'temporal_ordered':
      return [];
    default:
      return [test.field];
  }
}
