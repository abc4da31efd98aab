/** The store of a single process: maps in memory, bounded, that can be written out and read back. */
import type { Change, Space, Store } from './store.ts';

/** One value as it is written out. */
export interface Row {
  space: Space;
  key: string;
  /** The store's time when it was touched last. */
  touched: number;
  entries: number;
  value: unknown;
}

export interface MemoryStore extends Store {
  /** Every value, those first that were longest untouched. Values may be changed between two steps. */
  rows(): Iterable<Row>;
  /** Puts back what `rows` gave, in its order. */
  restore(row: Row): void;
}

interface Cell {
  touched: number;
  entries: number;
  value: unknown;
}

interface Shelf {
  space: Space;
  /** In the order of their last touch. */
  cells: Map<string, Cell>;
  entries: number;
}

/** @param onEvict receives the number of entries that a space forgets for want of room */
export function memoryStore(onEvict: (space: string, entries: number) => void = () => {}): MemoryStore {
  const shelves = new Map<string, Shelf>();
  let clock = Number.NEGATIVE_INFINITY;
  let total = 0;

  function shelfOf(space: Space): Shelf {
    let shelf = shelves.get(space.name);
    if (shelf === undefined) shelves.set(space.name, (shelf = { space, cells: new Map(), entries: 0 }));
    shelf.space = space;
    return shelf;
  }

  function put(shelf: Shelf, key: string, cell: Cell): void {
    shelf.cells.set(key, cell);
    shelf.entries += cell.entries;
    total += cell.entries;
  }

  function drop(shelf: Shelf, key: string): Cell | undefined {
    const cell = shelf.cells.get(key);
    if (cell === undefined) return undefined;
    shelf.cells.delete(key);
    shelf.entries -= cell.entries;
    total -= cell.entries;
    return cell;
  }

  function expire(shelf: Shelf): void {
    const { lifetime } = shelf.space;
    if (lifetime === null) return;
    for (const [key, { touched }] of shelf.cells) {
      if (clock - touched <= lifetime) return;
      drop(shelf, key);
    }
  }

  function evict(shelf: Shelf): void {
    let evicted = 0;
    for (const key of shelf.cells.keys()) {
      // The last is the one that was touched just now.
      if (shelf.entries <= shelf.space.mostEntries || shelf.cells.size === 1) break;
      evicted += drop(shelf, key)!.entries;
    }
    if (evicted > 0) onEvict(shelf.space.name, evicted);
  }

  return {
    async update<Value, Result>(
      space: Space,
      key: string,
      at: number,
      change: (value: Value | undefined) => Change<Value, Result>,
    ): Promise<Result> {
      clock = Math.max(clock, at);
      const shelf = shelfOf(space);
      expire(shelf);
      const { keep, result } = change(drop(shelf, key)?.value as Value | undefined);
      if (keep !== undefined) put(shelf, key, { touched: clock, ...keep });
      evict(shelf);
      return result;
    },
    entries() {
      // Spaces that nobody asks for any more age here alone.
      for (const [name, shelf] of shelves) {
        expire(shelf);
        if (shelf.cells.size === 0) shelves.delete(name);
      }
      return total;
    },
    *rows() {
      for (const { space, cells } of [...shelves.values()]) {
        for (const key of [...cells.keys()]) {
          const cell = cells.get(key);
          if (cell !== undefined) yield { space, key, ...cell };
        }
      }
    },
    restore({ space, key, touched, entries, value }) {
      clock = Math.max(clock, touched);
      const shelf = shelfOf(space);
      drop(shelf, key);
      put(shelf, key, { touched, entries, value });
    },
  };
}
