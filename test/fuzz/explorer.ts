/** The thread of `explore.ts`. */
import { parentPort } from 'node:worker_threads';
import { startCoverage } from './coverage.ts';
import type { Exploration, Explored, Result } from './explore.ts';

/** Inputs between two checks of what ran, each of which takes some milliseconds. */
const BATCH = 32;

const coverage = startCoverage(new URL('../../src/', import.meta.url).href);
const { attempt, mutate, randomFrom } = await import('./fuzz.ts');
const { targets } = await import('./targets.ts');

parentPort!.on('message', async (exploration: Exploration) => {
  const result: Result = await explore(exploration).catch((error) => ({ failure: error.stack }));
  parentPort!.postMessage(result);
});

async function explore({ target: name, seed, seconds }: Exploration): Promise<Explored> {
  const target = targets.find((one) => one.name === name)!;
  const corpus: Uint8Array[] = [...target.corpus];
  const random = randomFrom(seed);
  coverage.isNew(false);
  coverage.reset();
  for (const input of corpus) await attempt(target, input);
  coverage.isNew(true);
  const seeds = coverage.size();

  const deadline = performance.now() + seconds * 1000;
  let runs = 0;
  while (performance.now() < deadline) {
    const inputs = Array.from({ length: BATCH }, () => mutate(corpus, random));
    for (const input of inputs) await attempt(target, input);
    runs += BATCH;
    if (!coverage.isNew(false)) continue;
    for (const input of inputs) {
      await attempt(target, input);
      if (coverage.isNew(true)) corpus.push(input);
    }
    runs += BATCH;
  }
  return { corpus, runs, covered: { seeds, all: coverage.size() } };
}
