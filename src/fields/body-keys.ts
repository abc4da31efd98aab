/** Where in a body the values of a field are, as far as the bytes of the body show it without being parsed. */

/** All values of a field come from places in a body that have one of the keys. If no body has any, the field has no value. */
export interface BodyKeys {
  /** Each value follows one of them, or a longer key that ends in a dot and one of them, alone or in a list. */
  keys: readonly string[];
  /** Keys of maps: each value is in one of these maps, at any depth. The keys may be joined by dots with others. */
  through?: readonly string[];
  /** What the field makes of a value that is found there; undefined for nothing. */
  spelled?(value: unknown): unknown;
}

/** The keys for a path: a key may contain dots, so only its end is known. */
export function keysAtEnd(path: string): BodyKeys | undefined {
  const key = path.slice(path.lastIndexOf('.') + 1);
  return key === '' ? undefined : { keys: [key] };
}
