/** What files of rules and lists say, read once. Of the bundled ones the build has prepared it: a start then reads no YAML of
 * theirs. Of others it is remembered: where one rule file of a folder changes, no other is read again. A file is known by a digest
 * of its text and of all else that its reading depends on, which of rules are all lists. Where the program runs from its
 * sources, nothing is prepared. */
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
  /** The same as said of a path, in objects of its own. */
  moved(said: T, path: string): T;
}

/** By digest. */
let prepared: ReadonlyMap<string, unknown> | undefined;
/** By path, what was read there last. */
const read = new Map<string, { digest: string; said: unknown }>();
/** Paths that are remembered; when there are more, all are forgotten. */
const MOST_READ = 10_000;

/** What a file says, in other objects each time: a file that is named twice says the same twice. */
export function readOnce<T>(reader: Reader<T>, source: SourceFile): T {
  prepared ??= load();
  const { path } = source;
  const own = digest(reader, source);
  const said = (prepared.get(own) as T | undefined) ?? readAgain(reader, source, own);
  return reader.moved(said, path);
}

function readAgain<T>(reader: Reader<T>, source: SourceFile, own: string): T {
  const last = read.get(source.path);
  if (last?.digest === own) return last.said as T;
  const said = reader.read(source);
  if (last === undefined && read.size >= MOST_READ) read.clear();
  read.set(source.path, { digest: own, said });
  return said;
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
