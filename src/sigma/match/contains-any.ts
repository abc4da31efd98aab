/** Rules out texts that hold none of many words, at a price that hardly grows with the number of words. */

/** Characters of a word by which it is looked for. */
const SIZE = 3;
/** Slots for each word: few characters of other texts lead to one that is not empty. */
const SLOTS_PER_WORD = 128;
/** Words of a slot that are compared to the text; where there are more, any of them may be there. */
const MOST_COMPARED = 8;

interface Entry {
  word: string;
  /** Where in the word the characters stand by which it is looked for. */
  at: number;
}

/** A function that is false only for texts in which none of the words stands, and true for few others; undefined where a
 * word is shorter than three characters. */
export function mayContainAny(words: readonly string[]): ((text: string) => boolean) | undefined {
  if (words.some((word) => word.length < SIZE)) return undefined;
  const size = 2 ** Math.ceil(Math.log2(Math.max(words.length, 1) * SLOTS_PER_WORD));
  const entries: Entry[][] = [];
  const isTaken = new Uint8Array(size);
  for (const word of words) {
    const at = leastTaken(word, (slot) => entries[slot]?.length ?? 0, size);
    const slot = slotOf(word.charCodeAt(at), word.charCodeAt(at + 1), word.charCodeAt(at + 2), size);
    (entries[slot] ??= []).push({ word, at });
    isTaken[slot] = 1;
  }
  return (text) => {
    let first = text.charCodeAt(0);
    let second = text.charCodeAt(1);
    for (let at = 0; at + SIZE <= text.length; at++) {
      const third = text.charCodeAt(at + 2);
      const slot = slotOf(first, second, third, size);
      if (isTaken[slot] === 1 && mayStandAt(text, at, entries[slot]!)) return true;
      first = second;
      second = third;
    }
    return false;
  };
}

function mayStandAt(text: string, at: number, entries: readonly Entry[]): boolean {
  if (entries.length > MOST_COMPARED) return true;
  return entries.some((entry) => text.startsWith(entry.word, at - entry.at) && at >= entry.at);
}

/** Where in the word characters stand that lead to a slot with the fewest entries. */
function leastTaken(word: string, entriesIn: (slot: number) => number, size: number): number {
  let best = 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (let at = 0; at + SIZE <= word.length && fewest > 0; at++) {
    const count = entriesIn(slotOf(word.charCodeAt(at), word.charCodeAt(at + 1), word.charCodeAt(at + 2), size));
    if (count < fewest) [best, fewest] = [at, count];
  }
  return best;
}

/** @param size a power of two */
function slotOf(first: number, second: number, third: number, size: number): number {
  return ((first * 961) ^ (second * 31) ^ third) & (size - 1);
}
