/** Text with wildcards: reading it, printing it, and matching it in linear time. */
import { RE2JS } from 're2js';
import type { Pattern, Wildcard } from '../ast.ts';
import { mayContainAny } from './contains-any.ts';

const many: Wildcard = { wildcard: '*' };

/** The pattern that a rule's text stands for. A backslash makes a following `*`, `?` or backslash literal and is itself
 * literal before anything else, and at the end. @see Sigma specification 2.1.0, "Escaping" */
export function parsePattern(text: string): Pattern {
  const parts: (string | Wildcard)[] = [];
  let literal = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    const next = text[i + 1];
    if (character === '\\' && (next === '*' || next === '?' || next === '\\')) {
      literal += next;
      i++;
    } else if (character === '*' || character === '?') {
      parts.push(literal, { wildcard: character });
      literal = '';
    } else {
      literal += character;
    }
  }
  return tidy([...parts, literal]);
}

/** The pattern with any text allowed before it, after it, or both; a wildcard at that edge is not doubled. */
export function openPattern(pattern: Pattern, open: { before: boolean; after: boolean }): Pattern {
  return tidy([...(open.before ? [many] : []), ...pattern, ...(open.after ? [many] : [])]);
}

/** The pattern in which each `-` or `/` that begins a command-line option stands for either of them and for the longer
 * dashes that Windows accepts in their place. */
export function openDashes(pattern: Pattern): Pattern {
  return tidy(
    pattern.flatMap((part) => {
      if (typeof part !== 'string') return [part];
      const parts: (string | Wildcard)[] = part.split(optionDash);
      return parts.flatMap((literal, index) => (index === 0 ? [literal] : [dash, literal]));
    }),
  );
}

const dash: Wildcard = { wildcard: '-' };
const dashes = '-/\u2013\u2014\u2015';
/** No letter before it, and one after it. */
const optionDash = /(?<![\p{L}\p{N}_])[-/](?=[\p{L}\p{N}_])/u;

/** The text of a pattern that has no wildcards, undefined for any other. */
export function literalOf(pattern: Pattern): string | undefined {
  return pattern.every((part) => typeof part === 'string') ? pattern.join('') : undefined;
}

/** True for a lone `*`, which matches any value that is present. */
export function isAnything(pattern: Pattern): boolean {
  return pattern.length === 1 && isMany(pattern[0]!);
}

/** The pattern as a rule would spell it, with the dash of an option as the characters that it stands for. */
export function printPattern(pattern: Pattern): string {
  return pattern
    .map((part) =>
      typeof part === 'string'
        ? part.replace(/[*?]|\\(?=[*?\\]|$)/g, (special) => `\\${special}`)
        : part.wildcard.replace('-', `[${dashes}]`),
    )
    .join('');
}

/** A function that reports whether a whole text matches the pattern, ignoring case unless `cased`. */
export function compilePattern(pattern: Pattern, cased: boolean): (text: string) => boolean {
  if (cased) return matcherOf(pattern);
  const matches = matcherOf(foldPattern(pattern));
  return (text) => matches(fold(text));
}

/** The pattern for texts that are folded. */
export function foldPattern(pattern: Pattern): Pattern {
  return pattern.map((part) => (typeof part === 'string' ? fold(part) : part));
}

/** A function that reports whether a whole text matches one of the patterns; case-sensitive. */
export function compileAlternatives(patterns: readonly Pattern[]): (text: string) => boolean {
  const expressions = patterns.map(expressionOf);
  const others = patterns.filter((_, index) => expressions[index] === undefined).map(matcherOf);
  const known = expressions.filter((expression) => expression !== undefined);
  if (known.length < 2) {
    const all = patterns.map(matcherOf);
    return (text) => all.some((matches) => matches(text));
  }
  // Alternatives of plain text match in time linear in the text.
  const expression = new RegExp(known.join('|'));
  const mayMatch = mayContainAny(patterns.filter((_, index) => expressions[index] !== undefined).map(longestLiteralIn));
  const matchesKnown = (text: string) => (mayMatch === undefined || mayMatch(text)) && expression.test(text);
  return (text) => matchesKnown(text) || others.some((matches) => matches(text));
}

/** A pattern of one literal at the beginning, at the end or anywhere, as a regular expression; undefined for others. */
function expressionOf(pattern: Pattern): string | undefined {
  const literals = pattern.filter((part) => typeof part === 'string');
  if (literals.length !== 1 || pattern.some((part) => typeof part !== 'string' && part.wildcard !== '*'))
    return undefined;
  const start = typeof pattern[0] === 'string' ? '^' : '';
  const end = typeof pattern.at(-1) === 'string' ? '$' : '';
  return `${start}${escapeExpression(literals[0]!)}${end}`;
}

/** The longest literal, which occurs in everything that matches the pattern. */
export function longestLiteralIn(pattern: Pattern): string {
  return pattern.reduce<string>(
    (longest, part) => (typeof part === 'string' && part.length > longest.length ? part : longest),
    '',
  );
}

function escapeExpression(text: string): string {
  return text
    .replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
}

function matcherOf(parts: Pattern): (text: string) => boolean {
  if (isNonEmpty(parts)) return (text) => text !== '';
  const hasSingles = parts.some((part) => typeof part !== 'string' && part.wildcard !== '*');
  return hasSingles ? matcherWithSingles(parts) : matcherOfRuns(parts);
}

/** Text without its case. JavaScript lowers a capital sigma by its place in the word; the rest is context-free. */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  return lower.includes('ς') ? lower.replaceAll('ς', 'σ') : lower;
}

/** True for `?*`, by which rules require a text that is not empty. */
function isNonEmpty([first, second, ...others]: Pattern): boolean {
  const isOne = typeof first === 'object' && first.wildcard === '?';
  return isOne && second !== undefined && isMany(second) && others.length === 0;
}

/** For patterns whose only wildcard is `*`: each literal run is searched for after the previous one, the outer two at the
 * edges. */
function matcherOfRuns(parts: Pattern): (text: string) => boolean {
  const runs: string[] = [''];
  for (const part of parts) {
    if (typeof part === 'string') runs[runs.length - 1] += part;
    else runs.push('');
  }
  const first = runs[0]!;
  if (runs.length === 1) return (text) => text === first;
  const last = runs[runs.length - 1]!;
  const between = runs.slice(1, -1);
  return (text) => {
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let at = first.length;
    for (const run of between) {
      const found = text.indexOf(run, at);
      if (found === -1) return false;
      at = found + run.length;
    }
    return at <= end;
  };
}

const singles = { '*': '.*', '?': '.', '-': `[${dashes}]` };

function matcherWithSingles(parts: Pattern): (text: string) => boolean {
  const source = parts.map((part) => {
    if (typeof part === 'string') return RE2JS.quote(part);
    return singles[part.wildcard];
  });
  let regex: RE2JS | undefined;
  return (text) => (regex ??= RE2JS.compile(`\\A(?:${source.join('')})\\z`, RE2JS.DOTALL)).test(text);
}

/** Joins neighbouring literals, drops empty ones, and makes one `*` of several. */
function tidy(parts: Pattern): Pattern {
  const tidied: (string | Wildcard)[] = [];
  for (const part of parts) {
    const last = tidied.at(-1);
    if (part === '' || (last !== undefined && isMany(part) && isMany(last))) continue;
    if (typeof part === 'string' && typeof last === 'string') tidied[tidied.length - 1] = last + part;
    else tidied.push(part);
  }
  return tidied;
}

function isMany(part: string | Wildcard): boolean {
  return typeof part !== 'string' && part.wildcard === '*';
}
