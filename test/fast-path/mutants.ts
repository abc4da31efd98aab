/** Copies of the fast path in which one text is replaced by another: each a mistake that tests have to notice. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as Decisions from '../../src/decisions/decisions.ts';
import type * as EventKeys from '../../src/outline/event-keys.ts';
import type * as Pipeline from '../../src/pipeline.ts';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** A file below src/, a text that stands in it once, and what comes in its place. */
export type Change = readonly [file: string, from: string, to: string];

/** The modules of the fast path. */
const files = [
  'pipeline.ts',
  ...['decisions', 'outline'].flatMap((folder) => readdirSync(join(src, folder)).map((file) => `${folder}/${file}`)),
];

/** The modules that each of them imports, by their paths. */
const imports = new Map(
  files.map((file) => {
    const found = readFileSync(join(src, file), 'utf8').matchAll(/^(?:import (?!type).*|\}) from '(\.[^']+)'/gm);
    return [file, Array.from(found, ([, path]) => relative(src, resolve(src, dirname(file), path!)))] as const;
  }),
);

/** The changed modules, and all that import them: the others are those of the product. */
function copiesFor(changed: ReadonlySet<string>): ReadonlySet<string> {
  const wider = new Set([
    ...changed,
    ...files.filter((file) => imports.get(file)!.some((imported) => changed.has(imported))),
  ]);
  return wider.size === changed.size ? changed : copiesFor(wider);
}

export interface Product {
  pipeline: typeof Pipeline;
  decisions: typeof Decisions;
  eventKeys: typeof EventKeys;
}

/** The product with some changes.
 * @throws Error for a text that is not there, or more than once */
export async function productWith(changes: readonly Change[]): Promise<Product> {
  const copies = copiesFor(new Set(changes.map(([file]) => file)));
  const folder = mkdtempSync(join(tmpdir(), 'tripline-mutant-'));
  try {
    for (const file of copies) {
      let text = readFileSync(join(src, file), 'utf8');
      for (const [changed, from, to] of changes) if (changed === file) text = replaced(text, from, to, file);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), withImports(text, file, copies));
    }
    const load = (file: string) => import(/* @vite-ignore */ join(copies.has(file) ? folder : src, file));
    return {
      pipeline: await load('pipeline.ts'),
      decisions: await load('decisions/decisions.ts'),
      eventKeys: await load('outline/event-keys.ts'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function replaced(text: string, from: string, to: string, file: string): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** Modules that are not copied are those of the product. */
function withImports(text: string, file: string, copies: ReadonlySet<string>): string {
  return text.replace(/ from '(\.[^']+)'/g, (all, path: string) => {
    const target = resolve(src, dirname(file), path);
    return copies.has(relative(src, target)) ? all : ` from '${target}'`;
  });
}
