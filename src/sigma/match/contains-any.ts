/** Rules out texts that contain none of many words, at a cost that hardly grows with the number of words. */

/** Number of characters of a word that are hashed to look it up. */
const SIZE = 3;
/** Slots per word: enough that few characters of other texts lead to a slot that is not empty. */
const SLOTS_PER_WORD = 128;
/** Longest step between positions that are looked at in a text: what it saves in a text is added to each word. */
const LONGEST_STEP = 4;
/** Most words of a slot that are compared with the text; if there are more, the text may contain any of them. */
const MOST_COMPARED = 8;

interface Entry {
  word: string;
  /** Position in the word of the characters that are hashed. */
  at: number;
}

/** A function that returns false only for texts that contain none of the words, and true for few of those; undefined if a
 * word is shorter than three characters. */
export function mayContainAny(words: readonly string[]): ((text: string) => boolean) | undefined {
  const shortest = words.reduce((least, { length }) => Math.min(least, length), SIZE + LONGEST_STEP - 1);
  if (shortest < SIZE) return undefined;
  let step = shortest - SIZE + 1;
  let table = tableOf(words, step);
  // Words that have much in common differ at few positions.
  while (step > 1 && table.isCrowded) table = tableOf(words, --step);
  const { size, entries, isTaken } = table;
  return (text) => {
    for (let at = 0; at + SIZE <= text.length; at += step) {
      const slot = slotOf(text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2), size);
      if (isTaken[slot] === 1 && mayStandAt(text, at, entries[slot]!)) return true;
    }
    return false;
  };
}

interface Table {
  /** A power of two. */
  size: number;
  entries: readonly (readonly Entry[])[];
  /** By slot, 1 if there are entries. */
  isTaken: Uint8Array;
  /** Whether some slot has more words than are compared. */
  isCrowded: boolean;
}

/** @param step number of consecutive positions of each word to enter, one of which is looked at wherever the word begins */
function tableOf(words: readonly string[], step: number): Table {
  const size = 2 ** Math.ceil(Math.log2(Math.max(words.length, 1) * SLOTS_PER_WORD));
  const entries: Entry[][] = [];
  const isTaken = new Uint8Array(size);
  let isCrowded = false;
  for (const word of words) {
    const slots = slotsOf(word, size);
    const from = leastTaken(slots, step, (slot) => entries[slot]?.length ?? 0);
    for (let at = from; at < from + step; at++) {
      const slot = slots[at]!;
      const count = (entries[slot] ??= []).push({ word, at });
      isTaken[slot] = 1;
      isCrowded ||= count > MOST_COMPARED;
    }
  }
  return { size, entries, isTaken, isCrowded };
}

function mayStandAt(text: string, at: number, entries: readonly Entry[]): boolean {
  if (entries.length > MOST_COMPARED) return true;
  return entries.some((entry) => text.startsWith(entry.word, at - entry.at) && at >= entry.at);
}

/** The slot of each position in a word that has enough characters after it. */
function slotsOf(word: string, size: number): number[] {
  return Array.from({ length: word.length - SIZE + 1 }, (_, at) =>
    slotOf(word.charCodeAt(at), word.charCodeAt(at + 1), word.charCodeAt(at + 2), size),
  );
}

/** Where the run of slots begins whose fullest slot has the fewest entries. */
function leastTaken(slots: readonly number[], step: number, entriesIn: (slot: number) => number): number {
  let best = 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (let from = 0; from + step <= slots.length && fewest > 0; from++) {
    const count = Math.max(...slots.slice(from, from + step).map(entriesIn));
    if (count < fewest) [best, fewest] = [from, count];
  }
  return best;
}

/** @param size a power of two */
function slotOf(first: number, second: number, third: number, size: number): number {
  return ((first * 961) ^ (second * 31) ^ third) & (size - 1);
}
