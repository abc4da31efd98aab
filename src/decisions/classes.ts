/** Sorts the values of a member into classes: values that all items of the rules judge alike are one to the rules. */
import type { AuditEvent } from '../record.ts';
import type { FieldLookup, ProgramItem } from '../sigma/index.ts';
import { type Classed, type MemberLookup, memberLookup } from './guard.ts';
import { ItemScreen } from './item-screen.ts';

/** Classes that are remembered; beyond, they are numbered anew. */
const MOST_CLASSES = 16_384;

/** Makes the look-up of an event. */
export type FieldsOf = (event: AuditEvent) => FieldLookup;

export class Classes {
  readonly #find: MemberLookup;
  /** By field, of those that depend on the member alone. */
  readonly #screens: ReadonlyMap<string, ItemScreen>;
  readonly #ids = new Map<string, number>();

  /** @param sample an event with a usual value of the member */
  constructor(member: Classed, items: readonly ProgramItem[], sample: AuditEvent, fieldsOf: FieldsOf) {
    this.#find = memberLookup(member, fieldsOf);
    const names = new Set(items.map(({ field }) => field).filter((field) => this.#find(sample, field) !== undefined));
    const screenOf = (name: string) => new ItemScreen(items.filter(({ field }) => field === name));
    this.#screens = new Map([...names].map((name) => [name, screenOf(name)]));
  }

  /** Whether values of one class are the same to whatever a rule asks of the field in items. */
  covers(field: string): boolean {
    return this.#screens.has(field);
  }

  /** The number of the class of an event's value; the numbers of a class that was forgotten are not given again. Undefined
   * for a value that does not answer alone for all fields of the member.
   * @param facts whatever else is to be the same within a class */
  idOf(event: AuditEvent, facts: readonly unknown[]): number | undefined {
    const judged: unknown[] = [];
    for (const [field, screen] of this.#screens) {
      const found = this.#find(event, field);
      if (found === undefined) return undefined;
      judged.push(screen.judge(found));
    }
    const key = JSON.stringify([judged, facts]);
    let id = this.#ids.get(key);
    if (id === undefined) {
      if (this.#ids.size === MOST_CLASSES) this.#ids.clear();
      this.#ids.set(key, (id = nextId()));
    }
    return id;
  }
}

let ids = 0;

/** A number that stands for one value, or one class of values, and was given to no other before. */
export function nextId(): number {
  return ++ids;
}
