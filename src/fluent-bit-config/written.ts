/** The contents of the files, before variables are replaced. */
import type { Place, Property, Section, SectionKind } from './model.ts';

export interface Written {
  sections: Section[];
  service: Section | undefined;
  /** From `@SET` and `env`; for a repeated name, the last one wins. */
  variables: Map<string, { value: string; place: Place }>;
}

export function property(key: string, value: string, place: Place): Property {
  return { key, value, isUnknown: false, place };
}

export function section(kind: SectionKind, name: string, place: Place): Section {
  return { kind, name, place, properties: [], processors: [] };
}

/** The initial, empty state. */
export function nothing(): Written {
  return { sections: [], service: undefined, variables: new Map() };
}

/** Adds a section; a second service section adds to the first.
 * @returns the section to which the properties belong */
export function addSection(written: Written, added: Section): Section {
  if (added.kind === 'service') {
    if (written.service !== undefined) return written.service;
    written.service = added;
  }
  written.sections.push(added);
  return added;
}
