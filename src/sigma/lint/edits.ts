/** Edits of a file that fix what a check reports without changing what the rule matches. Undefined if the text is not plain
 * enough for that. */
import { randomUUID } from 'node:crypto';
import type { Node } from 'yaml';
import { offsetOf } from '../parse/rule-file.ts';
import type { Members } from '../parse/rule-head.ts';
import type { Edit } from '../rule-problem.ts';
import type { ItemSource, ValueSource } from './source-map.ts';

/** The key without one of its modifiers. */
export function withoutModifier(
  name: string,
  { field, modifiers, offset }: Pick<ItemSource, 'field' | 'modifiers' | 'offset'>,
  text: string,
): Edit | undefined {
  const key = [field, ...modifiers].join('|');
  const start = [offset, offset + 1].find((at) => text.startsWith(key, at));
  if (start === undefined) return undefined;
  const before = [field, ...modifiers.slice(0, modifiers.indexOf(name))].join('|').length;
  return { start: start + before, end: start + before + 1 + name.length, text: '' };
}

/** The list without a value: without its line, or without it and the comma before it. A comment on the line is never lost.
 * @param previous the value before it */
export function withoutValue({ offset, end }: ValueSource, previous: ValueSource, text: string): Edit | undefined {
  const between = text.slice(previous.end, offset);
  if (/^[ \t]*,[ \t]*$/.test(between)) return { start: previous.end, end, text: '' };
  const line = text.lastIndexOf('\n', offset - 1) + 1;
  const next = text.indexOf('\n', end);
  const after = next === -1 ? text.length : next + 1;
  const isAlone = /^[ \t]*-[ \t]+$/.test(text.slice(line, offset)) && text.slice(end, after).trim() === '';
  return isAlone && !text.slice(offset, end).includes('\n') ? { start: line, end: after, text: '' } : undefined;
}

/** The expression without `.*` at its beginning and end, unless something else there gives it a meaning. */
export function withoutOpenEnds(
  pattern: string,
  { offset, modifiers }: { offset: number; modifiers: readonly string[] },
  text: string,
): Edit | undefined {
  const isSearched = modifiers.every((name) =>
    ['re', 'i', 'm', 's', 'ignorecase', 'multiline', 'dotall'].includes(name),
  );
  const shorter = withoutEnds(pattern);
  const start = [offset, offset + 1].find((at) => text.startsWith(pattern, at));
  if (!isSearched || shorter === pattern || start === undefined) return undefined;
  return { start, end: start + pattern.length, text: shorter };
}

/** An expression that finds the same. One that quotes (`\Q`), or whose rest would begin or end with an operator, is left as
 * it is. */
export function withoutEnds(pattern: string): string {
  if (/\\Q/.test(pattern)) return pattern;
  const shorter = pattern.replace(/^\.\*(?![?*+{])/, '').replace(/(?<!\\)\.\*$/, '');
  // An empty expression is of another kind.
  return shorter === '' || /^[?*+{|)]|[|(]$/.test(shorter) ? pattern : shorter;
}

/** The title without the period at its end. */
export function withoutPeriod(title: string, node: Node | null | undefined, text: string): Edit | undefined {
  if (!node) return undefined;
  const start = [offsetOf(node), offsetOf(node) + 1].find((at) => text.startsWith(title, at));
  if (start === undefined) return undefined;
  const end = start + title.length;
  return { start: end - 1, end, text: '' };
}

/** The document with an id of its own, on a line after its title. */
export function withId(members: Members, text: string): Edit | undefined {
  const title = members.get('title');
  const end = title?.value?.range?.[1];
  if (title === undefined || end === undefined || members.has('id')) return undefined;
  const keyAt = offsetOf(title.keyNode);
  const indent = text.slice(text.lastIndexOf('\n', keyAt - 1) + 1, keyAt);
  // In a collection a title may stand for several documents.
  if (indent.trim() !== '' || /^action\s*:/m.test(text)) return undefined;
  const next = text.indexOf('\n', end === 0 || text[end - 1] !== '\n' ? end : end - 1);
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const line = `${indent}id: ${randomUUID()}${lineEnd}`;
  if (next === -1) return { start: text.length, end: text.length, text: `${lineEnd}${line}` };
  return { start: next + 1, end: next + 1, text: line };
}
