/** What a path on the command line stands for: a file, the files in a folder, the objects below an address, or stdin. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Problem } from '../problem.ts';
import { isAddress, objectOpener, openStorage } from '../storage/index.ts';
import type { InputLimits } from './batches.ts';
import type { Chunks } from './chunks.ts';
import { filesOf } from './files.ts';
import { type Input, inputOf, STDIN } from './open.ts';
import { readAhead } from './read-ahead.ts';

/** A file or an object that records are read from. */
export interface Source {
  /** Its path or address; `stdin`. */
  name: string;
  /** Bytes; undefined if not known. */
  size: number | undefined;
  /** Changes whenever it is written; undefined if not known. */
  version: string | undefined;
  /** Whether bytes are slow to arrive, so that it is worth asking for them early. */
  isRemote: boolean;
  /** Its bytes as stored. */
  read(): Chunks;
}

/** The environment of a command. */
export interface Surroundings {
  stdin: Chunks;
  environment: Readonly<Record<string, string | undefined>>;
}

/** The sources of a path, in the order of their names.
 * @throws the system's error if there is no such file, Problem `storage.failed` or `config.invalid` */
export async function sourcesOf(path: string, { stdin, environment }: Surroundings): Promise<Source[]> {
  if (path === STDIN)
    return [{ name: 'stdin', size: undefined, version: undefined, isRemote: false, read: () => stdin }];
  if (isAddress(path)) {
    const storage = await openStorage(path, environment);
    const objects = await storage.list();
    if (objects.length === 0) throw new Problem('body.unreadable', 'no object has a key that begins like this');
    return objects.map((object) => ({ ...object, isRemote: true }));
  }
  const files = await filesOf(path);
  if (files.length === 0) throw new Problem('body.unreadable', 'there is no file in this folder');
  return Promise.all(files.map(fileSource));
}

async function fileSource(path: string): Promise<Source> {
  const stats = await stat(path);
  return {
    name: path,
    size: stats.isFile() ? stats.size : undefined,
    version: stats.isFile() ? `${stats.mtimeMs}` : undefined,
    isRemote: false,
    read: () => createReadStream(path),
  };
}

/** Finds sources again by what was known about them. Objects that were written since are detected when they are read.
 * @returns a function that throws Problem `body.unreadable` for a file that was written since, the system's error for one
 * that does not exist */
export function sourceFinder(
  environment: Surroundings['environment'],
): (known: { name: string; size: number; version: string }) => Promise<Source> {
  const open = objectOpener(environment);
  return async (known) => {
    if (isAddress(known.name)) return { ...(await open(known.name)).listed(known), isRemote: true };
    const source = await fileSource(known.name);
    if (source.size === known.size && source.version === known.version) return source;
    throw new Problem('body.unreadable', 'it has been written since the plan was made; use --restart to start over');
  };
}

/** Objects that are requested before their turn, and bytes that are kept of each: over a network, the time between request and
 * response makes reading slow. */
const AHEAD = 4;
const AHEAD_BYTES = 8 * 1024 * 1024;

/** Opens one source after another, in order; the next few of those over a network are read meanwhile. */
export function* openInOrder(sources: readonly Source[], limits: InputLimits): Generator<Input> {
  const ahead: Chunks[] = [];
  const begin = (index: number): Chunks => {
    const source = sources[index]!;
    return source.isRemote ? (ahead[index] ??= readAhead(source.read(), AHEAD_BYTES)) : source.read();
  };
  for (const [index, { name, size }] of sources.entries()) {
    const chunks = begin(index);
    for (let next = index + 1; next < Math.min(sources.length, index + AHEAD); next++) {
      if (sources[next]!.isRemote) begin(next);
    }
    yield inputOf(name, chunks, size, limits);
    delete ahead[index];
  }
}
