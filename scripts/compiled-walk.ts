/** The module src/outline/walk-code.ts: what src/outline/walk, which is AssemblyScript, compiles to, and the constants that it
 * shares with the modules around it. `npm run generate` writes it with everything else; run by itself, this file needs no
 * module of src/, which may want constants that do not exist yet. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiler = fileURLToPath(new URL('../node_modules/assemblyscript/bin/asc.js', import.meta.url));
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--initialMemory', '87'];
const LINE = 110;

/** @param source of the walk
 * @throws Error if it does not compile */
export function compiledWalk(source = fileURLToPath(new URL('../src/outline/walk/index.ts', import.meta.url))): string {
  const folder = mkdtempSync(join(tmpdir(), 'tripline-walk-'));
  try {
    const target = join(folder, 'walk.wasm');
    execFileSync(process.execPath, [compiler, source, ...options, '--outFile', target], { stdio: 'pipe' });
    return moduleOf(Uint8Array.from(readFileSync(target)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function moduleOf(code: Uint8Array<ArrayBuffer>): string {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const constants = Object.entries(exports).flatMap(([name, value]) =>
    value instanceof WebAssembly.Global ? [`export const ${name} = ${value.value};`] : [],
  );
  const lines = Buffer.from(code)
    .toString('base64')
    .match(new RegExp(`.{1,${LINE}}`, 'g'))!;
  return [
    '/** Made of walk/ by `npm run generate`. */',
    ...constants,
    'export const code =',
    `${lines.map((line) => `  '${line}'`).join(' +\n')};`,
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(new URL('../src/outline/walk-code.ts', import.meta.url), compiledWalk());
