/** Bounds what is spent on values that never recur. */

/** Values that are made although none has recurred. */
const MOST = 4096;
/** Beyond that, one in so many is made, until some recur. */
const SAMPLE = 16;

export class Credit {
  #left = MOST;
  #refused = 0;

  /** To be called for a value that has recurred. */
  earn(): void {
    if (this.#left < MOST) this.#left++;
  }

  /** Whether to make a missing value. */
  spend(): boolean {
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    return ++this.#refused % SAMPLE === 0;
  }
}
