/** The fenced blocks of a page, as tests run them. */
import { join } from 'node:path';
import { fencesOf } from '../fences.ts';

export const root = join(import.meta.dirname, '../..');

/** The text of each block of a language, in order. */
export function snippets(page: string, wanted: string): string[] {
  return fencesOf(page).flatMap(({ language, text }) => (language === wanted ? [text] : []));
}
