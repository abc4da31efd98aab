/** The values of events as correlations group, count and compare them. */
import { hash } from 'node:crypto';
import type { FieldLookup } from '../sigma/index.ts';

/** How many values of a field, or tuples of the values of several, count for one event. */
const MAX_VALUES = 100;

/** The values of several fields, one of each. */
export type Tuple = readonly unknown[];

const none: readonly unknown[] = [];
const noValues: readonly Tuple[] = [none];

/** The same for the same values of the same types in every process: ids of findings and names of spaces depend on it. */
export function stableHash(values: readonly unknown[]): string {
  const parts = values.map((value) => [typeof value, String(value)]);
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 20);
}

/** The first value of a field that can be compared. */
export function firstOf(lookup: FieldLookup, field: string): unknown {
  const { values } = lookup(field);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value !== null && typeof value !== 'object') return value;
  }
  return undefined;
}

/** The values of a field that can be compared, each once, up to a hundred. */
export function valuesOf(lookup: FieldLookup, field: string): readonly unknown[] {
  const { values } = lookup(field);
  // Nearly all fields.
  if (values.length === 1) {
    const first = values[0];
    return first === null || typeof first === 'object' ? none : values;
  }
  const found = values.filter((value) => value !== null && typeof value !== 'object');
  return found.length < 2 ? found : [...new Set(found)].slice(0, MAX_VALUES);
}

/** One value of each field, in every combination, up to a hundred. */
export function tuplesOf(lookup: FieldLookup, fields: readonly string[]): readonly Tuple[] {
  if (fields.length === 0) return noValues;
  if (fields.length === 1) {
    const values = valuesOf(lookup, fields[0]!);
    return values.length === 1 ? [values] : values.map((value) => [value]);
  }
  return fields.reduce<readonly Tuple[]>((tuples, field) => {
    const values = valuesOf(lookup, field);
    return tuples.flatMap((tuple) => values.map((value) => [...tuple, value])).slice(0, MAX_VALUES);
  }, noValues);
}

/** A value on its own if it is the only one that there is. */
export function oneOrAll(values: readonly unknown[]): unknown {
  const different = [...new Set(values)];
  return different.length === 1 ? different[0] : different;
}
