/** The last of what came, bounded by bytes. What makes room is the oldest of the class that takes most: a rule that finds much
 * pushes out itself, and not the one finding of another rule. */

/** What is held. */
export interface Held {
  /** Grows with each that is added. */
  seq: number;
  /** The same for what comes again. */
  key: string;
  /** What makes room together. */
  class: string;
  size: number;
  /** When it came in, in Unix milliseconds. */
  at: number;
}

/** The last of those that have made room: all that came later is held. */
export type Lost = Pick<Held, 'seq' | 'at'>;

interface Class<T> {
  /** The oldest first; those before `from` have gone. */
  held: (T | undefined)[];
  from: number;
  bytes: number;
}

export class Ring<T extends Held> {
  readonly maxBytes: number;
  bytes = 0;
  /** Undefined where nothing has made room. */
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

  /** Adds one with a higher number than all before.
   * @returns those that have made room; undefined where it is here already, or is larger than all that is to be held */
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

  /** Those with a higher number, in order, until they have as many bytes. */
  after(seq: number, bytes: number): T[] {
    const found: T[] = [];
    let left = bytes;
    const take = (one: T) => {
      found.push(one);
      left -= one.size;
    };
    // Numbers have gaps where others have made room.
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
