/** Compares two commits in one run, in turns: `npm run bench:compare -- <commit> [<other>]`. Without the other, the commit is
 * compared with the working tree. Each is called through its own bench/product.ts; a commit older than that file, through the
 * first version of it. With `--rows`, the rows of run.ts and peers.ts are measured instead. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { checkOut, repository } from './checkout.ts';
import { compareRows } from './compare-rows.ts';
import type { CorpusName } from './corpora/index.ts';
import type { FormatName } from './formats.ts';
import { median, quantile } from './measure.ts';

const WARM = 3;
const ROUNDS = 6;
/** Pairs of processes for each row: what a compiler makes of the same code differs between processes. */
const PAIRS = 5;
/** The multiple of the earlier commit's time that no row may exceed. */
const MOST = 1.05;

const rows: readonly [CorpusName, FormatName][] = [
  ...(['ordinary', 'eks', 'aks', 'gke', 'unkind', 'attack', 'large', 'small', 'hostile'] as const).map(
    (corpus) => [corpus, 'json'] as [CorpusName, FormatName],
  ),
  ...(['ordinary', 'large', 'small'] as const).flatMap((corpus) =>
    (['ndjson', 'msgpack'] as const).map((format) => [corpus, format] as [CorpusName, FormatName]),
  ),
  ['hostile', 'ndjson'],
];

const words = process.argv.slice(2);
/** `--only=hostile` leaves out the rows without it in their name. */
const only = words.find((word) => word.startsWith('--only='))?.slice('--only='.length) ?? '';
const [before, after, ...more] = words.filter((word) => !word.startsWith('-'));
if (before === undefined || more.length > 0)
  throw new Error('usage: npm run bench:compare -- <commit> [<other commit>] [--rows] [--only=<word>]');
const trees = [checkOut(before), after === undefined ? repository : checkOut(after)];
const sides: ChildProcess[] = [];
process.once('exit', () => {
  for (const side of sides) side.kill();
});
console.log(`before: ${before}; after: ${after ?? 'the working tree'}; Node ${process.version}\n`);
if (words.includes('--rows')) await compareRows(trees, only);
else await compareInProcess();

async function compareInProcess(): Promise<void> {
  console.log(`${PAIRS} x ${ROUNDS} rounds\n`);
  console.log(`${'corpus'.padEnd(20)} ${'before'.padStart(14)} ${'after'.padStart(14)} ${'x its time'.padStart(12)}`);
  for (const [corpus, format] of rows) {
    if (`${corpus}, ${format}`.includes(only)) console.log(await compare(trees, corpus, format));
  }
}

/** Both sides start afresh for each row, so that what one corpus leaves in a process does not affect the next. */
async function compare(trees: readonly string[], corpus: CorpusName, format: FormatName): Promise<string> {
  const pairs: [before: number, after: number][] = [];
  for (let pair = 0; pair < PAIRS; pair++) pairs.push(await comparePair(trees, corpus, format));
  const ratio = median(pairs.map(([before, after]) => after / before));
  const milliseconds = [0, 1].map((side) => `${median(pairs.map((pair) => pair[side]!)).toFixed(1)} ms`.padStart(14));
  const warning = ratio > MOST ? `  slower by more than ${MOST}` : '';
  return `${`${corpus}, ${format}`.padEnd(20)} ${milliseconds.join(' ')} ${`${ratio.toFixed(3)} x`.padStart(12)}${warning}`;
}

async function comparePair(
  trees: readonly string[],
  corpus: CorpusName,
  format: FormatName,
): Promise<[before: number, after: number]> {
  const side = join(repository, 'bench/side.ts');
  const started = trees.map((tree) => fork(side, [join(tree, 'bench/product.ts'), corpus, format]));
  sides.push(...started);
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < WARM + ROUNDS; round++) {
    for (const at of round % 2 === 0 ? [0, 1] : [1, 0]) {
      const milliseconds = await ask(started[at]!, round);
      if (round >= WARM) times[at]!.push(milliseconds);
    }
  }
  for (const one of started) one.kill();
  // Other load on the machine makes a round slower, never faster.
  return [quantile(times[0], 0.25), quantile(times[1], 0.25)];
}

function ask(side: ChildProcess, round: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (code: number | null) => reject(new Error(`a side ended with ${code}`));
    side.once('exit', failed);
    side.once('message', (milliseconds) => {
      side.off('exit', failed);
      resolve(milliseconds as number);
    });
    side.send(round);
  });
}
