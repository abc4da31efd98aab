/** Which tags a `match` setting matches. */

/** Whether a pattern matches a tag: `*` stands for any text, everything else for itself.
 * @see router_match in flb_router.c of Fluent Bit 5.1.1 */
export function matchesTag(pattern: string, tag: string): boolean {
  const [first = '', ...parts] = pattern.split('*');
  const last = parts.pop();
  if (last === undefined) return pattern === tag;
  if (!tag.startsWith(first)) return false;
  // Matching each part as early as possible leaves the most for those that follow.
  let from = first.length;
  for (const part of parts) {
    const found = tag.indexOf(part, from);
    if (found === -1) return false;
    from = found + part.length;
  }
  return tag.length - from >= last.length && tag.endsWith(last);
}
