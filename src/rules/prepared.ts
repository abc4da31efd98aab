/** What the files of the bundled rules and lists say, as the build has read them: a start then reads no YAML of theirs. A
 * file is known by a digest of its text and of all else that its reading depends on; of any other nothing is prepared, and
 * where the program runs from its sources nothing at all. */
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

let readings: ReadonlyMap<string, unknown> | undefined;

/** What a file says, from the build where it has read the same. */
export function readOnce<T>(reader: Reader<T>, source: SourceFile): T {
  readings ??= load();
  const said = readings.size === 0 ? undefined : (readings.get(digest(reader, source)) as T | undefined);
  return said === undefined ? reader.read(source) : reader.moved(said, source.path);
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
