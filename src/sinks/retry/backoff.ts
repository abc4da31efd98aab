/** How long to wait before something that has failed is tried again. */

const FIRST_MILLISECONDS = 200;
const LONGEST_MILLISECONDS = 5_000;

/** Milliseconds: 0 after the first failure, for a mere restart; then a random time up to a bound that doubles, so that
 * attempts that failed together are not retried together.
 * @param failures in a row, 1 or more */
export function backoff(failures: number, random: () => number = Math.random): number {
  if (failures === 1) return 0;
  return random() * Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** (failures - 2));
}
