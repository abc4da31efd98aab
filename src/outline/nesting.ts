/** The place of a byte in the maps and lists of a record. */
import { innerShapes, type Shape } from './json-shapes.ts';
import { CLOSE_BRACE, OPEN_BRACE } from './json-syntax.ts';

/** Most levels that are remembered, for all records together. */
const MOST = 8192;

/** A map or list in which values are read, and those around it. There is one for all places that are alike: nested in the
 * same kinds, below the same slots. */
export class Level {
  readonly parent: Level | undefined;
  /** The byte that ends it. */
  readonly closer: number;
  /** Levels from the record's map, which is the first, to this one. */
  readonly depth: number;
  /** What is looked for in it; undefined if it is stepped over. */
  readonly shape: Shape | undefined;
  /** Offset in an outline of its own span; -1 for none. */
  readonly slot: number;
  /** Whether it is an extra member of the record. */
  readonly isExtra: boolean;
  /** Levels within: those that are noted, by what is noted about them; the others by their kind alone. */
  readonly #noted = new Map<number, Level>();
  #map: Level | undefined;
  #list: Level | undefined;

  constructor(parent: Level | undefined, closer: number, shape: Shape | undefined, slot = -1, isExtra = false) {
    this.parent = parent;
    this.closer = closer;
    this.depth = parent === undefined ? 1 : parent.depth + 1;
    this.shape = shape;
    this.slot = slot;
    this.isExtra = isExtra;
  }

  /** The map or list that a byte opens in this one.
   * @param opener `{` or `[`
   * @param slot its offset in an outline, -1 for none
   * @param isExtra whether it is an extra member of the record
   * @param count of all levels, to which a new one is added */
  within(opener: number, slot: number, isExtra: boolean, count: LevelCount): Level {
    const isMap = opener === OPEN_BRACE;
    if (slot === -1 && !isExtra) {
      if (isMap) return (this.#map ??= count.made(new Level(this, opener + 2, undefined)));
      return (this.#list ??= count.made(new Level(this, opener + 2, undefined)));
    }
    const key = 4 * (slot + 1) + (isMap ? 2 : 0) + (isExtra ? 1 : 0);
    let level = this.#noted.get(key);
    if (level === undefined) {
      const shape = isMap && slot !== -1 ? innerShapes[slot] : undefined;
      this.#noted.set(key, (level = count.made(new Level(this, opener + 2, shape, slot, isExtra))));
    }
    return level;
  }
}

/** Bounds the number of levels. */
export class LevelCount {
  #count = 0;

  made(level: Level): Level {
    this.#count++;
    return level;
  }

  get isFull(): boolean {
    return this.#count >= MOST;
  }
}

/** The map of a record. */
export function recordLevel(shape: Shape): Level {
  return new Level(undefined, CLOSE_BRACE, shape);
}
