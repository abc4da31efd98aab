/** Text for a terminal: lines that fit its width, terms with their meanings, colours if wanted. */
import { styleText } from 'node:util';
import type { Output } from './process-io.ts';

/** Lines longer than this are hard to read, however wide the terminal. */
const WIDEST = 100;
/** The width that an explanation needs beside its term; with less, it goes below the term. */
const LEAST = 30;

export type Style = Parameters<typeof styleText>[0];

/** The length of lines for an output; a pipe has no limit of its own. */
export function widthOf({ columns = WIDEST }: Pick<Output, 'columns'>): number {
  return Math.min(WIDEST, columns);
}

/** A line for each term, with what it means beside it. */
export function definitions(rows: readonly (readonly [string, string])[], width: number): string {
  const longest = Math.max(...rows.map(([term]) => term.length));
  if (longest + 4 + LEAST > width) {
    return rows.map(([term, text]) => `  ${term}\n      ${wrap(text, '      ', width)}`).join('\n');
  }
  const indent = ' '.repeat(longest + 4);
  return rows.map(([term, text]) => `  ${term.padEnd(longest)}  ${wrap(text, indent, width)}`).join('\n');
}

/** The text in lines of at most this width, all but the first indented. */
export function wrap(text: string, indent: string, width: number): string {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = word;
    else if (indent.length + lines[last]!.length + 1 + word.length <= width) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${indent}`);
}

/** A shell command in lines of at most this width, broken where it can be continued: before an option or a pipe outside single
 * quotes. */
export function wrapCommand(line: string, indent: string, width: number): string {
  const parts = line.split(/ (?=--?[a-z]|\| )(?=(?:[^']*'[^']*')*[^']*$)/);
  const lines: string[] = [''];
  for (const part of parts) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = part;
    else if (indent.length + lines[last]!.length + 1 + part.length + 4 <= width) lines[last] += ` ${part}`;
    else lines.push(part);
  }
  return lines.join(` \\\n${indent}  `);
}

/** The text in a style, if the output shows styles. */
export function styled(style: Style, text: string, { hasColors }: Pick<Output, 'hasColors'>): string {
  return hasColors ? styleText(style, text, { validateStream: false }) : text;
}

/** Text with each control or formatting character and each lone surrogate spelled as `<U+202E>`, so that a person sees it, and
 * it neither moves a cursor nor reorders what is read. */
export function visible(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    return `<U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`;
  });
}

/** The style of a level, of a finding or of a log line. */
export function styleOf(level: string): Style | undefined {
  return styles[level];
}

const styles: Record<string, Style> = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  error: 'red',
  warn: 'yellow',
  fatal: ['bold', 'red'],
};
