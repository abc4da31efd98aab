/** Finds the end of a MessagePack value whose bytes arrive piece by piece, looking at each of them once. */
import { type Fault, layouts, NEVER_USED } from './scan.ts';

export interface Follower {
  /** Continues with the next bytes of the value.
   * @returns the offset after the value; undefined if it continues after these bytes */
  follow(piece: Uint8Array, start: number): number | undefined | Fault;
  /** How many bytes it has at least, by the headers so far: a header that promises more than will arrive costs nothing. */
  least(): number;
  /** Where each of its items ends, if it is an array: of as many as have arrived, and no more than asked for. */
  ends(): readonly number[];
}

/** @param mostItems most items of a followed array whose ends are kept */
export function followValue(mostItems: number): Follower {
  /** Bytes that have arrived. */
  let length = 0;
  /** Values that have not begun yet. */
  let pending = 1;
  /** Bytes of a payload that are still to come. */
  let skip = 0;
  /** For a header of several bytes: the bytes of its length field that are still to come, the length so far, and its layout. */
  let lengthLeft = 0;
  let counted = 0;
  let fixed = 0;
  let valuesPerItem = 0;
  let items: number | undefined;
  const ends: number[] = [];

  function counts(): void {
    if (valuesPerItem > 0) pending += counted * valuesPerItem;
    else skip = counted;
    skip += fixed;
  }

  function begin(type: number): Fault | undefined {
    pending--;
    if (type < 0x80 || type >= 0xe0) return undefined;
    if (type < 0x90) pending += 2 * (type & 0x0f);
    else if (type < 0xa0) pending += type & 0x0f;
    else if (type < 0xc0) skip = type & 0x1f;
    else if (type === NEVER_USED) return { at: length, found: 'the byte 0xc1, which cannot begin a value' };
    else {
      [lengthLeft, fixed, valuesPerItem] = layouts[type - 0xc0]!;
      counted = 0;
      if (lengthLeft === 0) counts();
    }
    return undefined;
  }

  return {
    follow(piece, start) {
      for (let at = start; at < piece.length; ) {
        if (skip > 0) {
          const passed = Math.min(skip, piece.length - at);
          skip -= passed;
          at += passed;
          length += passed;
        } else if (lengthLeft > 0) {
          counted = counted * 0x100 + piece[at++]!;
          length++;
          if (--lengthLeft === 0) counts();
        } else {
          const fault = begin(piece[at++]!);
          if (fault !== undefined) return fault;
          length++;
        }
        if (skip > 0 || lengthLeft > 0) continue;
        if (items === undefined) items = pending;
        else if (pending < items) {
          items = pending;
          if (ends.length < mostItems) ends.push(length);
        }
        if (pending === 0) return at;
      }
      return undefined;
    },
    least: () => length + skip + lengthLeft + pending,
    ends: () => ends,
  };
}
