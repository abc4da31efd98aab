#!/usr/bin/env node
/** The program that the package installs. It imports nothing that an older Node than the required one could not parse, so
 * that such a Node reports what is required instead of where it failed. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const [needed] = /\d+/.exec(engines.node)!;
if (Number.parseInt(process.versions.node, 10) < Number(needed)) {
  process.stderr.write(`tripline: this is Node ${process.versions.node}, and Tripline needs ${needed} or later\n`);
  process.exit(2);
}
if (process.env.NODE_COMPILE_CACHE === undefined) await keepCompiled();
await import('./main.ts');

/** Caches what V8 compiles for the next start, beside the code, if this process may write there: whoever can write there can
 * change the code as well. */
async function keepCompiled(): Promise<void> {
  const { keepRecordsYoung } = await import('./heap.ts');
  const { enableCompileCache } = await import('node:module');
  // Code that was compiled under other flags cannot be used.
  keepRecordsYoung();
  const folder = fileURLToPath(new URL('compiled', import.meta.url));
  enableCompileCache(folder);
  // For threads.
  process.env.NODE_COMPILE_CACHE = folder;
}
