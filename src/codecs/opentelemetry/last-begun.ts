/** Finds among what lies in a body one after another. */

/** The last that begins at an offset or before it; undefined where all begin after it. Takes time logarithmic in their number.
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
