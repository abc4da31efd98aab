/** Bounds what is spent on values that never come again. */

/** Values that are made though none has come again. */
const MOST = 4096;
/** Beyond, one is made of as many, until some come again. */
const SAMPLE = 16;

export class Credit {
  #left = MOST;
  #refused = 0;

  /** To be called for a value that has come again. */
  earn(): void {
    if (this.#left < MOST) this.#left++;
  }

  /** Whether a value that is not there is to be made. */
  spend(): boolean {
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    return ++this.#refused % SAMPLE === 0;
  }
}
