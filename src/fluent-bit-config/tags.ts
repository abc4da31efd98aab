/** Which tags a `match` takes. */

/** Whether a pattern takes a tag: `*` stands for any text, all else for itself. In time of both lengths multiplied.
 * @see router_match in flb_router.c of Fluent Bit 5.1.1 */
export function matchesTag(pattern: string, tag: string): boolean {
  let star: { next: number; at: number } | undefined;
  let next = 0;
  let at = 0;
  while (at < tag.length) {
    if (pattern[next] === '*') star = { next: ++next, at };
    else if (pattern[next] === tag[at]) {
      next++;
      at++;
    } else if (star !== undefined) {
      next = star.next;
      at = ++star.at;
    } else return false;
  }
  while (pattern[next] === '*') next++;
  return next === pattern.length;
}
