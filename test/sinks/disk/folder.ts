/** Folders for sinks that keep files, and their contents. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Creates folders that are removed after the tests of a file. */
export function freshFolders(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'tripline-files-'));
  afterAll(() => rmSync(root, { recursive: true }));
  let count = 0;
  return () => join(root, String(++count));
}

/** The names of the files in a folder, in order, without those that begin with a dot, which contain no records. */
export function namesIn(path: string): string[] {
  return readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .sort();
}

export function contentsIn(path: string): Buffer[] {
  return namesIn(path).map((name) => readFileSync(join(path, name)));
}

/** What a name contains besides its time. */
export const kinds = (path: string) => namesIn(path).map((name) => name.replace(/^tripline-\d{8}T\d{9}Z/, ''));
