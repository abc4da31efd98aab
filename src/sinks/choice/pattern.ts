/** Names with `*` in them, matched as Fluent Bit matches its tags. */

/** Returns whether a name matches the pattern: `*` matches any text, including none. Takes time linear in the name
 * for each `*`, since senders choose their tags. */
export function matcherOf(pattern: string): (name: string) => boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (name) => name === pattern;
  return (name) => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    const end = name.length - last.length;
    let at = first.length;
    for (const part of others) {
      const found = name.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      at = found + part.length;
    }
    return true;
  };
}
