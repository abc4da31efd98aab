/** Keeps entries on disk, in the SQLite that Node ships, so that they survive a restart. Whatever is wrong with the file, the
 * console continues in memory. */
import { closeSync, constants, existsSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { codecNamed } from '../codecs/index.ts';
import type { Kept } from './kept.ts';

/** An entry that is read from the file has no number yet. */
export type Stored = Omit<Kept, 'seq'>;

export interface Disk {
  /** The existing entries, oldest first. */
  stored(): Stored[];
  /** Writes the new entries and removes the evicted ones, by their keys; all of it or nothing.
   * @throws Error if it cannot be written */
  write(added: readonly Stored[], gone: readonly Pick<Kept, 'key'>[]): void;
  close(): void;
}

/** `Trip` as a number: distinguishes the file from those of other programs. */
const APPLICATION = 0x54726970;
const VERSION = 1;
const PAGE_BYTES = 4096;
/** Bytes on disk for one byte kept: texts are as long there, with the overhead of rows and an index. */
const DISK_SHARE = 3;

/** Opens the file, or creates it if there is none. One that cannot be read, or is of another program or version, is set
 * aside: `setAside` is called with its new name.
 * @param maxBytes of the kept entries
 * @throws Error if the file cannot be created, or another process has it open */
export function openDisk(path: string, maxBytes: number, setAside: (to: string, why: string) => void): Disk {
  makeFile(path);
  const { size } = statSync(path);
  if (size > 0) {
    const probed = probe(path);
    if (probed.kind === 'ours') {
      limit(probed.database, maxBytes);
      return diskOf(probed.database);
    }
    const to = freeName(path);
    renameSync(path, to);
    for (const end of ['-wal', '-shm', '-journal']) if (existsSync(path + end)) renameSync(path + end, to + end);
    setAside(to, probed.why);
    makeFile(path);
  }
  return diskOf(create(path, maxBytes));
}

/** Accessible to its owner alone, and not through a symbolic link. */
function makeFile(path: string): void {
  const { O_CREAT, O_RDWR, O_NOFOLLOW } = constants;
  closeSync(openSync(path, O_CREAT | O_RDWR | O_NOFOLLOW, 0o600));
  if (!statSync(path).isFile()) throw new Error(`${path} is not a file`);
}

function freeName(path: string): string {
  for (let n = 1; ; n++) if (!existsSync(`${path}.set-aside-${n}`)) return `${path}.set-aside-${n}`;
}

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  // Commits survive the end of the process, however it ends; if the system itself goes down, the last ones may be lost.
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  return database;
}

function create(path: string, maxBytes: number): DatabaseSync {
  const empty = new DatabaseSync(path);
  // Before there is a WAL beside the file, so that its first page identifies it at any time.
  empty.exec(`
    BEGIN;
    PRAGMA application_id = ${APPLICATION};
    PRAGMA user_version = ${VERSION};
    CREATE TABLE kept (
      id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, class TEXT NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL,
      codec TEXT NOT NULL, fluent_tag TEXT, received TEXT NOT NULL, bytes BLOB, record TEXT NOT NULL, tag TEXT NOT NULL,
      novelty TEXT NOT NULL
    ) STRICT;
    COMMIT`);
  empty.close();
  const database = connect(path);
  limit(database, maxBytes);
  return database;
}

/** Bounds the size of the file, whatever happens. */
function limit(database: DatabaseSync, maxBytes: number): void {
  database.exec(`PRAGMA max_page_count = ${Math.ceil((maxBytes * DISK_SHARE) / PAGE_BYTES) + 256}`);
  database.exec(`PRAGMA journal_size_limit = ${4 * 1024 * 1024}`);
}

type Probed = { kind: 'ours'; database: DatabaseSync } | { kind: 'other'; why: string };

/** Looks at the first page alone before anything is written.
 * @throws Error if another process has the file open */
function probe(path: string): Probed {
  const head = Buffer.alloc(100);
  const file = openSync(path, 'r');
  readSync(file, head);
  closeSync(file);
  if (!head.toString('latin1').startsWith('SQLite format 3\0')) return { kind: 'other', why: 'it is not a database' };
  const [version, application] = [head.readUInt32BE(60), head.readUInt32BE(68)];
  if (application !== APPLICATION) return { kind: 'other', why: 'it belongs to another program' };
  if (version !== VERSION) return { kind: 'other', why: `it has version ${version}, and only ${VERSION} is read` };
  let database: DatabaseSync | undefined;
  try {
    database = connect(path);
    const check = Object.values(database.prepare('PRAGMA quick_check').get() ?? {})[0];
    if (check !== 'ok') throw Object.assign(new Error(String(check)), { errcode: CORRUPT });
    database.prepare('SELECT count(*) FROM kept').get();
    return { kind: 'ours', database };
  } catch (error) {
    database?.close();
    const { errcode, message } = error as { errcode?: number; message: string };
    if (errcode === NOT_A_DATABASE || errcode === CORRUPT || errcode === NO_SUCH_TABLE)
      return { kind: 'other', why: message };
    throw error;
  }
}

const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const NO_SUCH_TABLE = 1;

function diskOf(database: DatabaseSync): Disk {
  const insert = database.prepare(
    'INSERT OR IGNORE INTO kept (key, class, at, size, codec, fluent_tag, received, bytes, record, tag, novelty) ' +
      'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM kept WHERE key = ?');
  return {
    stored() {
      const rows = database.prepare('SELECT * FROM kept ORDER BY id').all();
      return rows.flatMap((row) => storedIn(row) ?? []);
    },
    write(added, gone) {
      if (added.length + gone.length === 0) return;
      database.exec('BEGIN');
      try {
        // Remove first, so that the file stays within its bound.
        for (const { key } of gone) remove.run(key);
        for (const one of added) insert.run(...valuesOf(one));
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    close: () => database.close(),
  };
}

function valuesOf({
  key,
  class: name,
  at,
  size,
  codec,
  fluentTag,
  receivedUnixNano,
  bytes,
  record,
  tag,
  novelty,
}: Stored) {
  return [
    ...[key, name, at, size, codec, fluentTag ?? null, String(receivedUnixNano)],
    // SQLite does not accept memory shared between threads.
    bytes === undefined ? null : bytes.slice(),
    ...[JSON.stringify(record), tag, JSON.stringify(novelty)],
  ];
}

/** Undefined if the row is not what was written. */
function storedIn(row: Record<string, SQLOutputValue>): Stored | undefined {
  const { key, class: name, at, size, codec, fluent_tag: fluentTag, received, bytes, record, tag, novelty } = row;
  try {
    const { start, end, map } = JSON.parse(String(record));
    const length = bytes instanceof Uint8Array ? bytes.length : Number.POSITIVE_INFINITY;
    const offsets = [0, start, map.start, map.end, end, length];
    const isInOrder = offsets.every((offset, index) => index === 0 || offset >= offsets[index - 1]);
    if (!isInOrder || codecNamed(String(codec)) === undefined || typeof JSON.parse(String(tag)) !== 'object')
      return undefined;
    return {
      ...{ key: String(key), class: String(name), at: Number(at), size: Number(size), codec: String(codec) },
      fluentTag: fluentTag === null ? undefined : String(fluentTag),
      receivedUnixNano: BigInt(String(received)),
      bytes: bytes instanceof Uint8Array ? bytes : undefined,
      record: { kind: 'map', start, end, map: { start: map.start, end: map.end } },
      tag: String(tag),
      novelty: JSON.parse(String(novelty)),
    };
  } catch {
    return undefined;
  }
}
