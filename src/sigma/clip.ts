/** The text, at most `length` UTF-16 code units of it: a longer one ends with `…`, and no character is cut in two. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text;
}
