/** Compares texts in bytes, and members of outlines, with given ones. */

/** Whether a member is a given text. */
export function isText(bytes: Uint8Array, spans: Int32Array, offset: number, text: Uint8Array): boolean {
  const start = spans[offset]!;
  return start !== -1 && spans[offset + 1]! - start === text.length && startsWith(bytes, start, text);
}

export function startsWith(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[start + index] !== text[index]) return false;
  return true;
}
