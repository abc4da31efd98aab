/** How often the properties that take longest are tried. `npm test` has a short form of them, to be done in minutes; RUNS=10 tries
 * each ten times as often. */
const times = Number(process.env.RUNS ?? 1);

/** @param short how often in `npm test` */
export function runs(short: number): number {
  return Math.ceil(short * times);
}
