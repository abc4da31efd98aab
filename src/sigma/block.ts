/** What an array block sees: the members of the lists that its field leads to, each as an event of its own. */
import type { Members } from './ast.ts';
import type { FieldLookup, Found } from './field.ts';
import { foundAt, walk, words } from './walk.ts';

/** For each list that was found the look-ups into those of its members that are asked for. */
export function membersOf(found: Found, members: Members, outer: FieldLookup): FieldLookup[][] {
  const mark = found.gap === 'split' ? 'split' : undefined;
  return (found.places ?? found.values).map((place) => {
    return chosenOf(place, members).map((member) => lookupIn(member, outer, mark));
  });
}

function chosenOf(place: unknown, members: Members): readonly unknown[] {
  if ('quantifier' in members) return Array.isArray(place) ? place : place === null ? [] : [place];
  if (!Array.isArray(place)) return [];
  const index = members.index < 0 ? place.length + members.index : members.index;
  return index in place ? [place[index]] : [];
}

function lookupIn(member: unknown, outer: FieldLookup, mark: 'split' | undefined): FieldLookup {
  return (field) => {
    if (field === '.') return foundAt(member);
    if (field === '') return words(member);
    if (field.startsWith('^.')) return outer(field.slice(2));
    return walk(member, field, mark);
  };
}

/** Whether a gap in the list leaves a block that holds for what is there to hold for the whole list. */
export function holdsDespiteGap(members: Members): boolean {
  return 'index' in members ? members.index >= 0 : members.quantifier === 'any';
}

/** Whether a block holds where its field leads to no list at all. */
export function holdsForNothing(members: Members): boolean {
  return 'quantifier' in members && (members.quantifier === 'none' || members.quantifier === 'all_or_empty');
}

/** A block's field as the file spells it. */
export function printBlock(field: string, members: Members): string {
  return `${field}[${'index' in members ? members.index : members.quantifier}]`;
}

/** The name of a field within blocks, for a person: the way to it from the event. */
export function fieldWithin(blocks: string, field: string): string {
  if (blocks === '' || field.startsWith('^.')) return field;
  if (field === '.') return blocks;
  return field.startsWith('.[') ? `${blocks}${field.slice(1)}` : `${blocks}.${field}`;
}
