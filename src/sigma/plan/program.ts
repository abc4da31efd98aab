/** What the rules of a set ask of an event, each thing once. */
import type { Item } from '../ast.ts';
import { isAround, itemsOfBody } from '../match/block.ts';
import type { Predicate } from '../match/predicate.ts';
import { referencesOf } from '../match/value-test.ts';
import type { CompiledItem, CompiledRule } from './compile.ts';

/** A field, and what a rule expects of it. */
export interface ProgramItem {
  field: string;
  decide: Predicate;
}

/** The different items of the rules and of their exceptions that depend on the values of one field alone. */
export function itemsOf(rules: readonly CompiledRule[]): ProgramItem[] {
  const items = new Set(rules.flatMap(itemsIn).filter(({ item }) => readsOneField(item)));
  return [...items].map(({ item, decide }) => ({ field: item.field, decide }));
}

/** Whether all that a rule and its exceptions ask of an event is in such items. */
export function isOfItems(rule: CompiledRule): boolean {
  return itemsIn(rule).every(({ item }) => readsOneField(item));
}

function itemsIn({ items, exceptions }: CompiledRule): CompiledItem[] {
  return [...items, ...exceptions.flatMap((exception) => exception.items)];
}

/** Not so for a search in the whole event, a comparison of fields, and a block that looks at what is around its list. */
function readsOneField(item: Item): boolean {
  return item.field !== '' && readsOwn(item);
}

function readsOwn(item: Item): boolean {
  if (isAround(item.field)) return false;
  if (item.kind === 'field') return item.tests.every((test) => referencesOf(test).length === 0);
  return itemsOfBody(item.body).every(readsOwn);
}
