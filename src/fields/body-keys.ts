/** Where in a body the values of a field stand, as far as the bytes of the body tell it without being parsed. */

/** Whatever a field has comes from places in a body that have one of the keys. Where no body has any, the field has no value. */
export interface BodyKeys {
  /** Behind one of them, or behind a longer key that ends in a dot and one of them, each value stands, alone or in a list. */
  keys: readonly string[];
  /** Keys of maps, one of which each value is in, at any depth: alone, or joined by dots with others. */
  through?: readonly string[];
  /** What the field has of a value that stands there; undefined for nothing. */
  spelled?(value: unknown): unknown;
}

/** For what a path leads to: a key may have dots in it, so that only where it ends is known. */
export function keysAtEnd(path: string): BodyKeys | undefined {
  const key = path.slice(path.lastIndexOf('.') + 1);
  return key === '' ? undefined : { keys: [key] };
}
