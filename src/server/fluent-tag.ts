/** The Fluent tag of a header, without control characters: it may be made of what a record holds, and goes into logs, spans
 * and other systems. */
export function tagIn(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  // Node reads headers as Latin-1, while Fluent Bit writes a tag in UTF-8.
  return text
    ? Buffer.from(text, 'latin1')
        .toString('utf8')
        .replaceAll(/\p{Cc}/gu, '_')
    : undefined;
}
