/** Bodies of records, mutated and not, next to one another, so that state kept from one would show on the next. */
import { type Random, randomFrom } from '../fuzz/fuzz.ts';
import fc from '../properties.ts';
import { byteMutations } from './faults.ts';
import { type Node, print, treeOf } from './json-tree.ts';
import { packEvent } from './msgpack-text.ts';
import { mutations } from './mutations.ts';
import { records } from './records.ts';

export const layouts = ['array', 'lines', 'stream', 'msgpack'] as const;
export type Layout = (typeof layouts)[number];

export const mediaTypes: Readonly<Record<Layout, string>> = {
  array: 'application/json',
  stream: 'application/json',
  lines: 'application/x-ndjson',
  msgpack: 'application/msgpack',
};

/** One record: which one, its mutations, and their random numbers. */
export interface Recipe {
  record: string;
  mutations: readonly string[];
  seed: number;
  /** Of the bytes of the record. */
  bytes?: string;
  isSpaced: boolean;
}

export interface Body {
  layout: Layout;
  recipes: readonly Recipe[];
  /** Truncates the whole body by this many bytes. */
  cut: number;
  isMarked: boolean;
}

const names = Object.keys(records);
const mutationNames = Object.keys(mutations);

export const recipe: fc.Arbitrary<Recipe> = fc.record(
  {
    record: fc.constantFrom(...names),
    mutations: fc.array(fc.constantFrom(...mutationNames), { maxLength: 3 }),
    seed: fc.nat(),
    bytes: fc.option(fc.constantFrom(...Object.keys(byteMutations)), {
      nil: undefined,
      freq: 12,
    }) as fc.Arbitrary<string>,
    isSpaced: fc.boolean(),
  },
  { requiredKeys: ['record', 'mutations', 'seed', 'isSpaced'] },
);

/** Recipes, most of which share a record with others, as values recur in a log. */
const recipes = fc
  .tuple(fc.array(recipe, { minLength: 1, maxLength: 8 }), fc.array(fc.nat({ max: 7 }), { maxLength: 8 }), fc.boolean())
  .map(([some, again, plainToo]) => [
    ...some,
    ...again.flatMap((index) => {
      const one = some[index % some.length]!;
      return plainToo ? [{ ...one, mutations: [] }, one] : [one];
    }),
  ]);

export const body: fc.Arbitrary<Body> = fc.record({
  layout: fc.constantFrom(...layouts),
  recipes,
  cut: fc.oneof({ weight: 15, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3000 }) }),
  isMarked: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

export function bytesOf({ layout, recipes, cut, isMarked }: Body): Buffer {
  const made = join(
    layout,
    recipes.map((one) => recordOf(one, layout)),
  );
  const marked = isMarked ? Buffer.concat([byteOrderMark, made]) : made;
  return marked.subarray(0, marked.length - cut);
}

export function join(layout: Layout, parts: readonly Uint8Array[]): Buffer {
  const comma = Buffer.from(layout === 'array' ? ',' : layout === 'lines' ? '\n' : '');
  const joined = Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [comma, part])));
  return layout === 'array' ? Buffer.concat([Buffer.from('['), joined, Buffer.from(']')]) : joined;
}

/** The tree of a record after its mutations. */
export function mutated({ record, mutations: chosen, seed }: Recipe): { tree: Node; random: Random } {
  const random = randomFrom(seed);
  const tree = structuredClone(trees[record]!);
  for (const name of chosen) mutations[name]!(tree, random);
  return { tree, random };
}

function recordOf(recipe: Recipe, layout: Layout): Uint8Array {
  const { tree, random } = mutated(recipe);
  const { bytes: change, isSpaced } = recipe;
  const spelling = isSpaced ? random : undefined;
  const bytes = layout === 'msgpack' ? packEvent(tree, spelling) : Buffer.from(print(tree, spelling));
  return change === undefined ? bytes : byteMutations[change]!(bytes, random);
}

const trees: Readonly<Record<string, Node>> = Object.fromEntries(
  names.map((name) => [name, treeOf(records[name])] as const),
);
