/** Reads JSON text as far as possible: what a size limit in the pipeline has left of an event still says who did what. */
import { tooDeep } from './depth.ts';
import { CUT, type JsonMap, setMember } from './map.ts';
import { scalarOf } from './scalar.ts';

export interface Salvaged {
  /** Undefined if there is not even the beginning of a map or array, or one whole scalar. */
  value: unknown;
  /** Set if the text was not read to its end: it stops or breaks inside the value, or something follows it. Every map that
   * was open then carries CUT. An open array without a map around it has no place for the mark: for `[1,2` only this flag
   * shows it. */
  cut: boolean;
}

/** The value of a JSON text; for a text that stops or breaks in the middle, what precedes the break.
 *
 * Equal to JSON.parse on JSON. Beyond that: members whose value is cut are left out (a number that ends with the text
 * may have had more digits); bare nan and inf are null; keys that are not strings are their text; bad escapes stand for
 * themselves; control characters may appear in strings. A map or list below `maxDepth` levels is skipped, and `too_deep`
 * marks its place. */
export function salvage(text: string, limits: { maxDepth: number }): Salvaged {
  const open: (JsonMap | unknown[])[] = [];
  let at = skipSpace(text, 0);
  let root: unknown;
  let key = '';

  const put = (value: unknown) => {
    const parent = open.at(-1);
    if (parent === undefined) root = value;
    else if (Array.isArray(parent)) parent.push(value);
    else setMember(parent, key, value);
  };
  const stop = (): Salvaged => {
    for (const container of open) if (!Array.isArray(container)) container[CUT] = 'cut';
    return { value: root, cut: true };
  };
  const readKey = (): boolean => {
    at = skipSpace(text, at);
    const end = text[at] === '"' ? endOfString(text, at) : endOfToken(text, at);
    if (end <= at) return false;
    key = text[at] === '"' ? unescaped(text.slice(at + 1, end - 1)) : text.slice(at, end);
    at = skipSpace(text, end);
    return text[at++] === ':';
  };

  for (;;) {
    at = skipSpace(text, at);
    const first = text[at];
    if (first === '{' || first === '[') {
      if (open.length >= limits.maxDepth) {
        put(tooDeep());
        at = endOfContainer(text, at);
        if (at === -1) return stop();
      } else {
        const container = first === '{' ? {} : [];
        put(container);
        open.push(container);
        at = skipSpace(text, at + 1);
        if (text[at] !== (first === '{' ? '}' : ']')) {
          if (first === '{' && !readKey()) return stop();
          continue;
        }
      }
    } else if (first === '"') {
      const end = endOfString(text, at);
      if (end === -1) return stop();
      put(unescaped(text.slice(at + 1, end - 1)));
      at = end;
    } else {
      const end = endOfToken(text, at);
      const token = text.slice(at, end);
      const scalar = scalarOf(token);
      // A number without its separator may have had more digits: the end of the text, or a note that it was cut, follows.
      const isWhole = open.length === 0 || /[\s,\]}]/.test(text.charAt(end));
      if (scalar === undefined || !isWhole) return stop();
      put(scalar.kind === 'word' ? finite(scalar.value) : Number(token));
      at = end;
    }

    // After a value, or before the bracket that closes an empty container.
    for (;;) {
      const container = open.at(-1);
      at = skipSpace(text, at);
      if (container === undefined) return { value: root, cut: at < text.length };
      const isArray = Array.isArray(container);
      const next = text[at];
      if (next === (isArray ? ']' : '}')) {
        open.pop();
        at++;
      } else if (next === ',') {
        at++;
        if (!isArray && !readKey()) return stop();
        break;
      } else {
        return stop();
      }
    }
  }
}

function finite(value: boolean | null | number): boolean | null {
  return typeof value === 'number' ? null : value;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  for (; next < text.length; next++) {
    const unit = text.charCodeAt(next);
    if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) break;
  }
  return next;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x22) return at + 1;
    if (unit === 0x5c) at++;
  }
  return -1;
}

/** The offset after the bracket that closes the container, -1 if it is open. Brackets are counted, not matched. */
function endOfContainer(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at) - 1;
        if (at < 0) return -1;
        break;
      case '{':
      case '[':
        depth++;
        break;
      case '}':
      case ']':
        if (--depth === 0) return at + 1;
        break;
    }
  }
  return -1;
}

function endOfToken(text: string, start: number): number {
  const delimiter = /[\s"[\]{}:,]/g;
  delimiter.lastIndex = start;
  return delimiter.exec(text)?.index ?? text.length;
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g, (_, hex: string | undefined, short: string) =>
    hex === undefined ? (escapes[short] ?? short) : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
