/** The latest entries, bounded by bytes. The oldest of the largest class is evicted: a rule with many findings evicts its own,
 * and not the one finding of another rule. */

/** An entry of the ring. */
export interface Held {
  /** Increases with each entry that is added. */
  seq: number;
  /** The same for an entry that is repeated. */
  key: string;
  /** The group within which the oldest entry is evicted. */
  class: string;
  size: number;
  /** When it arrived, in Unix milliseconds. */
  at: number;
}

/** The last of the evicted entries: all later ones are held. */
export type Lost = Pick<Held, 'seq' | 'at'>;

interface Class<T> {
  /** Oldest first; those before `from` have been evicted. */
  held: (T | undefined)[];
  from: number;
  bytes: number;
}

export class Ring<T extends Held> {
  readonly maxBytes: number;
  bytes = 0;
  /** Undefined if nothing has been evicted. */
  lost: Lost | undefined;
  readonly #bySeq = new Map<number, T>();
  readonly #keys = new Set<string>();
  readonly #classes = new Map<string, Class<T>>();
  #last = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get length(): number {
    return this.#bySeq.size;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** In the order of their numbers. */
  values(): IterableIterator<T> {
    return this.#bySeq.values();
  }

  /** Adds an entry with a higher number than all before.
   * @returns the evicted entries; undefined if it is held already, or is larger than the whole ring may be */
  add(one: T): readonly T[] | undefined {
    const { seq, key, size } = one;
    if (this.#keys.has(key)) return undefined;
    this.#last = seq;
    if (size > this.maxBytes) {
      this.#lose(one);
      return undefined;
    }
    this.#keys.add(key);
    this.#bySeq.set(seq, one);
    let ofClass = this.#classes.get(one.class);
    if (ofClass === undefined) this.#classes.set(one.class, (ofClass = { held: [], from: 0, bytes: 0 }));
    ofClass.held.push(one);
    ofClass.bytes += size;
    this.bytes += size;
    if (this.bytes <= this.maxBytes) return none;
    const gone: T[] = [];
    while (this.bytes > this.maxBytes) gone.push(this.#evict());
    return gone;
  }

  /** Entries with a higher number, in order, until they add up to this many bytes. */
  after(seq: number, bytes: number): T[] {
    const found: T[] = [];
    let left = bytes;
    const take = (one: T) => {
      found.push(one);
      left -= one.size;
    };
    // Eviction leaves gaps in the numbers.
    if (this.#last - seq > this.#bySeq.size) {
      for (const one of this.#bySeq.values()) if (one.seq > seq && left > 0) take(one);
    } else {
      for (let next = seq + 1; next <= this.#last && left > 0; next++) {
        const one = this.#bySeq.get(next);
        if (one !== undefined) take(one);
      }
    }
    return found;
  }

  #evict(): T {
    let [largest, most] = ['', -1];
    for (const [name, { bytes }] of this.#classes) if (bytes > most) [largest, most] = [name, bytes];
    const ofClass = this.#classes.get(largest)!;
    const one = ofClass.held[ofClass.from]!;
    ofClass.held[ofClass.from++] = undefined;
    ofClass.bytes -= one.size;
    if (ofClass.from === ofClass.held.length) this.#classes.delete(largest);
    else if (ofClass.from > 1000 && ofClass.from > ofClass.held.length / 2) {
      ofClass.held.splice(0, ofClass.from);
      ofClass.from = 0;
    }
    this.bytes -= one.size;
    this.#keys.delete(one.key);
    this.#bySeq.delete(one.seq);
    this.#lose(one);
    return one;
  }

  #lose({ seq, at }: T): void {
    if (this.lost === undefined || seq > this.lost.seq) this.lost = { seq, at };
  }
}

const none: readonly never[] = [];
