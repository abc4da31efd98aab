/** Replaces variables in values, as Fluent Bit does.
 * @see flb_env.c of Fluent Bit 5.1.1 */

export interface Translated {
  value: string;
  /** Variables that are set nowhere and have no default: they are replaced with nothing. */
  unset: string[];
  /** Whether the value of a variable is not known here. */
  isUnknown: boolean;
}

/** @param find returns the value of a variable; undefined if it is not set, null if it is set but its value is not known */
export function translate(text: string, find: (name: string) => string | undefined | null): Translated {
  const parts: string[] = [];
  const unset: string[] = [];
  let isUnknown = false;
  let from = 0;
  let rest = 0;
  while (true) {
    const start = text.indexOf('${', from);
    const end = text.indexOf('}', from);
    // A closing brace before an opening one ends the search, as does an empty name; the text up to that brace is dropped, or
    // all of the rest if no brace closes.
    if (start === -1) rest = from;
    else if (end === -1) rest = text.length;
    else rest = end + 1;
    if (start === -1 || end < start + 3) break;
    parts.push(text.slice(from, start));
    const inside = text.slice(start + 2, end);
    const colon = inside.indexOf(':');
    const hasDefault = colon !== -1 && inside[colon + 1] === '-';
    const name = hasDefault ? inside.slice(0, colon) : inside;
    const found = find(name);
    if (found === null) isUnknown = true;
    else if (found) parts.push(found);
    else if (hasDefault) parts.push(inside.slice(colon + 2));
    else unset.push(name);
    from = end + 1;
  }
  const value = from === 0 ? text : parts.join('') + text.slice(rest);
  return { value, unset, isUnknown: isUnknown || unset.length > 0 };
}
