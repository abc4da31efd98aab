/** The plan of a set of rules, made once when the set is loaded. */
import type { Item } from '../ast.ts';
import type { FieldLookup } from '../field.ts';
import { isAround, itemsOfBody } from '../match/block.ts';
import { needlesOf } from '../match/item-needles.ts';
import type { Needles } from '../match/needles.ts';
import type { Predicate } from '../match/predicate.ts';
import { referencesOf } from '../match/value-test.ts';
import { candidatesAmong } from './candidates.ts';
import type { CompiledItem, CompiledRule } from './compile.ts';

/** A field, and what a rule expects of it. */
export interface ProgramItem {
  field: string;
  decide: Predicate;
  /** If none of the field's values, folded, contains one of them, the item's decision is `negated`. */
  needles: Needles;
  negated: boolean;
}

export class Program {
  readonly rules: readonly CompiledRule[];
  /** The different items of the rules and of their exceptions that depend on the values of one field alone. */
  readonly items: readonly ProgramItem[];
  readonly #ofItems: ReadonlySet<CompiledRule>;
  readonly #ofOneField: ReadonlySet<CompiledItem>;
  readonly #candidatesIn: (lookup: FieldLookup) => CompiledRule[];

  constructor(rules: readonly CompiledRule[]) {
    this.rules = rules;
    const items = new Set(rules.flatMap(itemsIn).filter(({ item }) => readsOneField(item)));
    this.#ofOneField = items;
    this.items = [...items].map(({ item, decide }) => ({
      field: item.field,
      decide,
      needles: needlesOf(item),
      negated: item.kind === 'field' && item.negated,
    }));
    this.#ofItems = new Set(rules.filter((rule) => itemsIn(rule).every(({ item }) => readsOneField(item))));
    this.#candidatesIn = candidatesAmong(rules);
  }

  /** The rules that can match an event or be unknown on it, in order, and few others. */
  candidatesIn(lookup: FieldLookup): CompiledRule[] {
    return this.#candidatesIn(lookup);
  }

  /** Whether an item is in `items`. */
  isOfOneField(item: CompiledItem): boolean {
    return this.#ofOneField.has(item);
  }

  /** The fields that a rule and its exceptions ask for in `items`. */
  fieldsOf(rule: CompiledRule): readonly string[] {
    return this.isOfItems(rule) ? itemsIn(rule).map(({ item }) => item.field) : [];
  }

  /** Whether all that a rule and its exceptions ask of an event is in `items`. */
  isOfItems(rule: CompiledRule): boolean {
    return this.#ofItems.has(rule);
  }
}

function itemsIn({ items, exceptions }: CompiledRule): CompiledItem[] {
  return [...items, ...exceptions.flatMap((exception) => exception.items)];
}

/** False for a search in the whole event, a comparison of fields, and a block that looks at what surrounds its list. */
function readsOneField(item: Item): boolean {
  return item.field !== '' && readsOwn(item);
}

function readsOwn(item: Item): boolean {
  if (isAround(item.field)) return false;
  if (item.kind === 'field') return item.tests.every((test) => referencesOf(test).length === 0);
  return itemsOfBody(item.body).every(readsOwn);
}
