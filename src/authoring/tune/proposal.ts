/** Proposes an exception for what a finding is about, as YAML to commit. */
import { hash } from 'node:crypto';
import { lookupOf, type Ruleset } from '../../detect.ts';
import type { AuditEvent } from '../../record.ts';
import { didYouMean, type Logsource, quote } from '../../sigma/index.ts';
import { identityOf, isAnybody } from './identity.ts';
import { narrowByDefault, type TunableField, tunableFields, valuesIn } from './tunable-fields.ts';
import { quoted, quotedValue, slugOf } from './yaml-text.ts';

/** Why no exception can be proposed, and what to do instead. */
export class CannotTune extends Error {
  override readonly name = 'CannotTune';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** What an exception should silence. */
export interface Subject {
  /** The rule or correlation of the finding, by name. */
  rule: string;
  /** The event that it is about; for a correlation, one that it has counted. */
  event: AuditEvent;
}

export interface Warning {
  /** `weak-field`, `anybody`, `shared-identity`, `no-identity`, `impersonated`, `correlation` for a proposal; see `tune` for
   * those about its effects. */
  code: string;
  message: string;
}

export interface Proposal {
  /** Names the exception in tags, and its file. No exception of the rule set has this name. */
  name: string;
  yaml: string;
  /** The rules that it is about, by name; for a correlation, those that it counts, as it cannot be silenced itself. */
  rules: string[];
  /** The fields that it can test, in the order of the file, with the values of the event. */
  fields: { field: string; values: string[]; isChosen: boolean; weak: string | null }[];
  warnings: Warning[];
}

/** Proposes an exception for the rule of the subject and the values of its event in some fields.
 * @param by names of fields, as in `fields` of the result; by default who, where and what it is done to
 * @param today as `2026-11-29`
 * @throws CannotTune if nothing can be proposed with these fields */
export function propose(
  { rule, event }: Subject,
  { by, ruleset, today }: { by?: readonly string[]; ruleset: Ruleset; today: string },
): Proposal {
  const rules = rulesOf(rule, ruleset);
  const lookup = lookupOf(event, ruleset);
  const known = tunableFields.flatMap((field) => {
    const values = valuesIn(field.field, lookup);
    return values === undefined ? [] : [{ field, values }];
  });
  const names = known.map(({ field }) => field.field);
  for (const name of by ?? []) if (!names.includes(name)) throw unusable(name, names);
  const chosen = new Set(by ?? narrowByDefault(new Set(names), isAnybody(event)));
  if (chosen.size === 0) throw new CannotTune('no field is chosen', `choose some of ${names.join(', ')}`);
  const asked = known.filter(({ field }) => chosen.has(field.field));

  const selection = asked.map(({ field: { key }, values }) => `    ${key}: ${valuesText(values)}\n`).join('');
  const logsource = logsourceOf(rules, ruleset);
  const decisive = JSON.stringify([rules, selection]);
  const name = nameFor(rule, event, ruleset);
  const yaml = `${asked.some(({ field }) => field.isList) ? 'sigma-version: 3\n' : ''}title: ${quoted(titleFor(rule))}
id: ${uuidOf(decisive)}
name: ${name}
description: |
  Say why this is expected, who asked for it, and when to look at it again.
date: ${today}
logsource:
${logsource}filter:
  rules:
${rules.map((each) => `    - ${quoted(each)}\n`).join('')}  known:
${selection}  condition: not known # what has to hold for a match to stay
`;
  return {
    name,
    yaml,
    rules,
    fields: known.map(({ field, values }) => ({
      field: field.field,
      values,
      isChosen: chosen.has(field.field),
      weak: field.weak ?? null,
    })),
    warnings: warningsOf(
      asked.map(({ field }) => field),
      { rule, event },
      rules,
    ),
  };
}

function unusable(name: string, names: readonly string[]): CannotTune {
  if (tunableFields.some(({ field }) => field === name)) {
    const message = `the record does not contain ${name}, or not all of it`;
    return new CannotTune(message, `choose some of ${names.join(', ')}`);
  }
  const all = tunableFields.map(({ field }) => field);
  return new CannotTune(
    `an exception cannot use ${quote(name)}`,
    didYouMean(name, all, `the fields are ${all.join(', ')}`),
  );
}

/** The rule, or those that a correlation counts, directly or through other correlations. */
function rulesOf(name: string, { rules, correlations }: Ruleset): string[] {
  if (rules.some(({ rule }) => rule.name === name)) return [name];
  const found = correlations.find(({ correlation }) => correlation.name === name);
  if (found === undefined) {
    const all = [...rules.map(({ rule }) => rule.name), ...correlations.map(({ correlation }) => correlation.name)];
    throw new CannotTune(`no live rule has the name ${quote(name)}`, didYouMean(name, all, 'see tripline rules'));
  }
  return [...new Set(found.rules.flatMap((each) => rulesOf(each, { rules, correlations } as Ruleset)))];
}

function valuesText(values: readonly string[]): string {
  const [only] = values;
  return values.length === 1 ? quotedValue(only!) : `[${values.map(quotedValue).join(', ')}]`;
}

/** The log source of the rules, as far as they have it in common: a filter must not require more. */
function logsourceOf(names: readonly string[], { rules }: Ruleset): string {
  const logsources = rules.filter(({ rule }) => names.includes(rule.name)).map(({ rule }) => rule.logsource);
  const said = { product: 'kubernetes', service: 'audit' } satisfies Logsource;
  const lines = Object.entries(said).filter(([key, value]) =>
    logsources.every((logsource) => logsource[key as keyof typeof said] === value),
  );
  // A filter without any of these keys is about every log source, but the map must have one.
  if (lines.length === 0) return '  definition: audit log of Kubernetes\n';
  return lines.map(([key, value]) => `  ${key}: ${value}\n`).join('');
}

/** Maximum characters of a document's name. */
const MAX_NAME = 90;

/** Contains no text of the event, which could say anything to a person. */
function titleFor(rule: string): string {
  return `Exception to ${rule}`.slice(0, 120);
}

function nameFor(rule: string, event: AuditEvent, { rules }: Ruleset): string {
  const taken = new Set(rules.flatMap(({ exceptions }) => exceptions.map(({ filter }) => filter.name)));
  const parts = [slugOf(rule, MAX_NAME / 2), slugOf(identityOf(event).split(':').slice(-2).join('-'), MAX_NAME / 3)];
  const name = parts.filter((part) => part !== '').join('-') || 'exception';
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** The same for the same exception, however often it is proposed. UUID version 8. */
function uuidOf(text: string): string {
  const digits = hash('sha256', text);
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20, 32)].join('-');
}

function warningsOf(asked: readonly TunableField[], { rule, event }: Subject, rules: readonly string[]): Warning[] {
  const warnings: Warning[] = [];
  const warn = (code: string, message: string) => warnings.push({ code, message });
  const fields = new Set(asked.map(({ field }) => field));
  if (!fields.has('username') && !fields.has('impersonatedUser')) {
    warn('no-identity', 'it compares no identity, so that others can use it to hide: choose username');
  } else if (isAnybody(event)) {
    warn('anybody', `${event.user.username || 'an empty username'} is nobody in particular: anybody can send this`);
  } else if (/^system:serviceaccount:[^:]*:default$/.test(event.user.username)) {
    warn('shared-identity', 'every pod of the namespace that names no service account runs as this one');
  }
  if (fields.has('username') && !fields.has('impersonatedUser') && event.impersonatedUser !== null) {
    warn('impersonated', 'the user acts as others: without impersonatedUser it applies to all of them');
  }
  for (const { field, weak } of asked) if (weak !== undefined) warn('weak-field', `${field}: ${weak}`);
  if (!rules.includes(rule)) {
    const names = rules.join(', ');
    warn('correlation', `a correlation cannot be silenced itself: it applies to ${names}, in other correlations too`);
  }
  return warnings;
}
