/** Copies of the fast path in which one text is replaced by another: each a mistake that tests have to detect. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledWalk } from '../../scripts/compiled-walk.ts';
import type * as BodyItems from '../../src/decisions/body-items.ts';
import type * as BodyNotation from '../../src/decisions/body-notation.ts';
import type * as BodySearch from '../../src/decisions/body-search.ts';
import type * as CreatedName from '../../src/decisions/created-name.ts';
import type * as Decisions from '../../src/decisions/decisions.ts';
import type * as EventKeys from '../../src/outline/event-keys.ts';
import type * as Outlines from '../../src/outline/outlines.ts';
import type * as Pipeline from '../../src/pipeline.ts';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** A file below src/, a text that occurs in it once, and its replacement. */
export type Change = readonly [file: string, from: string, to: string];

/** The modules of the fast path. */
const files = [
  'pipeline.ts',
  ...['decisions', 'outline'].flatMap((folder) =>
    readdirSync(join(src, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => `${folder}/${name}`),
  ),
];
/** The folder that is compiled, and the module that it is compiled to. */
const WALK = 'outline/walk/';
const WALK_CODE = 'outline/walk-code.ts';

/** The modules that each of them imports, by path. */
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
  bodyItems: typeof BodyItems;
  bodyNotation: typeof BodyNotation;
  bodySearch: typeof BodySearch;
  createdName: typeof CreatedName;
  eventKeys: typeof EventKeys;
  outlines: typeof Outlines;
}

/** The product with some changes.
 * @throws Error for a text that does not occur, or occurs more than once */
export async function productWith(changes: readonly Change[]): Promise<Product> {
  const isOfWalk = changes.some(([file]) => file.startsWith(WALK));
  const copies = copiesFor(new Set(changes.map(([file]) => (file.startsWith(WALK) ? WALK_CODE : file))));
  const folder = mkdtempSync(join(tmpdir(), 'tripline-mutant-'));
  try {
    for (const file of copies) {
      const text = file === WALK_CODE && isOfWalk ? walkWith(changes, folder) : changedText(file, changes);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), withImports(text, file, copies));
    }
    const load = (file: string) => import(/* @vite-ignore */ join(copies.has(file) ? folder : src, file));
    return {
      pipeline: await load('pipeline.ts'),
      decisions: await load('decisions/decisions.ts'),
      bodyItems: await load('decisions/body-items.ts'),
      bodyNotation: await load('decisions/body-notation.ts'),
      bodySearch: await load('decisions/body-search.ts'),
      createdName: await load('decisions/created-name.ts'),
      eventKeys: await load('outline/event-keys.ts'),
      outlines: await load('outline/outlines.ts'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function changedText(file: string, changes: readonly Change[]): string {
  let text = readFileSync(join(src, file), 'utf8');
  for (const [changed, from, to] of changes) if (changed === file) text = replaced(text, from, to, file);
  return text;
}

/** The module that the changed walk is compiled to. */
function walkWith(changes: readonly Change[], folder: string): string {
  const target = join(folder, WALK);
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(join(src, WALK))) {
    if (name.endsWith('.ts')) writeFileSync(join(target, name), changedText(WALK + name, changes));
  }
  return compiledWalk(join(target, 'index.ts'));
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
