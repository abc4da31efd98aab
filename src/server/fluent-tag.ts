/** The Fluent tag of a batch, without control characters: it may be made from record content, and goes into logs, spans and
 * other systems. */

/** The tag in a header. */
export function tagIn(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  // Node reads headers as Latin-1, while Fluent Bit writes a tag in UTF-8.
  return text ? printableTag(Buffer.from(text, 'latin1').toString('utf8')) : undefined;
}

export function printableTag(tag: string): string {
  return tag.replaceAll(/\p{Cc}/gu, '_');
}
