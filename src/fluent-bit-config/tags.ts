/** Which tags a `match` takes. */

/** Whether a pattern takes a tag: `*` stands for any text, all else for itself.
 * @see router_match in flb_router.c of Fluent Bit 5.1.1 */
export function matchesTag(pattern: string, tag: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return pattern === tag;
  if (!tag.startsWith(first)) return false;
  // The earliest place of each part leaves the most for those that follow.
  let from = first.length;
  for (const part of parts) {
    const found = tag.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return tag.length - from >= last.length && tag.endsWith(last);
}
