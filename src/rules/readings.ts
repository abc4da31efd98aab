/** What files of rules and lists say, read once. For the bundled ones, the build has prepared it: a start then reads none
 * of their YAML. For others it is remembered: if one file changes, no other is read again, except those with rules that
 * call the changed list, or one that does not exist. A file is identified by a digest of its text and of what all
 * readings of its kind depend on. If the program runs from its sources, nothing is prepared. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import type { SourceFile } from './source-files.ts';

/** Beside the program that was built with it, so that no program uses what another has read. */
const file = new URL('../rules/prepared.bin', import.meta.url);

/** How files of one kind are read. */
export interface Reader<T> {
  /** @param asks to be called with the name of each list that the reading depends on */
  read(file: SourceFile, asks: (list: string) => void): T;
  /** Identifies what every reading depends on besides the file. */
  dependsOn: string;
  /** Identifies what a list contains; the same for all that do not exist. */
  versionOf(list: string): string;
  /** What was read, for a path, in objects of its own. */
  moved(said: T, path: string): T;
}

/** What a file says, and the versions of the lists that it depends on, by name. */
export interface Reading {
  said: unknown;
  lists: ReadonlyMap<string, string>;
}

/** By digest. */
let prepared: ReadonlyMap<string, Reading> | undefined;
/** By path, what was read there last. */
const read = new Map<string, Reading & { digest: string }>();
/** Paths that are remembered; when there are more, all are forgotten. */
const MOST_READ = 10_000;

/** What a file says, in new objects each time: a file that is named twice says the same twice.
 * @throws whatever the reader throws, and remembers nothing then */
export function readOnce<T>(reader: Reader<T>, source: SourceFile): T {
  prepared ??= load();
  const { path } = source;
  const own = digest(reader, source);
  const ready = prepared.get(own);
  const { said } = ready !== undefined && isCurrent(ready, reader) ? ready : lastOf(reader, source, own);
  return reader.moved(said as T, path);
}

/** Reads a file, and notes what it depends on. */
export function readingOf<T>(reader: Reader<T>, source: SourceFile): Reading {
  const lists = new Map<string, string>();
  const said = reader.read(source, (list) => lists.set(list, reader.versionOf(list)));
  return { said, lists };
}

/** Whether a reading of the same text is still what it would be now. */
export function isCurrent<T>({ lists }: Reading, reader: Reader<T>): boolean {
  for (const [list, version] of lists) if (reader.versionOf(list) !== version) return false;
  return true;
}

/** Identifies what a file says: by its text, and by its name, which names what it contains. */
export function digest<T>({ dependsOn }: Reader<T>, { path, text }: SourceFile): string {
  return hash('sha256', JSON.stringify([dependsOn, path.replace(/^.*[\\/]/, ''), text]), 'base64');
}

/** What was read of a file last, if it is current; else the file is read. */
function lastOf<T>(reader: Reader<T>, source: SourceFile, own: string): Reading {
  const last = read.get(source.path);
  if (last?.digest === own && isCurrent(last, reader)) return last;
  const reading = readingOf(reader, source);
  if (last === undefined && read.size >= MOST_READ) read.clear();
  read.set(source.path, { digest: own, ...reading });
  return reading;
}

function load(): ReadonlyMap<string, Reading> {
  try {
    return deserialize(readFileSync(file));
  } catch {
    // There is none, or it was written by a Node with another format of such files.
    return new Map();
  }
}
