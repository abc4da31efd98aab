/** The fenced blocks of the pages. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Every page of the repository, as a path from its root. */
export const pages = ['*.md', 'docs/**/*.md', 'examples/**/*.md', 'fluent-bit/**/*.md', 'bench/**/*.md'].flatMap(
  (pattern) => globSync(pattern, { cwd: root }).sort(),
);

export interface Fence {
  /** Line of its opening, from 1. */
  line: number;
  language: string;
  /** The text after the language: how the block is tested. */
  mark: string;
  text: string;
}

const fence = /^( *)```(\w*) *(.*?)\n(.*?)^ *```$/gms;

export function fencesOf(page: string): Fence[] {
  const content = readFileSync(join(root, page), 'utf8');
  return [...content.matchAll(fence)].map(({ index, 1: indent, 2: language, 3: mark, 4: text }) => ({
    line: content.slice(0, index).split('\n').length,
    language: language!,
    mark: mark!,
    text: text!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** A page without its fenced blocks. */
export function proseOf(page: string): string {
  return readFileSync(join(root, page), 'utf8').replace(fence, '');
}
