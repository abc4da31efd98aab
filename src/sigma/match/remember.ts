/** Remembers the answers of costly tests for short texts: the words of a cluster's objects are few, and recur often. */

/** Most texts of all tests together; beyond that all are forgotten, and learnt anew. */
const MOST_TEXTS = 50_000;
const LONGEST = 64;
/** Texts that a test keeps although none of them has recurred; after that it keeps one in SAMPLE, until some recur. */
const MOST_CREDIT = 256;
const SAMPLE = 16;

let texts = 0;
let generation = 0;

/** The same test; its answer must depend on the value alone. */
export function remembered(test: (value: unknown) => boolean): (value: unknown) => boolean {
  const answers = new Map<string, boolean>();
  let own = generation;
  let credit = MOST_CREDIT;
  let unkept = 0;
  return (value) => {
    if (typeof value !== 'string' || value.length > LONGEST) return test(value);
    if (own !== generation) {
      answers.clear();
      own = generation;
    }
    const known = answers.get(value);
    if (known !== undefined) {
      if (credit < MOST_CREDIT) credit++;
      return known;
    }
    const answer = test(value);
    if (credit === 0 && ++unkept % SAMPLE !== 0) return answer;
    if (credit > 0) credit--;
    if (texts++ === MOST_TEXTS) {
      texts = 0;
      generation++;
    }
    // A copy: a slice of a long text would keep all of it in memory.
    answers.set(Buffer.from(value, 'utf16le').toString('utf16le'), answer);
    return answer;
  };
}
