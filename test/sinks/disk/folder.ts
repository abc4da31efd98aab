/** Folders for sinks that keep files, and what is in them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes folders that go with the tests of a file. */
export function freshFolders(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'tripline-files-'));
  afterAll(() => rmSync(root, { recursive: true }));
  let count = 0;
  return () => join(root, String(++count));
}

/** The names of the files in a folder, in order; those that begin with a dot are none of the records'. */
export function namesIn(path: string): string[] {
  return readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .sort();
}

export function contentsIn(path: string): Buffer[] {
  return namesIn(path).map((name) => readFileSync(join(path, name)));
}

/** What a name says of a file beside its time. */
export const kinds = (path: string) => namesIn(path).map((name) => name.replace(/^tripline-\d{8}T\d{9}Z/, ''));
