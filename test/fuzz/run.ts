/** Fuzzes for as long as one likes: `node test/fuzz/run.ts [target] [--seconds 60] [--seed 1]`. */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { targets } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
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
for (const target of chosen) {
  console.log(`${target.name}: ${fuzz(target, { seed, seconds })} inputs, seed ${seed}`);
}
