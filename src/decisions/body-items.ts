/** What bodies have to contain for an item of a rule to decide otherwise than on empty bodies. */
import { type BodyKeys, bodyKeysOf, keysAtEnd } from '../fields/index.ts';
import {
  type BlockItem,
  type CompiledItem,
  type Condition,
  decideAlone,
  type FieldItem,
  type Found,
  type Item,
  isLimited,
  needlesOf,
  type Predicate,
} from '../sigma/index.ts';
import { isWordy } from './body-screen.ts';
import type { BodySearch, Sought } from './body-search.ts';

/** What an item decides on events in which everything is known, as long as the bodies do not contain what it needs. */
export interface BodyItem {
  otherwise: boolean;
  mayDiffer(bodies: BodySearch): boolean;
}

type May = (bodies: BodySearch) => boolean;

/** Fewest characters of a text that is searched for. */
const SHORTEST = 3;

const absent: Found = { values: [] };
const always: May = () => true;

/** Shorter keys have fewer bytes than are looked up at a time; others may be spelled in several ways. */
const PLAIN_KEY = /^[\w$/:-]{3,100}$/;
/** Spellings of MessagePack keys that need not be texts. */
const SPELLED_KEYS = new Set(['true', 'false', 'null', 'Infinity', 'NaN']);

/** Collects what is searched for, without duplicates. */
export class Collected implements Sought {
  readonly #keys = new Map<string, number>();
  readonly #ways = new Map<string, number>();
  readonly #texts = new Map<string, number>();
  readonly lists = new Set<number>();

  get keys(): readonly string[] {
    return [...this.#keys.keys()];
  }
  get ways(): readonly string[] {
    return [...this.#ways.keys()];
  }
  get texts(): readonly string[] {
    return [...this.#texts.keys()];
  }

  /** Undefined for an item that does not depend on bodies, or not on them alone. */
  add({ item }: CompiledItem): BodyItem | undefined {
    const keys = plain(bodyKeysOf(item.field));
    if (keys === undefined) return undefined;
    return item.kind === 'field' ? this.#field(item, keys) : this.#block(item, keys);
  }

  #field(item: FieldItem, keys: BodyKeys): BodyItem | undefined {
    const decide = decideAlone(item);
    const otherwise = decide?.(() => absent);
    if (decide === undefined || typeof otherwise !== 'boolean') return undefined;
    const stands = this.#stands(keys);
    // An item that holds for an absent field cannot be decided by the values that are found.
    if (otherwise !== item.negated) return { otherwise, mayDiffer: stands };
    return { otherwise, mayDiffer: this.#mayPass(keys, stands, decide, otherwise) };
  }

  #mayPass({ keys, spelled = (value) => value }: BodyKeys, stands: May, decide: Predicate, otherwise: boolean): May {
    const numbers = keys.map((key) => numberOf(this.#keys, key));
    return (bodies) => {
      if (!stands(bodies)) return false;
      const values: unknown[] = [];
      for (const number of numbers) {
        const written = bodies.valuesOf(number);
        if (written === undefined) return true;
        for (const each of written) {
          const value = spelled(each);
          if (value !== undefined) values.push(value);
        }
      }
      // A superset of the field's values: if none of these passes, none of its own does.
      return values.length > 0 && decide(() => ({ values })) !== otherwise;
    };
  }

  #block(item: BlockItem, keys: BodyKeys): BodyItem | undefined {
    const { members } = item;
    // The number of members matters then.
    if (isLimited(item)) return undefined;
    const quantifier = 'index' in members ? 'any' : members.quantifier;
    const stands = this.#stands(keys);
    for (const key of keys.keys) this.lists.add(numberOf(this.#keys, key));
    if (quantifier === 'all_or_empty') return { otherwise: true, mayDiffer: stands };
    const mayHold = this.#body(item);
    return { otherwise: quantifier === 'none', mayDiffer: (bodies) => stands(bodies) && mayHold(bodies) };
  }

  /** Whether the conditions of a block may hold for any member. */
  #body({ body }: BlockItem): May {
    if (body.kind === 'items') return everyOf(body.items.map((item) => this.#inner(item)));
    const within = (part: Condition): May => {
      switch (part.kind) {
        case 'selection': {
          const { alternatives } = body.selections.get(part.name)!;
          return someOf(alternatives.map((items) => everyOf(items.map((item) => this.#inner(item)))));
        }
        case 'not':
          return always;
        case 'and':
          return everyOf(part.operands.map(within));
        case 'or':
          return someOf(part.operands.map(within));
        case 'atLeast': {
          const operands = part.operands.map(within);
          return (bodies) => operands.filter((may) => may(bodies)).length >= part.count;
        }
      }
    };
    return within(body.condition);
  }

  #inner(item: Item): May {
    if (item.field === '') return item.kind === 'field' && !item.negated ? this.#words(item) : always;
    // Fields around the list cannot be identified by their keys.
    const keys = item.field.startsWith('^.') ? undefined : plain(keysAtEnd(item.field));
    if (keys === undefined) return always;
    const inner = item.kind === 'field' ? this.#field(item, keys) : this.#block(item, keys);
    return inner?.otherwise === false ? inner.mayDiffer : always;
  }

  #words(item: FieldItem): May {
    const needles = needlesOf(item)?.map(withoutMarkup);
    if (needles === undefined || !needles.every(isSearched)) return always;
    const numbers = needles.map((needle) => numberOf(this.#texts, needle));
    return (bodies) => numbers.some((number) => bodies.hasText(number));
  }

  #stands({ keys, through = [] }: BodyKeys): May {
    const numbers = keys.map((key) => numberOf(this.#keys, key));
    const ways = through.map((way) => numberOf(this.#ways, way));
    return (bodies) =>
      numbers.some((number) => bodies.hasKey(number)) &&
      (ways.length === 0 || ways.some((number) => bodies.hasWay(number)));
  }
}

/** The longest part without characters that JSON may escape. */
function withoutMarkup(needle: string): string {
  return needle.split(/[<>&]/).reduce((one, other) => (other.length > one.length ? other : one));
}

/** Whether the bytes always spell a text as it is, and it is long enough to be searched for. */
function isSearched(needle: string): boolean {
  return needle.length >= SHORTEST && isWordy(needle) && !'null'.includes(needle);
}

function plain(keys: BodyKeys | undefined): BodyKeys | undefined {
  if (keys === undefined) return undefined;
  const all = [...keys.keys, ...(keys.through ?? [])];
  return all.every((key) => PLAIN_KEY.test(key) && !SPELLED_KEYS.has(key)) ? keys : undefined;
}

function everyOf(all: readonly May[]): May {
  return (bodies) => all.every((may) => may(bodies));
}

function someOf(all: readonly May[]): May {
  return (bodies) => all.some((may) => may(bodies));
}

function numberOf(numbers: Map<string, number>, text: string): number {
  let number = numbers.get(text);
  if (number === undefined) numbers.set(text, (number = numbers.size));
  return number;
}
