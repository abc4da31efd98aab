/** What a slice of a batch reads and changes, before it is written to the server. */
import type { Change, Secret, Space, Store } from '../store.ts';
import type { Known } from './cache.ts';
import type { Item } from './script.ts';
import { ABSENT, type KeyNames, storedValue, ttlOf, write } from './stored.ts';

/** The latest time of the changes of each place, in Unix microseconds. */
const ages: Space = { name: 'ages', lifetime: null };

/** A key that the slice has asked for. */
export interface Slot {
  space: Space;
  /** Of its key on the server. */
  name: string;
  /** What was known of it; undefined if nothing was. */
  known: Known | undefined;
  /** Undefined if there is none. */
  value: unknown;
  /** Whether `value` is set: read from what was known, or changed in this run. */
  isRead: boolean;
  touched: number;
  change: 'none' | 'set' | 'drop';
}

/** One run over a slice: a further run has a view of its own. */
export class View implements Store {
  readonly secret: Secret;
  readonly #effects: (() => void)[] = [];
  readonly #names: KeyNames;
  readonly #known: (name: string) => Known | undefined;
  readonly #onUnusable: (name: string, space: Space, known: Known) => void;
  readonly #spaces = new Map<string, Map<string, Slot>>();

  /** @param known what is known of a value, by the name of its key
   * @param onUnusable is called for a key whose value is not one of Tripline's, which counts as absent */
  constructor({
    secret,
    names,
    known,
    onUnusable,
  }: {
    secret: Secret;
    names: KeyNames;
    known: (name: string) => Known | undefined;
    onUnusable: (name: string, space: Space, known: Known) => void;
  }) {
    this.secret = secret;
    this.#names = names;
    this.#known = known;
    this.#onUnusable = onUnusable;
  }

  load(space: Space, key: string, place = ''): unknown {
    const slot = this.#slotOf(space, key);
    if (!slot.isRead) this.#read(slot);
    if (space.lifetime !== null && this.#timeOf(place) - slot.touched > space.lifetime) slot.value = undefined;
    return slot.value;
  }

  commit({ space, key, value, place, at, advances = '' }: Change): void {
    if (advances !== '') this.#advance(advances, at);
    const slot = this.#slotOf(space, key);
    slot.value = value;
    slot.isRead = true;
    slot.touched = place === '' ? at : this.#advance(place, at);
    slot.change = 'set';
  }

  drop(space: Space, key: string): void {
    const slot = this.#slotOf(space, key);
    slot.value = undefined;
    slot.isRead = true;
    slot.change = 'drop';
  }

  /** Has something done once, when the changes are written, no matter how often the slice runs. */
  effect(act: () => void): void {
    this.#effects.push(act);
  }

  /** To be called when the changes are written. */
  settle(): void {
    for (const act of this.#effects) act();
  }

  /** Every key that was asked for. */
  slots(): Slot[] {
    return [...this.#spaces.values()].flatMap((slots) => [...slots.values()]);
  }

  /** The time by which the values of a place age. */
  #timeOf(place: string): number {
    const time = place === '' ? undefined : this.load(ages, place);
    return typeof time === 'number' ? time : Number.NEGATIVE_INFINITY;
  }

  /** @returns the time of the place afterwards */
  #advance(place: string, at: number): number {
    const time = this.#timeOf(place);
    if (at <= time) return time;
    this.commit({ space: ages, key: place, value: at, entries: 1, bytes: 0, place: '', at });
    return at;
  }

  #slotOf(space: Space, key: string): Slot {
    let slots = this.#spaces.get(space.name);
    if (slots === undefined) this.#spaces.set(space.name, (slots = new Map()));
    let slot = slots.get(key);
    if (slot === undefined) {
      const name = this.#names.of(space, key);
      const known = this.#known(name);
      slot = {
        space,
        name,
        known,
        value: undefined,
        isRead: false,
        touched: known?.touched ?? Number.NEGATIVE_INFINITY,
        change: 'none',
      };
      slots.set(key, slot);
    }
    return slot;
  }

  #read(slot: Slot): void {
    slot.isRead = true;
    const { known, name, space } = slot;
    if (known === undefined) return;
    const stored = known.live ?? storedValue(known);
    slot.value = space.isOwn?.(stored) === false ? undefined : stored;
    // It may be changed in place.
    known.live = undefined;
    if (slot.value === undefined) this.#onUnusable(name, space, known);
  }
}

/** What the server is to do with a key.
 * @param version of what is written */
export function itemOf({ space, name, known, value, touched, change }: Slot, version: string): Item {
  const common = { name, expected: known?.version ?? ABSENT, ttl: ttlOf(space), text: '' };
  switch (change) {
    case 'set':
      return { ...common, act: 'set', text: write(version, touched, value) };
    case 'drop':
      return { ...common, act: known === undefined ? 'read' : 'delete' };
    case 'none':
      // A value that is only read would reach the end of its TTL, though it never ages.
      return { ...common, act: known !== undefined && space.lifetime === null ? 'keep' : 'read' };
  }
}

/** The same for a key that is only to be compared. */
export function asRead({ name, known }: Slot): Item {
  return { name, expected: known?.version ?? ABSENT, act: 'read', ttl: 0, text: '' };
}
