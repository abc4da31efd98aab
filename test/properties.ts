/** fast-check as tests use it. They try the same examples in each run; SEED=2 tries others, and RUNS=10 ten times as many of
 * what takes longest, of which `npm test` has a short form, to be done in minutes. */
import fc from 'fast-check';

export const seed = Number(process.env.SEED ?? 1);
const times = Number(process.env.RUNS ?? 1);
/** Whether more is tried than in `npm test`. */
export const isLong = times > 1;

fc.configureGlobal({ seed });

/** @param short how often in `npm test` */
export function runs(short: number): number {
  return Math.ceil(short * times);
}

export default fc;
