/** Field look-ups on plain data, as the engine's tests need them. */
import type { FieldLookup, Found } from '../../src/sigma/index.ts';
import { walk, words } from '../../src/sigma/match/walk.ts';

/** Field names are the keys of the object. An array holds several values; a key of `gaps` says why there may be more than
 * those. */
export function lookupOf(event: Record<string, unknown>, gaps: Record<string, string> = {}): FieldLookup {
  return (field): Found => {
    const value = Object.hasOwn(event, field) ? event[field] : undefined;
    const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
    return Object.hasOwn(gaps, field) ? { values, gap: gaps[field]! } : { values };
  };
}

/** Field names are dotted paths into the event. */
export function lookupIn(event: unknown): FieldLookup {
  return (field) => (field === '' ? words(event) : walk(event, field));
}
