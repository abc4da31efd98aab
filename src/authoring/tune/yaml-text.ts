/** Texts as YAML that represents them exactly, whatever they are, and that a person can read without being deceived. */
import { printPattern } from '../../sigma/index.ts';

/** A text in double quotes, in plain ASCII: characters that would move a cursor, reorder a line, or look like another letter
 * are escaped. Wildcards and backslashes stand for themselves in the filter that reads it. */
export function quotedValue(text: string): string {
  return quoted(printPattern([text]));
}

/** A text in double quotes, in plain ASCII. */
export function quoted(text: string): string {
  const escaped = text.replace(/["\\]|[^ -~]/g, (unit) =>
    unit === '"' || unit === '\\' ? `\\${unit}` : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

/** Words for a file name: `[a-z0-9]` with dashes between; empty if there are none. */
export function slugOf(text: string, maxLength: number): string {
  const words = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return words.slice(0, maxLength).replace(/^-+|-+$/g, '');
}
