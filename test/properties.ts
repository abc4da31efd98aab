/** fast-check as configured for tests. They try the same examples in each run; SEED=2 tries others, and RUNS=10 ten times as
 * many of the slowest, which `npm test` runs in a short form, to finish in minutes. */
import fc from 'fast-check';

export const seed = Number(process.env.SEED ?? 1);
const times = Number(process.env.RUNS ?? 1);
/** Whether more is tried than in `npm test`. */
export const isLong = times > 1;

fc.configureGlobal({ seed });

/** @param short number of runs in `npm test` */
export function runs(short: number): number {
  return Math.ceil(short * times);
}

export default fc;
