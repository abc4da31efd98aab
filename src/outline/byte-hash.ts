/** Hashes and compares bytes, for tables that have them as keys. */

/** A seed of the process, so that collisions cannot be prepared elsewhere. */
const SEED = crypto.getRandomValues(new Int32Array(1))[0]!;

export function hashOf(view: DataView, start: number, end: number): number {
  let hash = SEED ^ (end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x2c1b3c6d);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x297a2d39);
  return hash ^ (hash >>> 13);
}

export function isSame(
  view: DataView,
  start: number,
  otherView: DataView,
  otherStart: number,
  length: number,
): boolean {
  let index = 0;
  for (; index + 4 <= length; index += 4) {
    if (view.getInt32(start + index) !== otherView.getInt32(otherStart + index)) return false;
  }
  for (; index < length; index++) {
    if (view.getUint8(start + index) !== otherView.getUint8(otherStart + index)) return false;
  }
  return true;
}
