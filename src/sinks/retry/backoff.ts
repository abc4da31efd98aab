/** How long to wait before something that has failed is tried again. */

const FIRST_MILLISECONDS = 200;
const LONGEST_MILLISECONDS = 5_000;

/** Milliseconds: nothing after the first failure, for what restarts; then anything up to a bound that doubles, so that those
 * who failed together do not come again together.
 * @param failures in a row, 1 or more */
export function backoff(failures: number, random: () => number = Math.random): number {
  if (failures === 1) return 0;
  return random() * Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** (failures - 2));
}
