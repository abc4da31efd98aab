/** Counts the steps of a computation, so that tests can determine without a clock how its cost grows. */
import { Session } from 'node:inspector/promises';

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** How often blocks of code in `src/` are entered while `run` runs, and how many members are added to sets and maps: the work
 * of `new Set([...])` is in no block of ours. */
export async function stepsOf(run: () => unknown): Promise<number> {
  const { add } = Set.prototype;
  const { set } = Map.prototype;
  let puts = 0;
  await blocksEntered();
  Set.prototype.add = function (value) {
    puts++;
    return add.call(this, value);
  };
  Map.prototype.set = function (key, value) {
    puts++;
    return set.call(this, key, value);
  };
  try {
    await run();
  } finally {
    Set.prototype.add = add;
    Map.prototype.set = set;
  }
  return puts + (await blocksEntered());
}

/** Since it was last called. */
async function blocksEntered(): Promise<number> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ url }) => url.includes('/src/'))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0);
}
