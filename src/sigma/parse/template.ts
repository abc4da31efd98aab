/** The sentence of a finding: text with field names in braces, `[{username}] created pod [{namespace}/{name}]`. */

import { truncateText } from '../../truncate.ts';
import type { Template } from '../ast.ts';
import type { FieldLookup } from '../field.ts';
import { printable } from '../rule-problem.ts';

const MAX_VALUES = 5;
const MAX_VALUE_LENGTH = 200;
const MAX_SUMMARY_LENGTH = 1000;

/** The template that a text spells, or why it spells none and where in the text. */
export function parseTemplate(text: string): Template | { message: string; at: number } {
  const parts: (string | { field: string })[] = [];
  let at = 0;
  while (at < text.length) {
    const brace = text.slice(at).search(/[{}]/);
    const opening = brace === -1 ? text.length : at + brace;
    if (opening > at) parts.push(text.slice(at, opening));
    if (opening === text.length) break;
    const closing = text.indexOf('}', opening);
    const field = text.slice(opening + 1, closing).trim();
    if (text[opening] === '}') return { message: "a '}' without its '{'", at: opening };
    if (closing === -1 || field === '' || field.includes('{')) {
      return { message: "a '{' that does not open the name of a field", at: opening };
    }
    parts.push({ field });
    at = closing + 1;
  }
  return parts;
}

/** The sentence for an event, at most 1,000 characters on one line. A field that is missing, or has no text, shows as `-`;
 * several values are joined by commas. */
export function renderSummary(template: Template, lookup: FieldLookup): string {
  let sentence = '';
  for (const part of template) sentence += typeof part === 'string' ? part : show(lookup(part.field).values);
  return truncateText(printable(sentence), MAX_SUMMARY_LENGTH);
}

/** The same sentence in its parts, with what comes from the event kept apart, as it can look like anything.
 * @returns undefined if these do not make up the sentence, as with another version of the rule */
export function summaryParts(
  template: Template,
  lookup: FieldLookup,
  summary: string,
): (string | { field: string; value: string })[] | undefined {
  const texts = template.map((part) => printable(typeof part === 'string' ? part : show(lookup(part.field).values)));
  if (truncateText(texts.join(''), MAX_SUMMARY_LENGTH) !== summary) return undefined;
  let at = 0;
  return template.flatMap((part, index) => {
    const shown = summary.slice(at, (at += texts[index]!.length));
    if (shown === '') return [];
    return [typeof part === 'string' ? shown : { field: part.field, value: shown }];
  });
}

function show(values: readonly unknown[]): string {
  if (values.length === 1) return showValue(values[0]);
  const shown = values.slice(0, MAX_VALUES).map(showValue);
  if (values.length > MAX_VALUES) shown.push('…');
  return shown.length === 0 ? '-' : shown.join(', ');
}

function showValue(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'object') return '…';
  return truncateText(String(value), MAX_VALUE_LENGTH);
}
