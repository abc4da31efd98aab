/** Finds one member of a map in JSON that is known to be valid. */
import { BACKSLASH, CLOSE_BRACE, COMMA, MAX_LEVELS, skipSpace, skipString, skipValue } from './json-syntax.ts';

/** There is no such member. */
export const NONE = -1;
/** There may be one, but its place is not clear: a key is spelled with escapes, there are several, or it is not a map. */
export const UNCLEAR = -2;

/** The offset of the value of the member that has the key, or NONE or UNCLEAR.
 * @param start of the map */
export function findJsonMember(bytes: Uint8Array, view: DataView, start: number, key: Uint8Array): number {
  let found = NONE;
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== CLOSE_BRACE) {
    const end = skipString(bytes, view, at);
    if (end === -1) return UNCLEAR;
    let isKey = end - at - 2 === key.length;
    for (let index = at + 1; index < end - 1; index++) {
      if (bytes[index] === BACKSLASH) return UNCLEAR;
      if (isKey && bytes[index] !== key[index - at - 1]) isKey = false;
    }
    // Past the colon.
    at = skipSpace(bytes, skipSpace(bytes, end) + 1);
    if (isKey && found !== NONE) return UNCLEAR;
    if (isKey) found = at;
    const after = skipValue(bytes, view, at, MAX_LEVELS);
    if (after === -1) return UNCLEAR;
    at = skipSpace(bytes, after);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return found;
}
