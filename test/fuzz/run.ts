/** Fuzzes for any length of time: `node test/fuzz/run.ts [target] [--seconds 120] [--seed 1]`. Each target gets the same time;
 * in a fifth of it, inputs that reach new code are searched for, and added to those that are changed. */
import { parseArgs } from 'node:util';
import { openExplorer } from './explore.ts';
import { fuzz } from './fuzz.ts';
import { targets } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const chosen = targets.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
if (chosen.length === 0) {
  console.error(`no target is named so; there are: ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
const seed = Number(values.seed);
const seconds = Number(values.seconds) / chosen.length;
const EXPLORING = 0.2;

const widths = [18, 12, 10, 10, 10, 12, 12];
const row = (cells: (string | number)[]) =>
  cells
    .map((cell, index) =>
      index === 0 ? String(cell).padEnd(widths[0]!) : cell.toLocaleString('en').padStart(widths[index]!),
    )
    .join('');

console.log(`seed ${seed}`);
console.log(row(['target', 'inputs', 'a second', 'seeds', 'corpus', 'code: seeds', 'code: all']));
const explore = openExplorer();
let total = 0;
let failed = 0;
for (const target of chosen) {
  try {
    const { corpus, runs, covered } = await explore({ target: target.name, seed, seconds: EXPLORING * seconds });
    const begun = performance.now();
    const done = await fuzz(target, { seed: seed + 1, seconds: (1 - EXPLORING) * seconds, corpus });
    const speed = Math.round((done * 1000) / (performance.now() - begun));
    total += runs + done;
    const counts = [runs + done, speed, target.corpus.length, corpus.length, covered.seeds, covered.all];
    console.log(row([target.name, ...counts]));
  } catch (error) {
    failed++;
    console.log(`${target.name} failed: ${(error as Error).stack}`);
  }
}
console.log(row([failed === 0 ? 'all' : `${failed} failed`, total]));
process.exit(failed === 0 ? 0 : 1);
