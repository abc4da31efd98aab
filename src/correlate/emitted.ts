/** What is emitted for a window: a finding on the record whose event completes it, or a report on one that comes after its
 * end. */
import { hash } from 'node:crypto';
import { foundBy, ShownFields, timeShown } from '../finding.ts';
import { stringifyExactly } from '../json/exact.ts';
import type { AuditEvent, Finding, FindingCorrelation, Report } from '../record.ts';
import type { Correlation, FieldLookup } from '../sigma/index.ts';
import { truncate, truncatedTexts } from '../truncate.ts';
import type { Window } from './window.ts';

export type Values = Readonly<Record<string, unknown>>;

/** What a correlation emits for a window. */
export interface Emitted {
  group: Values;
  window: Window;
  /** Set if it is about events other than the one that carries it: what is shown of the last of them. */
  fields?: Values;
}

/** The event that carries it. */
export interface Carrier {
  event: AuditEvent;
  /** Its index in the record. */
  index: number;
  lookup: FieldLookup;
}

/** What is emitted for a window that the event has completed. */
export function findingOf(
  correlation: Correlation,
  one: Emitted,
  id: string,
  { event, index, lookup }: Carrier,
): Finding {
  const { level } = correlation;
  return {
    ...foundBy(correlation, { id, level, fields: new ShownFields(lookupOf(one, lookup, termsOf(correlation))) }),
    matched: [],
    event: index,
    ...timeShown(event),
    correlation: shownOf(correlation, one),
  };
}

/** What is emitted for a window in which the event that carries it has no part. */
export function reportOf(correlation: Correlation, one: Emitted, id: string): Report {
  const { level } = correlation;
  return {
    ...foundBy(correlation, { id, level, fields: new ShownFields(lookupOf(one, nothing, termsOf(correlation))) }),
    time: rfc3339(one.window.to),
    correlation: shownOf(correlation, one),
  };
}

const nothing: FieldLookup = () => ({ values: [] });

function shownOf({ test }: Correlation, { group, window }: Emitted): FindingCorrelation {
  return {
    type: test.type,
    group: Object.entries(group).map(([field, value]) => ({ field, values: truncatedTexts([value].flat()) })),
    from: rfc3339(window.from),
    to: rfc3339(window.to),
    ...(Number.isFinite(window.value) && { value: window.value }),
    events: window.auditIDs,
  };
}

/** For these fields the new values are shown, which the group has, and not those of the event. */
export function termsOf({ test }: Correlation): readonly string[] {
  return test.type === 'new_terms' ? test.fields : [];
}

/** The fields of the event that it is about, then the values of its group, and `value`, the number compared. */
export function lookupOf(
  { group, window, fields }: Emitted,
  ofEvent: FieldLookup,
  exceptFields: readonly string[] = [],
): FieldLookup {
  return (field) => {
    if (!exceptFields.includes(field)) {
      const found = fields === undefined ? ofEvent(field) : { values: valuesIn(fields, field) };
      if (found.values.length > 0) return found;
    }
    if (Object.hasOwn(group, field)) return { values: [group[field]].flat() };
    return { values: field === 'value' && window.value !== undefined ? [window.value] : [] };
  };
}

function valuesIn(fields: Values, field: string): unknown[] {
  return Object.hasOwn(fields, field) ? (fields[field] as unknown[]) : [];
}

/** The names of the fields that are shown of an event. */
export function fieldsIn({ summary, context }: Correlation): readonly string[] {
  const inSummary = summary.flatMap((part) => (typeof part === 'string' ? [] : part.field));
  return [...new Set([...inSummary, ...context, 'workload'])];
}

/** What will be shown of an event that is gone by then. */
export function fieldsShown(names: readonly string[], lookup: FieldLookup): Values {
  const fields: [string, unknown][] = [];
  for (const name of names) {
    const { values } = lookup(name);
    if (values.length > 0) fields.push([name, truncate(values)]);
  }
  return Object.fromEntries(fields);
}

/** The values of a group, by the names that the correlation has for them.
 * @param parts the cluster, and the values */
export function groupShown({ groupBy }: Correlation, parts: readonly unknown[]): Values {
  return Object.fromEntries(groupBy.map((name, i) => [name, truncate(parts[i + 1])]));
}

/** The same for a window wherever it is found. */
export function idOf(name: string, place: string, { group, window: { from } }: Emitted): string {
  const parts = JSON.stringify([name, place, stringifyExactly(group), from]);
  return hash('sha256', parts).slice(0, 32);
}

function rfc3339(unixMicro: number): string {
  return new Date(Math.floor(unixMicro / 1000)).toISOString();
}
