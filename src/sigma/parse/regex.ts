/** Regular expressions as text: what `contains`, `startswith` and `endswith` make of one. */

/** The expression with `.*` before it, after it, or both, unless it is anchored or open there. As expressions are searched
 * for anywhere, this changes what is shown more than what is found. */
export function openRegex(source: string, sides: { before: boolean; after: boolean }): string {
  const whole = hasAlternatives(source) ? `(?:${source})` : source;
  const before = sides.before && !/^(?:\.\*|\^)/.test(whole) ? '.*' : '';
  const after = sides.after && !/(?<!\\)(?:\\\\)*(?:\.\*|\$)$/.test(whole) ? '.*' : '';
  return before + whole + after;
}

/** Whether a `|` occurs outside every group and class. */
function hasAlternatives(source: string): boolean {
  let depth = 0;
  for (const [token] of source.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|[()|]/gs)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token === '|' && depth === 0) return true;
  }
  return false;
}
