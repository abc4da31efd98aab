/** What the rules of a set ask of an event, each thing once. */
import type { BlockBody, Detection, Item } from './ast.ts';
import { isAround } from './block.ts';
import { type CompiledRule, compileItem } from './compile.ts';
import type { Predicate } from './predicate.ts';
import { referencesOf } from './value-test.ts';

/** A field, and what a rule expects of it. */
export interface ProgramItem {
  field: string;
  decide: Predicate;
}

/** The different items of the rules and of their exceptions that depend on the values of one field alone. */
export function itemsOf(rules: readonly CompiledRule[]): ProgramItem[] {
  const items = new Map<string, ProgramItem>();
  for (const item of rules.flatMap(detectionsOf).flatMap(itemsIn)) {
    if (!readsOneField(item)) continue;
    const key = JSON.stringify(item, (name, value) =>
      name === 'position' ? undefined : value instanceof Map ? [...value] : value,
    );
    if (!items.has(key)) items.set(key, { field: item.field, decide: compileItem(item) });
  }
  return [...items.values()];
}

/** Whether all that a rule and its exceptions ask of an event is in such items. */
export function isOfItems(rule: CompiledRule): boolean {
  return detectionsOf(rule).flatMap(itemsIn).every(readsOneField);
}

function detectionsOf({ rule, exceptions }: CompiledRule): Detection[] {
  return [rule, ...exceptions.map(({ filter }) => filter)];
}

function itemsIn({ selections }: Detection): Item[] {
  return [...selections.values()].flatMap(({ alternatives }) => alternatives.flat());
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

function itemsOfBody(body: BlockBody): Item[] {
  return body.kind === 'items' ? body.items : itemsIn(body);
}
