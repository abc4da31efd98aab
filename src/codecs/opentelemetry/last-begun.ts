/** Searches in what lies in a body one after another. */

/** The last one that begins at or before an offset; undefined if all begin after it. Takes time logarithmic in their number.
 * @param all in order of offset */
export function lastBegun<T extends { start: number }>(all: readonly T[], offset: number): T | undefined {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle]!.start <= offset) low = middle + 1;
    else high = middle;
  }
  return all[low - 1];
}
