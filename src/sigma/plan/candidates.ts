/** Leaves out rules that cannot match an event, by the values that they always require: an event has one resource and one
 * verb, and most rules are about others. */

import { textOf } from '../../json/typed.ts';
import type { Condition, Detection, Item, Test } from '../ast.ts';
import type { FieldLookup } from '../field.ts';
import { fold, literalOf } from '../match/pattern.ts';
import type { CompiledRule } from './compile.ts';

/** Most fields that are looked at: beyond a few, each costs more than it saves. */
const MAX_FIELDS = 8;

/** By field, the folded values of which one has to be present. */
type Required = ReadonlyMap<string, ReadonlySet<string>>;

/** A bit for each rule. */
type Bits = Uint32Array;

interface Table {
  field: string;
  /** By value, the rules that can match with it. */
  byValue: ReadonlyMap<string, Bits>;
  /** The rules that can match with any other value, or none. */
  rest: Bits;
}

/** A function that returns, in order, the rules that can match an event or be unknown on it: all for which `evaluate`
 * returns anything but false, and few others. */
export function candidatesAmong(rules: readonly CompiledRule[]): (lookup: FieldLookup) => CompiledRule[] {
  const required = rules.map(({ rule }) => requiredBy(rule));
  const tables = mostRequired(required).map((field) => tableOf(field, required));
  const all = bitsOf(rules.length, () => true);

  return (lookup) => {
    const left = all.slice();
    for (const { field, byValue, rest } of tables) {
      const { values, gap } = lookup(field);
      // There may be other values.
      if (gap !== undefined) continue;
      const allowed = rest.slice();
      for (const value of values) {
        const bits = byValue.get(fold(textOf(value) ?? ''));
        if (bits !== undefined) for (let i = 0; i < bits.length; i++) allowed[i]! |= bits[i]!;
      }
      for (let i = 0; i < left.length; i++) left[i]! &= allowed[i]!;
    }
    const candidates: CompiledRule[] = [];
    for (let i = 0; i < left.length; i++) {
      // From the lowest bit that is set to the next.
      for (let bits = left[i]!; bits !== 0; bits &= bits - 1) {
        candidates.push(rules[i * 32 + 31 - Math.clz32(bits & -bits)]!);
      }
    }
    return candidates;
  };
}

function tableOf(field: string, required: readonly Required[]): Table {
  const values = new Set(required.flatMap((one) => [...(one.get(field) ?? [])]));
  const accepting = (value: string) =>
    bitsOf(required.length, (rule) => required[rule]!.get(field)?.has(value) ?? true);
  return {
    field,
    byValue: new Map([...values].map((value) => [value, accepting(value)])),
    rest: bitsOf(required.length, (rule) => !required[rule]!.has(field)),
  };
}

function bitsOf(length: number, isSet: (index: number) => boolean): Bits {
  const bits = new Uint32Array(Math.ceil(length / 32));
  for (let index = 0; index < length; index++) if (isSet(index)) bits[index >> 5]! |= 1 << (index & 31);
  return bits;
}

/** The fields by which most rules can be left out. */
function mostRequired(required: readonly Required[]): string[] {
  const counts = new Map<string, number>();
  for (const field of required.flatMap((one) => [...one.keys()])) counts.set(field, (counts.get(field) ?? 0) + 1);
  return [...counts.entries()]
    .filter(([, count]) => count > 1)
    .sort(([, one], [, other]) => other - one)
    .slice(0, MAX_FIELDS)
    .map(([field]) => field);
}

/** What an event has to have for the detection to be anything but false. */
function requiredBy({ selections, condition }: Detection): Required {
  const within = (part: Condition): Required => {
    switch (part.kind) {
      case 'selection':
        return anyOf(selections.get(part.name)!.alternatives.map((items) => allOf(items.map(requiredByItem))));
      case 'not':
        return new Map();
      case 'and':
        return allOf(part.operands.map(within));
      case 'or':
      case 'atLeast':
        return anyOf(part.operands.map(within));
    }
  };
  return within(condition);
}

function requiredByItem(item: Item): Required {
  // Searching for words anywhere in the event costs more than it saves.
  if (item.kind === 'block' || item.negated || item.field === '') return new Map();
  const values = item.tests.map(valuesOf);
  const found = item.quantifier === 'all' ? values.find((each) => each !== undefined) : united(values);
  return found === undefined ? new Map() : new Map([[item.field, new Set(found)]]);
}

/** The folded values that can pass the test; undefined if they cannot be listed one by one. */
function valuesOf(test: Test): string[] | undefined {
  switch (test.kind) {
    case 'text': {
      const text = literalOf(test.pattern);
      return text === undefined ? undefined : [fold(text)];
    }
    case 'boolean':
      return [String(test.value)];
    case 'either':
      return united(test.tests.map(valuesOf));
    default:
      return undefined;
  }
}

function united(lists: readonly (string[] | undefined)[]): string[] | undefined {
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

/** Two sets for one field both have to be met; the smaller one rules out more. */
function allOf(parts: readonly Required[]): Required {
  const joined = new Map<string, ReadonlySet<string>>();
  for (const [field, values] of parts.flatMap((part) => [...part])) {
    const other = joined.get(field);
    if (other === undefined || values.size < other.size) joined.set(field, values);
  }
  return joined;
}

function anyOf(parts: readonly Required[]): Required {
  const [first, ...others] = parts;
  const shared = [...(first ?? [])].filter(([field]) => others.every((part) => part.has(field)));
  return new Map(shared.map(([field]) => [field, new Set(parts.flatMap((part) => [...part.get(field)!]))]));
}
