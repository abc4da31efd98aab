/** What files of rules and lists say, read once. Of the bundled ones the build has prepared it: a start then reads no YAML of
 * theirs. Of others it is remembered, so that of a folder in which one file changes one is read. A file is known by a digest
 * of its text and of all else that its reading depends on. Where the program runs from its sources, nothing is prepared. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import type { SourceFile } from './source-files.ts';

/** Lies beside the program that was built with it, so that one never has what another has read. */
const file = new URL('../rules/prepared.bin', import.meta.url);

/** How files of one kind are read. */
export interface Reader<T> {
  read(file: SourceFile): T;
  /** Tells what a reading depends on besides the file. */
  dependsOn: string;
  /** What the same text says under another path. */
  moved(said: T, path: string): T;
}

/** By digest. */
let prepared: ReadonlyMap<string, unknown> | undefined;
/** By path, what was read there last. */
const read = new Map<string, { digest: string; said: unknown }>();
/** Paths that are remembered; when there are more, all are forgotten. */
const MOST_READ = 10_000;

/** What a file says. The same is given to all who ask, and is not to be changed. */
export function readOnce<T>(reader: Reader<T>, source: SourceFile): T {
  prepared ??= load();
  const { path } = source;
  const own = digest(reader, source);
  const said = prepared.get(own) as T | undefined;
  if (said !== undefined) return reader.moved(said, path);
  let last = read.get(path);
  if (last?.digest !== own) {
    last = { digest: own, said: reader.read(source) };
    if (read.size >= MOST_READ) read.clear();
    read.set(path, last);
  }
  return last.said as T;
}

/** Names what a file comes to: by its text, and by its name, which is that of what it holds. */
export function digest<T>({ dependsOn }: Reader<T>, { path, text }: SourceFile): string {
  return hash('sha256', JSON.stringify([dependsOn, path.replace(/^.*[\\/]/, ''), text]), 'base64');
}

function load(): ReadonlyMap<string, unknown> {
  try {
    return deserialize(readFileSync(file));
  } catch {
    // There is none, or a Node with another format of such files has written it.
    return new Map();
  }
}
