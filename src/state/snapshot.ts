/** Keeps the store's values in a file, so that a restart continues where the last run stopped: NDJSON, a head, a line for
 * each value, and an end with the hash of everything before it or, if there is a key, its HMAC. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as rest } from 'node:timers/promises';
import { stringifyExactly } from '../json/exact.ts';
import { isMap, type JsonMap, member } from '../json/map.ts';
import type { MemoryStore, Row } from './memory.ts';
import type { Secret } from './store.ts';

/** Version of the layout of the file and of the contents of the store's values. */
const VERSION = 5;
/** Several times what a full store takes. */
const MAX_BYTES = 1024 * 1024 * 1024;
/** Characters of a line: a value is bounded by the store. */
const MAX_LINE_LENGTH = 64 * 1024 * 1024;
const DAY_MS = 86_400_000;
/** Characters that are collected before they are written. */
const CHUNK_LENGTH = 256 * 1024;

/** How the end of a file proves what precedes it. */
type Proof = 'sha256' | 'hmac';

const proofOf = (key: string | undefined): Proof => (key === undefined ? 'sha256' : 'hmac');
const hashOf = (key: string | undefined) => (key === undefined ? createHash('sha256') : createHmac('sha256', key));

/** Writes the store to the file, in one step: a reader finds the old state or the new, never a part of it. It is written
 * to a new file under a name that nobody can guess, which then replaces the old file, or a link: the target of a link
 * stays untouched.
 * @param key authenticates the file
 * @throws the system's error if the file cannot be written; the old one is untouched then */
export async function saveState(path: string, store: MemoryStore, key?: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(TEMPORARY_BYTES).toString('hex')}.new`;
  const file = await open(temporary, WRITE_ANEW, 0o600);
  try {
    try {
      const hash = hashOf(key);
      for (const chunk of chunksOf(store)) {
        hash.update(chunk);
        // Continues if a full disk accepts only a part of it.
        await file.writeFile(chunk);
        // Requests are served meanwhile.
        await rest();
      }
      await file.writeFile(`${JSON.stringify({ [proofOf(key)]: hash.digest('hex') })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

const TEMPORARY_BYTES = 8;
const WRITE_ANEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Opening a pipe must not block. */
const READ_AS_IT_IS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Removes temporary files left by a process that was killed while it wrote. */
async function removeLeftovers(path: string): Promise<void> {
  const name = basename(path);
  for (const each of await readdir(dirname(path))) {
    const middle = each.startsWith(`${name}.`) && each.endsWith('.new') ? each.slice(name.length + 1, -4) : '';
    if (/^[0-9a-f]+$/.test(middle) && middle.length === 2 * TEMPORARY_BYTES) await rm(join(dirname(path), each));
  }
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

/** The outcome of reading a file. */
export type Loaded =
  | { kind: 'restored'; entries: number }
  /** There is no file yet. */
  | { kind: 'none' }
  /** It could not be used, and lies at another path now. */
  | { kind: 'set aside'; reason: string; path: string };

/** Fills the store with what the file holds: all of it or, if anything is wrong with the file, nothing.
 * @param key with which it has to be authenticated; without one it must not be
 * @throws an error if the file can be neither read nor moved, or is a folder */
export async function loadState(path: string, store: MemoryStore, key?: string): Promise<Loaded> {
  const found = await lstat(path).catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return { kind: 'none' };
  // A mistake in the configuration, and nothing of ours to move.
  if (found.isDirectory()) throw new Error(`${path} is a folder; name a file in it`);
  await removeLeftovers(path);
  const read = found.isSymbolicLink() ? 'it is a symbolic link' : await readFile(path, key);
  if (typeof read === 'string') {
    const aside = await freePath(`${path}.unusable`);
    await rename(path, aside);
    return { kind: 'set aside', reason: read, path: aside };
  }
  store.secret = read.secret;
  for (const row of read.rows) store.restore(row);
  return { kind: 'restored', entries: store.entries() };
}

type Read = { rows: Row[]; secret: Secret } | string;

/** The rows of a file and the secret of their keys, or why there are none. */
async function readFile(path: string, key: string | undefined): Promise<Read> {
  const file = await open(path, READ_AS_IT_IS);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) return 'it is not a file';
    return await readRows(file, stats.size, key);
  } finally {
    await file.close();
  }
}

async function readRows(file: FileHandle, size: number, key: string | undefined): Promise<Read> {
  if (size > MAX_BYTES) return `it is larger than ${MAX_BYTES} bytes`;
  const rows: Row[] = [];
  let secret: Secret | undefined;
  const latest = (Date.now() + DAY_MS) * 1000;
  const hash = hashOf(key);
  let state: 'head' | 'rows' | 'end' = 'head';
  const stream = file.createReadStream({ encoding: 'utf8', autoClose: false });
  try {
    for await (const line of linesOf(stream)) {
      if (line === undefined) return 'it is truncated, or not a text file';
      const data = parse(line);
      if (state === 'head') {
        if (member(data, 'tripline') !== 'state') return 'it does not begin like a state file of Tripline';
        const version = member(data, 'version');
        if (version !== VERSION) return `it is of version ${version}, but this Tripline reads ${VERSION}`;
        secret = secretOf(member(data, 'secret'));
        if (secret === undefined) return 'it has no secret of its keys';
        state = 'rows';
      } else if (state === 'end') {
        return 'it continues after its end';
      } else if (isMap(data)) {
        const wrong = whyUnproven(data, hash.digest(), key);
        if (wrong !== undefined) return wrong;
        state = 'end';
        continue;
      } else {
        const row = rowOf(data);
        if (row === undefined) return `line ${rows.length + 2} is truncated or not part of a state`;
        if (row.touched > latest) return 'its times are ahead of the clock, so every new event would be too late';
        rows.push(row);
      }
      hash.update(`${line}\n`);
    }
  } catch (error) {
    return (error as Error).message;
  } finally {
    stream.destroy();
  }
  return state === 'end' ? { rows, secret: secret! } : 'it is truncated';
}

/** Why the end of a file does not prove what precedes it. */
function whyUnproven(end: JsonMap, digest: Buffer, key: string | undefined): string | undefined {
  const given = member(end, proofOf(key));
  if (typeof given !== 'string') {
    if (key !== undefined) return 'it is not authenticated, but state.key is set';
    return member(end, 'hmac') === undefined
      ? 'it has been changed since it was written'
      : 'it is authenticated, but there is no state.key to check it with';
  }
  const bytes = Buffer.from(given, 'hex');
  if (bytes.length === digest.length && timingSafeEqual(bytes, digest)) return undefined;
  return key === undefined
    ? 'it has been changed since it was written'
    : 'it was not written with this state.key, or has been changed since';
}

/** The lines of a text; undefined for a remainder that is no full line, or would be too long. */
async function* linesOf(stream: AsyncIterable<string>): AsyncGenerator<string | undefined> {
  // Joined at its end: a long line arrives in many pieces.
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

/** The path, with a number appended if something exists there already. */
async function freePath(path: string): Promise<string> {
  for (let number = 0; ; number++) {
    const candidate = number === 0 ? path : `${path}.${number}`;
    const isTaken = await lstat(candidate).then(
      () => true,
      () => false,
    );
    if (!isTaken) return candidate;
  }
}
