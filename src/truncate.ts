/** How much of a text or a value is shown. A client chooses much of what an event says, and must not be able to make a tag
 * so large that no sink accepts the record, or a message that nobody can read. */

import { stringifyExactly } from './json/exact.ts';

const MAX_TEXT_LENGTH = 2_000;
/** Approximate number of characters of all text in one value. */
const MAX_VALUE_LENGTH = 8_000;
/** What a value other than text counts for, and the quotes around text. */
const SCALAR_LENGTH = 8;
const MAX_DEPTH = 32;
const MORE = '…';

/** The text, at most `length` UTF-16 code units of it: a longer one ends with `…`, and half a character becomes U+FFFD. */
export function truncateText(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).toWellFormed()}${MORE}` : text;
}

/** Values of any types as texts, so that the result has one type: a map or list as JSON, null as no value. Long texts, and
 * lists that are long in total, end with `…`. */
export function truncatedTexts(values: readonly unknown[]): string[] {
  if (values.length === 0) return [];
  if (values.length === 1 && typeof values[0] === 'string') return [truncate(values[0])];
  const budget = { left: MAX_VALUE_LENGTH };
  const texts: string[] = [];
  for (const value of values) {
    if (value === null || value === undefined) continue;
    if (budget.left <= 0) return [...texts, MORE];
    const text = typeof value === 'object' ? stringifyExactly(truncate(value)) : String(value);
    texts.push(cutTo(budget, text, 0) as string);
  }
  return texts;
}

/** The value as it is, unless it is long: then each text and list from which something was cut ends with `…`, and each such
 * map has `…` as its last key. */
export function truncate<T>(value: T): T {
  if (typeof value === 'string' && value.length <= MAX_TEXT_LENGTH) return value;
  return cutTo({ left: MAX_VALUE_LENGTH }, value, 0) as T;
}

function cutTo(budget: { left: number }, value: unknown, depth: number): unknown {
  budget.left -= SCALAR_LENGTH;
  if (typeof value === 'string') {
    const length = Math.max(1, Math.min(MAX_TEXT_LENGTH, budget.left));
    budget.left -= Math.min(value.length, length);
    return truncateText(value, length);
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return MORE;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      items.push(budget.left > 0 ? cutTo(budget, item, depth + 1) : MORE);
      if (items.at(-1) === MORE) break;
    }
    return items;
  }
  const members: [string, unknown][] = [];
  for (const [key, member] of Object.entries(value)) {
    budget.left -= key.length;
    if (budget.left <= 0) {
      members.push([MORE, MORE]);
      break;
    }
    members.push([key, cutTo(budget, member, depth + 1)]);
  }
  // fromEntries defines own members, whatever their names.
  return Object.fromEntries(members);
}
