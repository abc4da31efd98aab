/** A field look-up over a plain object, as the engine's tests need it: field names are its keys. */
import type { FieldLookup, Found } from '../../src/sigma/index.ts';

/** An array holds several values; a key of `gaps` says why there may be more than those. */
export function lookupOf(event: Record<string, unknown>, gaps: Record<string, string> = {}): FieldLookup {
  return (field): Found => {
    const value = Object.hasOwn(event, field) ? event[field] : undefined;
    const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
    return Object.hasOwn(gaps, field) ? { values, gap: gaps[field]! } : { values };
  };
}
