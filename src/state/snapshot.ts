/** Keeps the store's values in a file, so that a restart goes on where it was stopped: NDJSON, a head, a line for each
 * value, and an end with the hash of what stands before it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as rest } from 'node:timers/promises';
import { stringifyExactly } from '../json/exact.ts';
import { isMap, member } from '../json/map.ts';
import type { MemoryStore, Row } from './memory.ts';
import type { Secret } from './store.ts';

/** Of the layout of the file and of what the store's values hold. */
const VERSION = 5;
/** Several times what a full store takes. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** Characters of a line: a value is bounded by the store. */
const MAX_LINE_LENGTH = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** Characters that are put together before they are written. */
const CHUNK_LENGTH = 256 * 1024;

/** Writes the store to the file, in one step: whoever reads it finds the old state or the new, never a part of it.
 * @throws the system's error where the file cannot be written; the old one is untouched then */
export async function saveState(path: string, store: MemoryStore): Promise<void> {
  const temporary = `${path}.new`;
  await mkdir(dirname(path), { recursive: true });
  const file = await open(temporary, 'w', 0o600);
  try {
    const hash = createHash('sha256');
    for (const chunk of chunksOf(store)) {
      hash.update(chunk);
      await file.write(chunk);
      // Requests go on meanwhile.
      await rest();
    }
    await file.write(`${JSON.stringify({ sha256: hash.digest('hex') })}\n`);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

function* chunksOf(store: MemoryStore): Generator<string> {
  let chunk = `${JSON.stringify({ tripline: 'state', version: VERSION, secret: store.secret })}\n`;
  for (const { space, key, place, owner, isProtected, touched, entries, bytes, value } of store.rows()) {
    const { name, lifetime } = space;
    chunk += `${stringifyExactly([name, lifetime, key, place, owner, isProtected, touched, entries, bytes, value])}\n`;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

/** What became of reading a file. */
export type Loaded =
  | { kind: 'restored'; entries: number }
  /** There is no file yet. */
  | { kind: 'none' }
  /** It could not be used, and lies at another path now. */
  | { kind: 'set aside'; reason: string; path: string };

/** Fills the store with what the file holds: all of it, or, where anything is wrong with the file, nothing.
 * @throws an error where the file can be neither read nor moved, or is a folder */
export async function loadState(path: string, store: MemoryStore): Promise<Loaded> {
  const found = await stat(path).catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return { kind: 'none' };
  // A slip in the configuration, and nothing of ours to be moved.
  if (found.isDirectory()) throw new Error(`${path} is a folder; name a file in it`);
  const read = found.isFile() ? await readRows(path, found.size) : 'it is no file';
  if (typeof read === 'string') {
    const aside = await freePath(`${path}.unusable`);
    await rename(path, aside);
    return { kind: 'set aside', reason: read, path: aside };
  }
  store.secret = read.secret;
  for (const row of read.rows) store.restore(row);
  return { kind: 'restored', entries: store.entries() };
}

/** The rows of a file and the secret of their keys, or why there are none. */
async function readRows(path: string, size: number): Promise<{ rows: Row[]; secret: Secret } | string> {
  if (size > MAX_BYTES) return `it is larger than ${MAX_BYTES} bytes`;
  const rows: Row[] = [];
  let secret: Secret | undefined;
  const latest = (Date.now() + DAY_MS) * 1000;
  const hash = createHash('sha256');
  let state: 'head' | 'rows' | 'end' = 'head';
  const stream = createReadStream(path, { encoding: 'utf8' });
  try {
    for await (const line of linesOf(stream)) {
      if (line === undefined) return 'it is cut, or no text of lines';
      const data = parse(line);
      if (state === 'head') {
        if (member(data, 'tripline') !== 'state') return 'it does not begin as the state of Tripline does';
        const version = member(data, 'version');
        if (version !== VERSION) return `it is of version ${version}, and this Tripline reads ${VERSION}`;
        secret = secretOf(member(data, 'secret'));
        if (secret === undefined) return 'it has no secret of its keys';
        state = 'rows';
      } else if (state === 'end') {
        return 'it goes on behind its end';
      } else if (isMap(data)) {
        if (member(data, 'sha256') !== hash.digest('hex')) return 'it has been changed since it was written';
        state = 'end';
        continue;
      } else {
        const row = rowOf(data);
        if (row === undefined) return `line ${rows.length + 2} is cut or no part of a state`;
        if (row.touched > latest)
          return 'it is of a time ahead of the clock, and all that comes would be too late for it';
        rows.push(row);
      }
      hash.update(`${line}\n`);
    }
  } catch (error) {
    return (error as Error).message;
  } finally {
    stream.destroy();
  }
  return state === 'end' ? { rows, secret: secret! } : 'it is cut';
}

/** The lines of a text; undefined for a rest that is none, or would be too long. */
async function* linesOf(stream: AsyncIterable<string>): AsyncGenerator<string | undefined> {
  // Put together at its end: a long line comes in many pieces.
  let rest: string[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const [first, ...lines] = chunk.split('\n');
    rest.push(first!);
    length += first!.length;
    if (lines.length > 0) {
      yield rest.join('');
      const last = lines.pop()!;
      yield* lines;
      rest = [last];
      length = last.length;
    }
    if (length > MAX_LINE_LENGTH) break;
  }
  if (length > 0) yield undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function secretOf(data: unknown): Secret | undefined {
  if (!Array.isArray(data)) return undefined;
  const [first, second] = data;
  return Number.isInteger(first) && Number.isInteger(second) ? [first, second] : undefined;
}

function rowOf(data: unknown): Row | undefined {
  if (!Array.isArray(data)) return undefined;
  const [name, lifetime, key, place, owner, isProtected, touched, entries, bytes, value] = data;
  const isRow =
    [name, key, place, owner].every((text) => typeof text === 'string') &&
    typeof isProtected === 'boolean' &&
    [entries, bytes].every((number) => Number.isInteger(number) && number >= 0) &&
    Number.isFinite(touched) &&
    (lifetime === null || Number.isFinite(lifetime));
  return isRow
    ? { space: { name, lifetime }, key, place, owner, isProtected, touched, entries, bytes, value }
    : undefined;
}

/** The path, with a number behind it if there is something already. */
async function freePath(path: string): Promise<string> {
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? path : `${path}.${number}`;
    const isTaken = await stat(candidate).then(
      () => true,
      () => false,
    );
    if (!isTaken) return candidate;
  }
}
