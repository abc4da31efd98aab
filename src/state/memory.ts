/** The store of a single process: maps in memory, bounded in bytes, that can be written out and read back.
 *
 * Values beyond the bound are evicted from the space and cluster that take the most memory. There, values committed once
 * are evicted before values committed again later (a segmented LRU): a term that was seen once, or a group of one event,
 * costs whoever creates it a single request. Of those, values of an owner that has many go first. */
import { randomBytes } from 'node:crypto';
import {
  type Age,
  type Cell,
  cellsOf,
  dequeue,
  emptyQueue,
  enqueue,
  oldestOf,
  type Queue,
  type Shelf,
} from './queue.ts';
import type { Change, Handle, Secret, Space, Store } from './store.ts';

/** One value as it is written out. */
export interface Row {
  space: Space;
  key: string;
  place: string;
  owner: string;
  /** Whether it has been committed more than once. */
  isProtected: boolean;
  /** The time of its place when it was committed last. */
  touched: number;
  entries: number;
  bytes: number;
  value: unknown;
}

export interface MemoryStore extends Store {
  secret: Secret;
  /** How many entries there are. */
  entries(): number;
  /** Bytes that the values take, as estimated. */
  bytes(): number;
  /** Every value, in the order in which each shelf evicts them. Values may be changed between two steps. */
  rows(): Iterable<Row>;
  /** Puts back what `rows` gave, in its order. */
  restore(row: Row): void;
}

export interface MemoryOptions {
  maxBytes?: number;
  /** Receives the number of entries that a space evicts to stay within the bound, all of one place, and when the last of
   * them was committed. */
  onEvict?: (space: string, entries: number, place: string, latest: number) => void;
  secret?: Secret;
}

/** Enough for a quarter of a million groups and terms. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Bytes that a cell takes apart from its value: itself, its key, and its place in the maps. */
const CELL_BYTES = 280;
/** The largest share of a shelf that is protected. */
const MOST_PROTECTED = 0.8;
/** The share of the bound that one owner may hold on probation on a shelf before its further values are the first to be
 * evicted. */
const OWNER_SHARE = 1 / 64;
/** Places whose time is remembered though nothing of them is kept. */
const MOST_AGES = 10_000;
/** Eviction goes this far below the bound, so that the largest shelf is searched for only now and then. */
const SLACK = 1 / 64;

interface Cells {
  space: Space;
  readonly byKey: Map<string, Cell>;
  readonly shelves: Map<string, Shelf>;
}

export function memoryStore({
  maxBytes = MAX_BYTES,
  onEvict = () => {},
  secret = newSecret(),
}: MemoryOptions = {}): MemoryStore {
  const spaces = new Map<string, Cells>();
  const ages = new Map<string, Age>();
  let mostAges = MOST_AGES;
  let totalEntries = 0;
  let totalBytes = 0;
  let evicted = 0;
  /** The value loaded last is nearly always the one committed next. */
  let loaded: Cell | undefined;
  let loadedFrom: Cells | undefined;

  function cellsIn(space: Space): Cells {
    let cells = spaces.get(space.name);
    if (cells === undefined) spaces.set(space.name, (cells = { space, byKey: new Map(), shelves: new Map() }));
    cells.space = space;
    return cells;
  }

  function ageOf(place: string): Age {
    let age = ages.get(place);
    if (age === undefined) {
      if (ages.size >= mostAges) forgetAges();
      ages.set(place, (age = { time: Number.NEGATIVE_INFINITY }));
    }
    return age;
  }

  /** Senders can forge places. A place with values keeps its time: otherwise its values would not age while its clock
   * advances. A forgotten place begins anew. */
  function forgetAges(): void {
    ages.clear();
    for (const { shelves } of spaces.values()) for (const { place, age } of shelves.values()) ages.set(place, age);
    mostAges = ages.size + MOST_AGES;
  }

  function shelfIn({ shelves }: Cells, place: string): Shelf {
    let shelf = shelves.get(place);
    if (shelf === undefined) {
      const queues = { excess: emptyQueue(), probation: emptyQueue(), protected: emptyQueue() };
      shelves.set(place, (shelf = { place, age: ageOf(place), ...queues, owners: new Map() }));
    }
    return shelf;
  }

  /** Moves a cell into a queue of its shelf, out of its current one. */
  function move(cell: Cell, queue: Queue): void {
    take(cell);
    enqueue(queue, cell);
    if (queue !== cell.shelf.protected) {
      const { owners } = cell.shelf;
      owners.set(cell.owner, (owners.get(cell.owner) ?? 0) + cell.bytes);
    }
  }

  function take(cell: Cell): void {
    const { queue, owner, bytes, shelf } = cell;
    if (queue !== undefined && queue !== shelf.protected) {
      const left = shelf.owners.get(owner)! - bytes;
      if (left > 0) shelf.owners.set(owner, left);
      else shelf.owners.delete(owner);
    }
    dequeue(cell);
  }

  function add(cells: Cells, cell: Cell, isProtected: boolean): void {
    const { shelf, owner } = cell;
    cells.byKey.set(cell.key, cell);
    totalEntries += cell.entries;
    totalBytes += cell.bytes;
    const isExcess = (shelf.owners.get(owner) ?? 0) > maxBytes * OWNER_SHARE;
    move(cell, isProtected ? shelf.protected : isExcess ? shelf.excess : shelf.probation);
  }

  function remove(cells: Cells, cell: Cell): void {
    if (cell === loaded) loaded = undefined;
    take(cell);
    // A handle may retain the cell, but not its value.
    cell.value = undefined;
    cells.byKey.delete(cell.key);
    totalEntries -= cell.entries;
    totalBytes -= cell.bytes;
    const { shelf } = cell;
    if (bytesOf(shelf) === 0) cells.shelves.delete(shelf.place);
  }

  function resize(cell: Cell, entries: number, bytes: number): void {
    const more = bytes - cell.bytes;
    totalEntries += entries - cell.entries;
    totalBytes += more;
    cell.entries = entries;
    if (more === 0) return;
    const { queue, shelf, owner } = cell;
    if (queue !== shelf.protected) shelf.owners.set(owner, shelf.owners.get(owner)! + more);
    queue!.bytes += more;
    cell.bytes = bytes;
  }

  /** Commits an existing value again. */
  function renew(cell: Cell, value: unknown, entries: number, bytes: number, at: number): void {
    cell.value = value;
    resize(cell, entries, bytes + CELL_BYTES);
    const { shelf } = cell;
    advance(shelf.age, at);
    cell.touched = shelf.age.time;
    if (cell.queue !== shelf.protected && cell.touched > cell.created) move(cell, shelf.protected);
  }

  function isExpired({ lifetime }: Space, { touched, shelf }: Cell): boolean {
    return lifetime !== null && shelf.age.time - touched > lifetime;
  }

  function expire(cells: Cells): void {
    for (const shelf of cells.shelves.values()) expireOn(shelf, cells);
  }

  function expireOn(shelf: Shelf, cells: Cells): void {
    if (cells.space.lifetime === null) return;
    for (const queue of [shelf.excess, shelf.probation, shelf.protected]) {
      for (let cell = oldestOf(queue); cell !== undefined && isExpired(cells.space, cell); cell = oldestOf(queue)) {
        remove(cells, cell);
      }
    }
  }

  /** Evicts until the values fit, but never the one just committed. */
  function evictOverflow(own: Cells, committed: Cell): void {
    const { shelf, queue } = committed;
    take(committed);
    // Expired values are no loss.
    for (const cells of spaces.values()) expire(cells);
    const enough = maxBytes * (1 - SLACK);
    // Sorted once: with as many shelves as values, searching for the largest each time takes longer than everything else.
    const largest = shelvesBySize();
    for (let level = largest[0]?.bytes ?? 0; totalBytes > enough && level >= 1; ) {
      level *= 1 - SLACK;
      for (const { cells, shelf, bytes } of largest) {
        if (bytes < level || totalBytes <= enough) break;
        evictFrom(shelf, cells, { enough, level });
      }
    }
    own.shelves.set(shelf.place, shelf);
    move(committed, queue!);
  }

  /** Evicts from a shelf until the values fit, or until it has less than `level` bytes: others may be larger then. */
  function evictFrom(shelf: Shelf, cells: Cells, { enough, level }: { enough: number; level: number }): void {
    let entries = 0;
    let latest = Number.NEGATIVE_INFINITY;
    while (totalBytes > enough && bytesOf(shelf) >= level) {
      const cell = victimOf(shelf);
      if (cell === undefined) break;
      entries += cell.entries;
      evicted++;
      latest = Math.max(latest, cell.touched);
      remove(cells, cell);
    }
    if (entries > 0) onEvict(cells.space.name, entries, shelf.place, latest);
  }

  function shelvesBySize(): { cells: Cells; shelf: Shelf; bytes: number }[] {
    const all = [...spaces.values()].flatMap((cells) =>
      [...cells.shelves.values()].map((shelf) => ({ cells, shelf, bytes: bytesOf(shelf) })),
    );
    return all.sort((one, other) => other.bytes - one.bytes);
  }

  function victimOf(shelf: Shelf): Cell | undefined {
    while (shelf.protected.bytes > bytesOf(shelf) * MOST_PROTECTED) move(oldestOf(shelf.protected)!, shelf.probation);
    return oldestOf(shelf.excess) ?? oldestOf(shelf.probation);
  }

  return {
    secret,
    get evicted() {
      return evicted;
    },
    load(space, key, _place, handle) {
      const known = cellAt(handle);
      if (known !== undefined && !isExpired(space, known)) return known.value;
      const cells = spaces.get(space.name);
      const cell = cells?.byKey.get(key);
      loaded = cell;
      loadedFrom = cells;
      if (cell === undefined) return undefined;
      if (isExpired(space, cell)) {
        remove(cells!, cell);
        return undefined;
      }
      if (handle !== undefined) handle.cell = cell;
      return cell.value;
    },
    commit({ space, key, value, entries, bytes, place, owner = '', at, advances, handle }: Change) {
      if (advances !== undefined) advance(ageOf(advances), at);
      let cell = cellAt(handle);
      if (cell !== undefined) {
        renew(cell, value, entries, bytes, at);
        if (totalBytes > maxBytes) evictOverflow(cellsIn(space), cell);
        return;
      }
      const cells = cellsIn(space);
      cell = loadedFrom === cells && loaded?.key === key ? loaded : cells.byKey.get(key);
      if (cell === undefined) {
        const shelf = shelfIn(cells, place);
        advance(shelf.age, at);
        cell = cellOf({ key, value, entries, bytes: bytes + CELL_BYTES, owner, shelf });
        expireOn(shelf, cells);
        cells.shelves.set(place, shelf);
        add(cells, cell, false);
      } else {
        renew(cell, value, entries, bytes, at);
      }
      if (totalBytes > maxBytes) evictOverflow(cells, cell);
    },
    drop(space, key) {
      const cells = spaces.get(space.name);
      const cell = cells?.byKey.get(key);
      if (cell !== undefined) remove(cells!, cell);
    },
    entries() {
      for (const [name, cells] of spaces) {
        expire(cells);
        if (cells.byKey.size === 0) spaces.delete(name);
      }
      return totalEntries;
    },
    bytes: () => totalBytes,
    *rows() {
      for (const { space, byKey, shelves } of [...spaces.values()]) {
        const queues = [...shelves.values()].flatMap((shelf) => [shelf.excess, shelf.probation, shelf.protected]);
        for (const cell of queues.flatMap((queue) => [...cellsOf(queue)])) {
          if (byKey.get(cell.key) !== cell) continue;
          const { key, owner, touched, entries, bytes, value, shelf } = cell;
          const isProtected = cell.queue === shelf.protected;
          yield {
            space,
            key,
            place: shelf.place,
            owner,
            isProtected,
            touched,
            entries,
            bytes: bytes - CELL_BYTES,
            value,
          };
        }
      }
    },
    restore({ space, key, place, owner, isProtected, touched, entries, bytes, value }) {
      const cells = cellsIn(space);
      const before = cells.byKey.get(key);
      if (before !== undefined) {
        evicted++;
        remove(cells, before);
      }
      const shelf = shelfIn(cells, place);
      advance(shelf.age, touched);
      const cell = cellOf({ key, value, entries, bytes: bytes + CELL_BYTES, owner, shelf }, touched);
      add(cells, cell, isProtected);
      if (totalBytes > maxBytes) evictOverflow(cells, cell);
    },
  };
}

/** The cell that a handle refers to, if it is still there. */
function cellAt(handle: Handle | undefined): Cell | undefined {
  const cell = handle?.cell as Cell | undefined;
  return cell?.queue === undefined ? undefined : cell;
}

function advance(age: Age, to: number): void {
  if (to > age.time) age.time = to;
}

function cellOf(
  parts: Pick<Cell, 'key' | 'value' | 'entries' | 'bytes' | 'owner' | 'shelf'>,
  touched = parts.shelf.age.time,
): Cell {
  const unqueued = { queue: undefined, previous: undefined, next: undefined };
  return { ...parts, touched, queuedAt: touched, created: touched, ...unqueued };
}

function bytesOf({ excess, probation, protected: kept }: Shelf): number {
  return excess.bytes + probation.bytes + kept.bytes;
}

function newSecret(): Secret {
  const bytes = randomBytes(8);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}
