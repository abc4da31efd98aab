/** What an array block sees: the members of the lists that its field leads to, each as an event of its own. */
import type { BlockItem, Item, Members } from '../ast.ts';
import type { FieldLookup, Found } from '../field.ts';
import { referencesOf } from './value-test.ts';
import { foundAt, walk, words } from './walk.ts';

/** Most members of a block that are compared with lists around it. Each is compared with every value there, so the cost grows
 * with the product of both. */
const MAX_COMPARED = 50;

export interface OpenedBlock {
  /** For each list that was found, the look-ups into its chosen members. */
  lists: FieldLookup[][];
  /** Why there may be more lists or members. */
  gap: string | undefined;
}

/** A function that opens the lists that the field of a block leads to. */
export function compileOpening({ members, body }: BlockItem): (found: Found, outer: FieldLookup) => OpenedBlock {
  const most = comparesAround(body) ? MAX_COMPARED : Number.POSITIVE_INFINITY;
  const isSelfContained = !looksAround(body);
  return (found, outer) => {
    const mark = found.gap === 'split' ? 'split' : undefined;
    const around = isSelfContained ? outer : onceForEach(outer);
    let left = most;
    let gap = found.gap;
    const lists = (found.places ?? found.values).map((place) => {
      const chosen = chosenOf(place, members);
      if (chosen.length > left) gap ??= `more than ${MAX_COMPARED} members`;
      const compared = chosen.length > left ? chosen.slice(0, left) : chosen;
      left -= compared.length;
      return compared.map((member) => lookupIn(member, around, mark));
    });
    return { lists, gap };
  };
}

/** Whether the number of members that are looked at is limited, because each is compared with what surrounds its list. */
export function isLimited({ body }: BlockItem): boolean {
  return comparesAround(body);
}

/** Whether the body compares each member to the members of a list around it, or to the values there. */
function comparesAround(body: BlockItem['body']): boolean {
  return itemsOfBody(body).some((item) => {
    if (item.kind === 'block') return isAround(item.field) || comparesAround(item.body);
    return isAround(item.field) && item.tests.some((test) => referencesOf(test).length > 0);
  });
}

/** Whether the body reads anything outside a member. */
function looksAround(body: BlockItem['body']): boolean {
  return itemsOfBody(body).some((item) => {
    if (isAround(item.field)) return true;
    if (item.kind === 'block') return looksAround(item.body);
    return item.tests.flatMap(referencesOf).some(({ field }) => isAround(field));
  });
}

export function itemsOfBody(body: BlockItem['body']): Item[] {
  return body.kind === 'items' ? body.items : [...body.selections.values()].flatMap((one) => one.alternatives).flat();
}

/** Whether the name is that of a field around the list that a block opens. */
export function isAround(field: string): boolean {
  return field.startsWith('^.');
}

/** The values around the members are the same for all of them; looking them up for each member would be quadratic. */
function onceForEach(lookup: FieldLookup): FieldLookup {
  const answers = new Map<string, Found>();
  return (field) => {
    let found = answers.get(field);
    if (found === undefined) answers.set(field, (found = lookup(field)));
    return found;
  };
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
    if (isAround(field)) return outer(field.slice(2));
    return walk(member, field, mark);
  };
}

/** Whether a block that holds for the members present holds for the whole list, even if the list has a gap. */
export function holdsDespiteGap(members: Members): boolean {
  return 'index' in members ? members.index >= 0 : members.quantifier === 'any';
}

/** Whether a block holds if its field leads to no list, or to an empty one. */
export function holdsForNothing(members: Members): boolean {
  return 'quantifier' in members && (members.quantifier === 'none' || members.quantifier === 'all_or_empty');
}

/** A block's field as the file spells it. */
export function printBlock(field: string, members: Members): string {
  return `${field}[${'index' in members ? members.index : members.quantifier}]`;
}

/** The name of a field within blocks, for display: its path from the event. */
export function fieldWithin(blocks: string, field: string): string {
  if (blocks === '' || isAround(field)) return field;
  if (field === '.') return blocks;
  return field.startsWith('.[') ? `${blocks}${field.slice(1)}` : `${blocks}.${field}`;
}
