/** The values on the server as this process last knew them, the least recently used forgotten first. They may be out of
 * date: the values that a slice has read are compared on the server. */
import type { Stored } from './stored.ts';

/** A value, with its object as long as nobody may have changed that. */
export interface Known extends Stored {
  live?: unknown;
}

/** Characters of JSON. With the objects made from them, about what the store in memory takes. */
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** Characters that an entry counts for besides its JSON. */
const ENTRY_CHARACTERS = 100;

export class Cache {
  readonly #known = new Map<string, Known>();
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(maxCharacters = MAX_CHARACTERS) {
    this.#maxCharacters = maxCharacters;
  }

  /** @param name of its key */
  get(name: string): Known | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) {
      this.#known.delete(name);
      this.#known.set(name, known);
    }
    return known;
  }

  set(name: string, known: Known): void {
    this.delete(name);
    this.#known.set(name, known);
    this.#characters += charactersOf(name, known);
    for (const oldest of this.#known.keys()) {
      if (this.#characters <= this.#maxCharacters) break;
      this.delete(oldest);
    }
  }

  delete(name: string): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    this.#known.delete(name);
    this.#characters -= charactersOf(name, known);
  }

  clear(): void {
    this.#known.clear();
    this.#characters = 0;
  }
}

function charactersOf(name: string, { json }: Known): number {
  return name.length + (json?.length ?? 0) + ENTRY_CHARACTERS;
}
