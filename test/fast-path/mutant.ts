/** Mistakes as changes to one file of the product. */
import { readFileSync } from 'node:fs';
import type { Change } from './mutants.ts';

/** Changes by the fault that they cause. `as` are changes that are correct in themselves, and under which the fault can show:
 * small tables, or hashes that collide. */
export interface Mutant {
  name: string;
  changes: readonly Change[];
  as?: readonly Change[];
}

/** A file below src/. */
export const sourceOf = (file: string) => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

/** Every number of a profile, left out. */
export const slotsIn = (file: string): Mutant[] =>
  Array.from(sourceOf(file).matchAll(/profile\[(\d+)\] = (.*);/g), (found) => ({
    name: `${file}: slot ${found[1]} left out: ${found[2]}`,
    changes: [[file, found[0], `profile[${found[1]}] = (${found[2]}) === UNUSUAL ? UNUSUAL : ABSENT;`]],
  }));

function mutant(name: string, file: string, from: string, to: string, as?: readonly Change[]): Mutant {
  return { name, changes: [[file, from, to]], ...(as && { as }) };
}

export const inFile =
  (file: string, as?: readonly Change[]) =>
  (name: string, from: string, to: string): Mutant =>
    mutant(`${file}: ${name}`, file, from, to, as);
