/** The bytes of a member are made once for each value: clear records share one tag. */

/** Remembers what `encode` made from a value, as long as the value lives. The value must not change meanwhile. */
export function encodedOnce(
  encode: (name: string, value: object) => Uint8Array,
): (name: string, value: object) => Uint8Array {
  const encoded = new WeakMap<object, { name: string; bytes: Uint8Array }>();
  return (name, value) => {
    const before = encoded.get(value);
    if (before?.name === name) return before.bytes;
    const bytes = encode(name, value);
    encoded.set(value, { name, bytes });
    return bytes;
  };
}
